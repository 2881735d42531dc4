package org.facekp.sample.camera

import android.Manifest
import android.app.Activity
import android.content.pm.PackageManager
import android.hardware.camera2.CameraMetadata.LENS_FACING_BACK
import android.hardware.camera2.CameraMetadata.LENS_FACING_FRONT
import android.view.View
import org.facekp.sample.R
import org.facekp.sample.await
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** The camera screen on a phone with two cameras, of which nothing may be left after a test. */
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(
    sdk = [35], qualifiers = "w360dp-h640dp-port",
    shadows = [TestCameras::class, TestSession::class, TestReader::class, TestSurface::class, TestTexture::class],
)
abstract class CameraScreen {
    internal val app get() = RuntimeEnvironment.getApplication()
    internal val frames = ArrayList<TestImage>()

    @Before
    fun bothCameras() {
        TestCameras.fault = null
        TestSession.thrown = null
        addCamera("0", LENS_FACING_BACK, 90)
        addCamera("1", LENS_FACING_FRONT, 270)
        shadowOf(app).grantPermissions(Manifest.permission.CAMERA)
    }

    @After
    fun nothingIsLeft() {
        await("the end of all threads") { Thread.getAllStackTraces().keys.none { it.name in setOf("camera", "keypoints") } }
        assertEquals(0, TestCameras.open)
        assertTrue(frames.all { it.closed })
    }

    internal fun onScreen(body: (ActivityController<CameraActivity>) -> Unit) {
        TestCameras.last = null
        Robolectric.buildActivity(CameraActivity::class.java).use { body(it.setup()) }
        await("a free camera") { TestCameras.open == 0 }
    }

    internal fun give(rotation: Int, failure: Error? = null) {
        val scene = if (rotation % 180 == 0) TestImage.scene(640, 480) else TestImage.scene(480, 640)
        val image = TestImage(scene, rotation, 1_000_000_000L + 33_000_000L * frames.size, failure)
        frames += image
        TestReader.last.give(image)
    }

    internal fun press(activity: Activity, id: Int, times: Int) = repeat(times) {
        val before = TestReader.last
        activity.findViewById<View>(id).performClick()
        (activity as CameraActivity).previewed()
        await("another camera") { TestReader.last !== before && TestCameras.open == 1 }
    }

    internal fun problem(activity: Activity) = activity.findViewById<View>(R.id.problem).visibility == View.VISIBLE

    internal fun asked(activity: Activity): List<String>? {
        val request = shadowOf(activity).lastRequestedPermission ?: return null
        return request.requestedPermissions.toList()
    }

    internal fun answer(activity: CameraActivity, result: Int) =
        activity.onRequestPermissionsResult(1, arrayOf(Manifest.permission.CAMERA), intArrayOf(result))
}
