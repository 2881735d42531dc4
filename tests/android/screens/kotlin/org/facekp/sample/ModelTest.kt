package org.facekp.sample

import android.app.Activity
import android.content.ContentProvider
import android.content.ContentValues
import android.content.Intent
import android.database.Cursor
import android.database.MatrixCursor
import android.net.Uri
import android.os.Build
import android.os.Looper
import android.view.View
import android.widget.Spinner
import java.io.InputStream
import org.facekp.Processor
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** The screen that chooses a model and what computes it. */
@RunWith(SampleRunner::class)
@Config(sdk = [35])
open class ModelTest {
    private val app get() = RuntimeEnvironment.getApplication()

    @Test
    fun everyBundledModelOpensAndIsKept() = onScreen { activity ->
        for ((number, model) in Choices(app).models.withIndex()) {
            activity.findViewById<Spinner>(R.id.model).setSelection(number)
            await(model.title) { Choices(app).now.model == model && "Computed by: CPU, 1 thread" in activity.text(R.id.result) }
        }
    }

    @Test
    fun threadsAreKeptAndTold() = onScreen { activity ->
        activity.opened()
        activity.findViewById<Spinner>(R.id.threads).setSelection(1)
        await("two threads") { "CPU, 2 threads" in activity.text(R.id.result) }
        assertEquals(2, Choices(app).now.options.threads)
    }

    @Test
    fun whatCannotComputeLeavesItToTheCpuAndSaysSo() = onScreen { activity ->
        activity.opened()
        activity.findViewById<Spinner>(R.id.processor).setSelection(Processor.GPU.ordinal)
        await("the CPU in place of the GPU") { "the CPU computes, as the GPU cannot" in activity.text(R.id.result) }
        assertEquals(Processor.GPU, Choices(app).now.options.processor)
    }

    @Test
    fun nothingInTheLogIsNoProof() = onScreen { activity ->
        activity.opened()
        activity.findViewById<Spinner>(R.id.processor).setSelection(Processor.NNAPI.ordinal)
        await("what computed") { "NNAPI" in activity.text(R.id.result) }
        val said = activity.text(R.id.result)
        assertTrue(said, activity.getString(R.string.ran_unproven, "NNAPI") in said || "as the NNAPI cannot" in said)
        // It came with Android 8.1.
        if (Build.VERSION.SDK_INT < 27) assertTrue(said, "as the NNAPI cannot: Android ${Build.VERSION.RELEASE} has none" in said)
        assertTrue("deprecated" in activity.resources.getStringArray(R.array.processors)[Processor.NNAPI.ordinal])
    }

    @Test
    fun aFileIsAModelLikeAnother() {
        onScreen { activity ->
            activity.opened()
            val asset = BundledModels.of(app.assets).models[1].asset
            pick(activity, "mine.tflite") { app.assets.open(asset) }
            await("the file") { Choices(app).now.model.isFile }
            assertTrue("int8" in activity.text(R.id.result))
            assertEquals("mine.tflite", activity.findViewById<Spinner>(R.id.model).selectedItem.toString())
        }
        Robolectric.buildActivity(MainActivity::class.java).use { controller ->
            val said = controller.setup().get().answered()
            assertTrue(said, "mine.tflite" in said && said.startsWith("1 face"))
        }
    }

    /** A provider may ask a computer far away. */
    @Test
    fun aFilesNameIsAskedForBesideTheMainThread() = onScreen { activity ->
        activity.opened()
        Robolectric.setupContentProvider(NamedFiles::class.java, "named")
        val uri = Uri.parse("content://named/1")
        shadowOf(app.contentResolver).registerInputStreamSupplier(uri) { app.assets.open(Choices(app).models[0].place) }
        activity.findViewById<View>(R.id.choose).performClick()
        val asked = shadowOf(activity).nextStartedActivityForResult.intent
        shadowOf(activity).receiveResult(asked, Activity.RESULT_OK, Intent().setData(uri))
        await("the file") { Choices(app).now.model == ChosenModel("far away.tflite", uri.toString()) }
        assertFalse("the main thread waits for another app", NamedFiles.onMain)
    }

    @Test
    fun whatIsNoModelIsRefusedAndTheOneBeforeStays() = onScreen { activity ->
        activity.opened()
        val before = Choices(app).now
        val whole = app.assets.open(before.model.place).use { it.readBytes() }
        val unnamed = String(whole, Charsets.ISO_8859_1).replace("facekp", "fAcekp").toByteArray(Charsets.ISO_8859_1)
        val refused = mapOf<String, Pair<String, () -> InputStream>>(
            "empty" to ("is empty" to { ByteArray(0).inputStream() }),
            "text" to ("not a TFLite file" to { "no model at all".byteInputStream() }),
            "onnx" to ("looks like an ONNX file" to { byteArrayOf(8, 8, 18, 7, 112, 121, 116, 111, 114, 99, 104).inputStream() }),
            "half" to ("damaged" to { whole.copyOf(whole.size / 2).inputStream() }),
            "unnamed" to ("no facekp metadata" to { unnamed.inputStream() }),
            "gone" to ("cannot be read" to { throw java.io.FileNotFoundException("it was deleted") }),
            "revoked" to ("was taken back" to { throw SecurityException("no access any more") }),
            "failing" to ("cannot be read" to { throw IllegalStateException("the other app's database is closed") }),
        )
        for ((name, case) in refused) {
            pick(activity, name, case.second)
            await(name) { activity.text(R.id.result).startsWith("$name cannot be used: ") }
            val said = activity.text(R.id.result)
            assertTrue(said, case.first in said && "content:" !in said)
            assertEquals(before, Choices(app).now)
        }
    }

    @Test
    fun withoutAFilePickerItIsSaid() = onScreen { activity ->
        activity.opened()
        shadowOf(app).checkActivities(true)
        activity.findViewById<View>(R.id.choose).performClick()
        assertEquals(activity.getString(R.string.no_files), activity.text(R.id.result))
    }

    private fun onScreen(body: (ModelActivity) -> Unit) {
        Robolectric.buildActivity(ModelActivity::class.java).use { body(it.setup().get()) }
    }

    private fun ModelActivity.opened() = await("the model") { "Computed by" in text(R.id.result) }

    private fun pick(activity: ModelActivity, name: String, open: () -> InputStream) {
        val uri = Uri.parse("content://files/$name")
        shadowOf(app.contentResolver).registerInputStreamSupplier(uri) { open() }
        activity.findViewById<View>(R.id.choose).performClick()
        val asked = shadowOf(activity).nextStartedActivityForResult.intent
        shadowOf(activity).receiveResult(asked, Activity.RESULT_OK, Intent().setData(uri))
    }
}

/** Tells a file's name, and on which thread it was asked. */
class NamedFiles : ContentProvider() {
    override fun onCreate() = true

    override fun query(uri: Uri, projection: Array<String>?, s: String?, a: Array<String>?, o: String?): Cursor {
        onMain = Looper.myLooper() == Looper.getMainLooper()
        return MatrixCursor(projection).apply { addRow(arrayOf("far away.tflite")) }
    }

    override fun getType(uri: Uri): String? = null

    override fun insert(uri: Uri, values: ContentValues?): Uri? = null

    override fun update(uri: Uri, values: ContentValues?, s: String?, a: Array<String>?) = 0

    override fun delete(uri: Uri, s: String?, a: Array<String>?) = 0

    companion object {
        @Volatile
        var onMain = false
    }
}

/** The same on Android 14. */
@Config(sdk = [34])
class ModelOn34Test : ModelTest()

/** The same on Android 7, with the graphics that Robolectric has for it. */
@GraphicsMode(GraphicsMode.Mode.LEGACY)
@Config(sdk = [24])
class ModelOn24Test : ModelTest()
