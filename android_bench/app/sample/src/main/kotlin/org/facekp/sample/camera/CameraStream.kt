package org.facekp.sample.camera

import android.annotation.SuppressLint
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.os.Handler
import android.os.HandlerThread
import android.view.Surface
import java.util.concurrent.Semaphore
import java.util.concurrent.TimeUnit

/**
 * An open camera that streams into surfaces until [close], which may come at any time, before it has opened too.
 *
 * The app has one at a time: until the one before is closed, the next cannot have the same preview.
 *
 * @param failed told on the camera's own thread, once, and never after [close].
 */
internal class CameraStream(
    private val manager: CameraManager,
    private val camera: Camera,
    private val surfaces: List<Surface>,
    private val failed: (CameraProblem) -> Unit,
) {
    private val thread = HandlerThread("camera").apply { start() }

    /** Of the camera's own thread. */
    val handler = Handler(thread.looper)
    private var device: CameraDevice? = null
    private var opening = false
    private var alone = false
    private var ended = false
    private val then = ArrayList<() -> Unit>()

    @Volatile
    private var over = false

    /** Opens it; to be called once. */
    fun open() {
        handler.post(::connect)
    }

    /** Gives the camera back. */
    fun close() {
        over = true
        handler.post {
            device?.close()
            // A camera that is still opening would stay open with nobody to close it: its answer is waited for.
            if (device == null && !opening) end()
        }
    }

    /** Does something once no camera writes into the surfaces any more, after [close]. */
    fun afterwards(action: () -> Unit) {
        if (!handler.post { if (ended) action() else then += action }) action()
    }

    private fun end() {
        if (ended) return
        ended = true
        if (alone) ONE.release()
        then.forEach { it() }
        thread.quitSafely()
    }

    @SuppressLint("MissingPermission") // taken back meanwhile: a SecurityException
    private fun connect() {
        alone = ONE.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)
        if (over) return
        try {
            opening = true
            manager.openCamera(camera.id, state, handler)
        } catch (error: CameraAccessException) {
            refused(CameraProblem.of(error))
        } catch (_: SecurityException) {
            refused(CameraProblem.NOT_ALLOWED)
        } catch (_: IllegalArgumentException) { // unplugged since it was listed
            refused(CameraProblem.GONE)
        }
    }

    private fun refused(problem: CameraProblem) {
        opening = false
        fail(problem)
    }

    private fun fail(problem: CameraProblem) {
        if (!over) failed(problem)
        over = true
    }

    private val state = object : CameraDevice.StateCallback() {
        override fun onOpened(camera: CameraDevice) {
            opening = false
            device = camera
            if (over) camera.close() else start(camera)
        }

        override fun onDisconnected(camera: CameraDevice) = lost(camera, CameraProblem.GONE)

        override fun onError(camera: CameraDevice, error: Int) = lost(camera, CameraProblem.of(error))

        override fun onClosed(camera: CameraDevice) = end()
    }

    private fun lost(camera: CameraDevice, problem: CameraProblem) {
        opening = false
        device = camera
        fail(problem)
        camera.close()
    }

    private fun start(camera: CameraDevice) {
        try {
            @Suppress("DEPRECATION") // what replaces it is Android 9's
            camera.createCaptureSession(surfaces, session, handler)
        } catch (error: CameraAccessException) {
            lost(camera, CameraProblem.of(error))
        } catch (_: IllegalStateException) { // it was closed meanwhile
            lost(camera, CameraProblem.GONE)
        } catch (_: IllegalArgumentException) { // the preview's surface is gone: the screen is about to close
            lost(camera, CameraProblem.BROKEN)
        }
    }

    private val session = object : CameraCaptureSession.StateCallback() {
        override fun onConfigured(session: CameraCaptureSession) {
            val camera = session.device
            if (over) return
            try {
                val request = camera.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW)
                surfaces.forEach(request::addTarget)
                session.setRepeatingRequest(request.build(), null, handler)
            } catch (error: CameraAccessException) {
                lost(camera, CameraProblem.of(error))
            } catch (_: IllegalStateException) {
                lost(camera, CameraProblem.GONE)
            } catch (_: IllegalArgumentException) { // a surface went meanwhile
                lost(camera, CameraProblem.BROKEN)
            }
        }

        override fun onConfigureFailed(session: CameraCaptureSession) = lost(session.device, CameraProblem.BROKEN)
    }

    private companion object {
        val ONE = Semaphore(1)

        /** A camera that is not closed by then will not be. */
        const val PATIENCE_SECONDS = 3L
    }
}
