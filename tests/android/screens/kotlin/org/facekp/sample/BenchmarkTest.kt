package org.facekp.sample

import android.content.Intent
import android.net.Uri
import android.view.View
import android.widget.Spinner
import java.io.File
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** The Benchmark screen; what it shares is read by Python. */
@RunWith(SampleRunner::class)
@Config(sdk = [35])
class BenchmarkTest {
    @Test
    fun whatWasMeasuredIsShared() = onScreen { activity ->
        activity.press(R.id.start)
        await("a result") { "p50" in activity.text(R.id.result) }
        activity.press(R.id.share)
        val chooser = shadowOf(activity).nextStartedActivity
        @Suppress("DEPRECATION")
        val shared = chooser.getParcelableExtra<Intent>(Intent.EXTRA_INTENT)!!
        val text = shared.getStringExtra(Intent.EXTRA_TEXT)!!
        File(System.getProperty("facekp.shared")!!).writeText(text)
        // Android hands over half a megabyte at most, and fast models make thousands of samples.
        assertFalse(text, '\n' in text)
        assertFalse(File(RuntimeEnvironment.getApplication().cacheDir, "benchmark").exists())
    }

    /** The model that all screens compute with is offered first, and what went away meanwhile is said. */
    @Test
    fun aFileIsMeasuredLikeAnother() {
        val app = RuntimeEnvironment.getApplication()
        val asset = BundledModels.of(app.assets).models[1]
        val uri = Uri.parse("content://files/mine.tflite")
        val choices = Choices(app)
        choices.now = choices.now.copy(model = ChosenModel("mine.tflite", uri.toString()))
        var gone = false
        shadowOf(app.contentResolver).registerInputStreamSupplier(uri) {
            if (gone) throw SecurityException("no access any more") else app.assets.open(asset.asset)
        }
        onScreen { activity ->
            assertEquals("mine.tflite", activity.findViewById<Spinner>(R.id.model).selectedItem.toString())
            activity.press(R.id.start)
            await("a result") { "p50" in activity.text(R.id.result) }
            activity.press(R.id.share)
            @Suppress("DEPRECATION")
            val shared = shadowOf(activity).nextStartedActivity.getParcelableExtra<Intent>(Intent.EXTRA_INTENT)!!
            val record = JSONObject(shared.getStringExtra(Intent.EXTRA_TEXT)!!).getJSONArray("records").getJSONObject(0)
            assertEquals(listOf("mine.tflite", asset.sha256), listOf("model", "sha256").map(record::getString))
            gone = true
            activity.press(R.id.start)
            await("a refusal") { activity.getString(R.string.model_gone, "mine.tflite") in activity.text(R.id.result) }
        }
    }

    @Test
    fun itCanBeCancelled() = onScreen { activity ->
        activity.press(R.id.start)
        activity.press(R.id.start)
        await("the end") { activity.text(R.id.result) == activity.getString(R.string.benchmark_cancelled) }
        assertEquals(activity.getString(R.string.start), activity.text(R.id.start))
        assertFalse(activity.findViewById<View>(R.id.share).isEnabled)
    }

    @Test
    fun aPhoneWithoutAGpuSaysSo() = onScreen { activity ->
        activity.findViewById<Spinner>(R.id.processor).setSelection(1)
        activity.press(R.id.start)
        await("a refusal") { "no gpu delegate" in activity.text(R.id.result) }
    }

    @Test
    fun theLogIsReadByTheToolkitsRule() {
        val gpu = "Replacing 97 out of 97 node(s) with delegate (TfLiteGpuDelegateV2) node, yielding 1 partitions."
        assertNull(DelegateLog.nodes(gpu, "gpu"))
        val proof = "Initialized OpenCL-based API.\nCreated 1 GPU delegate kernels."
        assertEquals(97 to 97, DelegateLog.nodes("$gpu\n$proof", "gpu"))
        assertNull(DelegateLog.nodes("$gpu\n$proof", "nnapi"))
        val parts = "Replacing 3 out of 9 node(s) with delegate (TfLiteNnapiDelegate) node\n"
        assertEquals(6 to 9, DelegateLog.nodes(parts + parts, "nnapi"))
        // What was logged of a model before is not of this one.
        assertNull(DelegateLog.nodes(DelegateLog.after("$gpu\n$proof\nmark 2", "mark 2"), "gpu"))
        assertEquals(97 to 97, DelegateLog.nodes(DelegateLog.after("$gpu\n$proof\nmark 2\n$gpu\n$proof", "mark 2"), "gpu"))
        assertEquals("", DelegateLog.after("$gpu\n$proof", "mark 2"))
    }

    private fun onScreen(body: (BenchmarkActivity) -> Unit) {
        Robolectric.buildActivity(BenchmarkActivity::class.java).use { body(it.setup().get()) }
    }

    private fun BenchmarkActivity.press(id: Int) = assertTrue(findViewById<View>(id).performClick())
}
