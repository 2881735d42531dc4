package org.facekp.sample

import android.app.Activity
import android.content.Intent
import android.net.Uri
import android.view.View
import java.io.ByteArrayOutputStream
import java.io.FileNotFoundException
import java.io.InputStream
import java.util.concurrent.CountDownLatch
import kotlin.concurrent.thread
import org.facekp.Options
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.robolectric.util.ReflectionHelpers

/** What comes at once, or in another order than one would have it. */
@RunWith(SampleRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35])
class OrderTest {
    private val app get() = RuntimeEnvironment.getApplication()
    private val tall = Uri.parse("content://pictures/tall")

    /** The first of two cannot be read, which is known when the second was chosen already. */
    @Test
    fun ofTwoPicturesTheOneThatIsShownIsKept() {
        Robolectric.buildActivity(MainActivity::class.java).use { controller ->
            val activity = controller.setup().get()
            activity.answered()
            pick(activity, Uri.parse("content://pictures/gone")) { throw FileNotFoundException("it was deleted") }
            pick(activity, tall) { app.assets.open("demo/astronaut.png") }
            await("the second") { activity.text(R.id.status).startsWith("1 face") }
            assertEquals(tall.toString(), controller.saved())
        }
    }

    @Test
    fun aPlaceThatWasChosenForOnePictureGetsNoOther() {
        val written = ByteArrayOutputStream()
        val target = Uri.parse("content://documents/new")
        shadowOf(app.contentResolver).registerOutputStream(target, written)
        Robolectric.buildActivity(MainActivity::class.java).use { controller ->
            val activity = controller.setup().get()
            shadowOf(activity).clickMenuItem(R.id.save)
            val asked = shadowOf(activity).nextStartedActivityForResult.intent
            shadowOf(activity).receiveResult(asked, Activity.RESULT_OK, Intent().setData(target))
            pick(activity, tall) { app.assets.open("demo/astronaut.png") }
            await("the other") { activity.text(R.id.status).startsWith("1 face") }
            assertEquals(0, written.size())
        }
    }

    /** The one before may go on for a moment after it was cancelled. */
    @Test
    fun ofTwoMeasurementsTheSecondWaitsForTheFirst() {
        val (inside, on) = List(2) { CountDownLatch(1) }
        val model = Choices(app).models[0]
        val first = Benchmark(app, model, "cpu", 1)
        val one = thread { first.run { inside.countDown(); on.await() } }
        inside.await()
        var began = false
        val second = Benchmark(app, model, "cpu", 1)
        val two = thread { second.run { began = true } }
        two.join(5_000)
        val both = began
        first.cancel()
        on.countDown()
        listOf(one, two).forEach { it.join(60_000) }
        assertFalse("both measured at once", both)
        assertTrue("the second never measured", began)
    }

    @Test
    fun aPhoneThatIsTurnedMeasuresOn() {
        for (screen in listOf(RunnerActivity::class.java, BenchmarkActivity::class.java)) {
            RuntimeEnvironment.setQualifiers("w360dp-h640dp-port-notnight")
            Robolectric.buildActivity(screen).use { controller ->
                val activity = controller.setup().get()
                RuntimeEnvironment.setQualifiers("w640dp-h360dp-land-night")
                controller.configurationChange()
                assertSame(screen.name, activity, controller.get())
            }
        }
    }

    /** A driver may fail after many frames: what was said of the first is not true any more. */
    @Test
    fun aProcessorThatFailsLaterIsSaid() {
        val choice = Choices(app).now.copy(options = Options(2))
        OpenModel(app, choice).use { model ->
            assertEquals("CPU, 2 threads", model.ran)
            val engine = ReflectionHelpers.getField<Any>(model.detector, "engine")
            ReflectionHelpers.setField(engine, "fallback", "the CPU computes, as the GPU cannot: it is gone")
            assertTrue(model.ran, "as the GPU cannot" in model.ran)
        }
    }

    private fun pick(activity: MainActivity, uri: Uri, open: () -> InputStream) {
        shadowOf(app.contentResolver).registerInputStreamSupplier(uri) { open() }
        activity.findViewById<View>(R.id.choose).performClick()
        val asked = shadowOf(activity).nextStartedActivityForResult.intent
        shadowOf(activity).receiveResult(asked, Activity.RESULT_OK, Intent().setData(uri))
    }

    private fun org.robolectric.android.controller.ActivityController<MainActivity>.saved(): String? =
        android.os.Bundle().also(::saveInstanceState).getString("photo")
}
