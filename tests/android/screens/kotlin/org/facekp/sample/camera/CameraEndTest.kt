package org.facekp.sample.camera

import android.graphics.SurfaceTexture
import android.os.Looper
import android.util.Size
import android.view.Surface
import android.view.TextureView
import android.view.View
import java.util.concurrent.CountDownLatch
import org.facekp.sample.R
import org.facekp.sample.SampleRunner
import org.facekp.sample.await
import org.facekp.sample.text
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadow.api.Shadow

/** A phone closes a camera in its own time: until then it writes into the surfaces, and no other may have them. */
@RunWith(SampleRunner::class)
@Config(sdk = [35])
class CameraEndTest : CameraScreen() {
    @Test
    fun surfacesStayUntilTheCameraIsClosed() = onScreen { controller ->
        val activity = controller.get()
        val texture = activity.previewed()
        await("an open camera") { TestCameras.open == 1 }
        val reader = TestReader.last
        busy(reader) {
            controller.pause().stop()
            assertFalse(destroyed(activity, texture))
            stays { TestCameras.open == 1 && !reader.closed && !released(texture) }
        }
        await("the end of all") { TestCameras.open == 0 && reader.closed && released(texture) }
    }

    /** Of another camera the same is true: nothing is taken from it that the new one does not need. */
    @Test
    fun theNextCameraWaitsForTheOneBefore() = onScreen { controller ->
        val activity = controller.get()
        activity.previewed()
        await("the front camera") { TestCameras.open == 1 && TestCameras.device?.id == "1" }
        busy(TestReader.last) {
            activity.findViewById<View>(R.id.switch_camera).performClick()
            activity.previewed()
            stays { TestCameras.device?.id == "1" }
        }
        await("the back camera") { TestCameras.open == 1 && TestCameras.device?.id == "0" }
    }

    @Test
    fun aTextureThatNoCameraHadIsNotKept() = onScreen { controller ->
        assertTrue(destroyed(controller.get(), Shadow.newInstanceOf(SurfaceTexture::class.java)))
    }

    /** As Android tells it where the preview's surface went between session and request. */
    @Test
    fun aSessionThatCannotStreamSaysSo() {
        for (thrown in listOf(IllegalArgumentException("surface was abandoned"), IllegalStateException("closed"))) {
            TestSession.thrown = thrown
            onScreen { controller ->
                controller.get().previewed()
                await("a sentence for $thrown") { problem(controller.get()) }
            }
        }
    }

    @Test
    fun withoutMemoryForAFrameItIsSaid() = onScreen { controller ->
        val activity = controller.get()
        activity.previewed()
        await("an open camera") { TestCameras.open == 1 }
        give(270, OutOfMemoryError("no room"))
        await("a sentence") { problem(activity) }
        assertTrue(activity.text(R.id.sentence), activity.getString(R.string.no_memory) in activity.text(R.id.sentence))
    }

    /** What was seen before the screen was turned lies elsewhere on it. */
    @Test
    fun aFrameFromBeforeATurnIsNotDrawn() = onScreen { controller ->
        val activity = controller.get()
        activity.previewed()
        await("an open camera") { TestCameras.open == 1 }
        give(270)
        // The main thread does not go on meanwhile.
        val end = System.nanoTime() + 60_000_000_000L
        while (frames.any { !it.closed } && System.nanoTime() < end) Thread.sleep(20)
        @Suppress("DEPRECATION")
        shadowOf(activity.windowManager.defaultDisplay).setRotation(Surface.ROTATION_180)
        activity.onDisplayChanged(0)
        shadowOf(Looper.getMainLooper()).idle()
        assertEquals(activity.getString(R.string.camera_opening), activity.text(R.id.figures))
    }

    /** As after a permission was given, when the panel below takes room from the preview. */
    @Test
    fun aPreviewThatChangesItsSizeShowsTheSameFrames() = onScreen { controller ->
        val texture = controller.get().previewed()
        val seen = Shadow.extract<TestTexture>(texture)
        assertEquals(Size(640, 480), seen.size)
        texture.setDefaultBufferSize(360, 400) // which Android does first
        listener(controller.get()).onSurfaceTextureSizeChanged(texture, 360, 400)
        assertEquals(Size(640, 480), seen.size)
    }

    /** Keeps the camera's thread from closing it meanwhile. */
    private fun busy(reader: TestReader, meanwhile: () -> Unit) {
        val latch = CountDownLatch(1)
        reader.handler.post { latch.await() }
        try {
            meanwhile()
        } finally {
            latch.countDown()
        }
    }

    private fun listener(activity: CameraActivity) = activity.findViewById<TextureView>(R.id.preview).surfaceTextureListener!!

    private fun destroyed(activity: CameraActivity, texture: SurfaceTexture) = listener(activity).onSurfaceTextureDestroyed(texture)

    private fun released(texture: SurfaceTexture) = Shadow.extract<TestTexture>(texture).released

    private fun stays(holds: () -> Boolean) = repeat(20) {
        shadowOf(Looper.getMainLooper()).idle()
        assertTrue(holds())
        Thread.sleep(20)
    }
}
