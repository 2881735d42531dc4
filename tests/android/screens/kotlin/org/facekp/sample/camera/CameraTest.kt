package org.facekp.sample.camera

import android.Manifest
import android.content.pm.PackageManager
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraMetadata.LENS_FACING_EXTERNAL
import android.net.Uri
import android.os.Build
import android.provider.Settings
import android.view.View
import org.facekp.sample.Choices
import org.facekp.sample.ChosenModel
import org.facekp.sample.ModelActivity
import org.facekp.sample.R
import org.facekp.sample.SampleRunner
import org.facekp.sample.await
import org.facekp.sample.text
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** The camera screen, with cameras and permissions as phones have them. */
@RunWith(SampleRunner::class)
@Config(sdk = [35])
open class CameraTest : CameraScreen() {
    @Test
    fun aFaceIsFollowedAndTheFiguresAreTold() = onScreen { controller ->
        val activity = controller.get()
        activity.previewed()
        await("an open camera") { TestCameras.open == 1 }
        repeat(3) {
            give(270)
            await("frame $it") { frames.all { frame -> frame.closed } }
        }
        await("figures") { give(270).let { "inference: p50" in activity.text(R.id.figures) } }
        val said = activity.text(R.id.figures)
        val heat = if (Build.VERSION.SDK_INT < 29) "this Android does not tell" else "throttling by heat: none"
        for (part in listOf("whole frame: p50", "frames per second", "dropped", heat, "CPU, 1 thread")) {
            assertTrue(said, part in said)
        }
    }

    @Test
    fun thePermissionIsAskedForOnce() {
        shadowOf(app).denyPermissions(Manifest.permission.CAMERA)
        onScreen { controller ->
            val activity = controller.get()
            assertEquals(listOf(Manifest.permission.CAMERA), asked(activity))
            assertEquals(activity.getString(R.string.camera_not_allowed), activity.text(R.id.sentence))
            // What is of no use without a camera is not there.
            for (id in listOf(R.id.switch_camera, R.id.panel)) assertFalse(activity.findViewById<View>(id).isShown)
            assertNull(asked(controller.recreate().get()))
        }
    }

    @Test
    fun refusedItIsAskedForAgainAndForGoodItLeadsToTheSettings() {
        shadowOf(app).denyPermissions(Manifest.permission.CAMERA)
        onScreen { controller ->
            val activity = controller.get()
            shadowOf(app.packageManager).setShouldShowRequestPermissionRationale(Manifest.permission.CAMERA, true)
            answer(activity, PackageManager.PERMISSION_DENIED)
            assertEquals(activity.getString(R.string.camera_not_allowed), activity.text(R.id.sentence))
            activity.findViewById<View>(R.id.remedy).performClick()
            assertNotNull(asked(activity))
            shadowOf(app.packageManager).setShouldShowRequestPermissionRationale(Manifest.permission.CAMERA, false)
            answer(activity, PackageManager.PERMISSION_DENIED)
            assertEquals(activity.getString(R.string.camera_refused), activity.text(R.id.sentence))
            activity.findViewById<View>(R.id.remedy).performClick()
            assertEquals(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, shadowOf(activity).nextStartedActivity.action)
            controller.pause().stop()
            shadowOf(app).grantPermissions(Manifest.permission.CAMERA)
            controller.restart().resume()
            assertFalse(problem(activity))
            activity.previewed()
            await("an open camera") { TestCameras.open == 1 }
        }
    }

    @Test
    fun anInterruptedQuestionIsNoRefusal() {
        shadowOf(app).denyPermissions(Manifest.permission.CAMERA)
        onScreen { controller ->
            controller.get().onRequestPermissionsResult(1, emptyArray(), intArrayOf())
            assertEquals(app.getString(R.string.camera_not_allowed), controller.get().text(R.id.sentence))
        }
    }

    @Test
    fun whatCannotBeOpenedSaysWhyAndTryingAgainHelps() {
        val code = { number: Int -> Fault(code = number) }
        val faults = listOf(
            TestCameras.denied(CameraAccessException.CAMERA_IN_USE) to R.string.camera_busy,
            code(CameraDevice.StateCallback.ERROR_CAMERA_IN_USE) to R.string.camera_busy,
            TestCameras.denied(CameraAccessException.MAX_CAMERAS_IN_USE) to R.string.camera_busy,
            code(CameraDevice.StateCallback.ERROR_MAX_CAMERAS_IN_USE) to R.string.camera_busy,
            TestCameras.denied(CameraAccessException.CAMERA_DISABLED) to R.string.camera_disabled,
            code(CameraDevice.StateCallback.ERROR_CAMERA_DISABLED) to R.string.camera_disabled,
            TestCameras.denied(CameraAccessException.CAMERA_DISCONNECTED) to R.string.camera_gone,
            Fault(IllegalArgumentException("no camera 1")) to R.string.camera_gone,
            TestCameras.denied(CameraAccessException.CAMERA_ERROR) to R.string.camera_broken,
            code(CameraDevice.StateCallback.ERROR_CAMERA_DEVICE) to R.string.camera_broken,
            Fault(SecurityException("taken back")) to R.string.camera_not_allowed,
        )
        for ((fault, sentence) in faults) {
            TestCameras.fault = fault
            onScreen { controller ->
                val activity = controller.get()
                activity.previewed()
                await(activity.getString(sentence)) { problem(activity) }
                assertEquals(activity.getString(sentence), activity.text(R.id.sentence))
                assertEquals("", activity.text(R.id.figures))
                assertTrue(activity.findViewById<View>(R.id.switch_camera).isShown)
                if (sentence == R.string.camera_not_allowed) return@onScreen
                TestCameras.fault = null
                activity.findViewById<View>(R.id.remedy).performClick()
                assertFalse(problem(activity))
                activity.previewed()
                await("an open camera") { TestCameras.open == 1 }
            }
        }
    }

    @Test
    fun aPhoneWithoutCamerasSaysSo() {
        cameras().removeCamera("0")
        cameras().removeCamera("1")
        onScreen { controller ->
            assertEquals(app.getString(R.string.camera_absent), controller.get().text(R.id.sentence))
            controller.get().findViewById<View>(R.id.remedy).performClick()
            assertTrue(controller.get().isFinishing)
        }
    }

    @Test
    fun unpluggedInMidStreamItSaysSoAndAnotherCameraIsTaken() = onScreen { controller ->
        val activity = controller.get()
        addCamera("usb", LENS_FACING_EXTERNAL, 0)
        controller.pause().stop().restart().resume()
        activity.previewed()
        await("an open camera") { TestCameras.open == 1 }
        press(activity, R.id.switch_camera, 2)
        await("the plugged in one") { TestCameras.open == 1 && TestCameras.device?.id == "usb" }
        give(0)
        cameras().removeCamera("usb")
        cameras().triggerDisconnect()
        await("a sentence") { problem(activity) }
        assertEquals(activity.getString(R.string.camera_gone), activity.text(R.id.sentence))
        activity.findViewById<View>(R.id.remedy).performClick()
        activity.previewed()
        await("the front camera") { TestCameras.open == 1 && TestCameras.device?.id == "1" }
    }

    @Test
    fun theCameraIsGivenBackWhenTheScreenIsLeft() = onScreen { controller ->
        controller.get().previewed()
        await("an open camera") { TestCameras.open == 1 }
        give(270)
        val reader = TestReader.last
        controller.pause().stop()
        await("a free camera") { TestCameras.open == 0 && reader.closed }
        controller.restart().resume()
        controller.get().previewed()
        await("an open camera again") { TestCameras.open == 1 }
    }

    @Test
    fun aCameraThatOpensTooLateIsClosed() {
        TestCameras.fault = Fault()
        lateinit var late: CameraDevice.StateCallback
        onScreen { controller ->
            controller.get().previewed()
            await("the call") { TestCameras.last != null }
            late = TestCameras.last!!
            controller.pause().stop()
            TestCameras.fault = null
            cameras().openCamera("0", late, TestCameras.asking)
            await("its end") { TestCameras.device?.let(TestCameras::isClosed) == true }
        }
    }

    @Test
    fun theChosenCameraStaysWhenThePhoneIsTurned() = onScreen { controller ->
        controller.get().previewed()
        await("the front camera") { TestCameras.open == 1 && TestCameras.device?.id == "1" }
        press(controller.get(), R.id.switch_camera, 1)
        await("the back camera") { TestCameras.open == 1 && TestCameras.device?.id == "0" }
        RuntimeEnvironment.setQualifiers("w640dp-h360dp-land")
        val again = controller.recreate().get()
        again.previewed()
        await("the back camera again") { TestCameras.open == 1 && TestCameras.device?.id == "0" }
    }

    @Test
    fun aModelThatIsGoneSaysSoAndAnotherCanBeChosen() {
        val choices = Choices(app)
        choices.now = choices.now.copy(model = ChosenModel("mine.tflite", "content://files/mine"))
        shadowOf(app.contentResolver).registerInputStreamSupplier(Uri.parse("content://files/mine")) {
            throw SecurityException("no access any more")
        }
        onScreen { controller ->
            controller.get().previewed()
            await("an open camera") { TestCameras.open == 1 }
            give(270)
            await("a sentence") { problem(controller.get()) }
            assertTrue("mine.tflite" in controller.get().text(R.id.sentence))
            controller.get().findViewById<View>(R.id.remedy).performClick()
            assertEquals(ModelActivity::class.java.name, shadowOf(controller.get()).nextStartedActivity.component?.className)
        }
    }
}

/** The same on Android 14; for 7, Robolectric has no session that streams. */
@Config(sdk = [34])
class CameraOn34Test : CameraTest()
