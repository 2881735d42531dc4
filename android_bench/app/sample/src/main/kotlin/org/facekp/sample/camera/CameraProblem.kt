package org.facekp.sample.camera

import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraDevice
import org.facekp.sample.R

/** Why there are no frames, and what helps: strings of a sentence and of a button. */
internal enum class CameraProblem(val sentence: Int, val remedy: Int) {
    NOT_ALLOWED(R.string.camera_not_allowed, R.string.allow_camera),
    REFUSED_FOR_GOOD(R.string.camera_refused, R.string.open_settings),
    ABSENT(R.string.camera_absent, R.string.to_photos),
    BUSY(R.string.camera_busy, R.string.try_again),
    DISABLED(R.string.camera_disabled, R.string.try_again),
    GONE(R.string.camera_gone, R.string.try_again),
    BROKEN(R.string.camera_broken, R.string.try_again),
    ;

    companion object {
        /** Of a camera that could not be opened. */
        fun of(error: CameraAccessException): CameraProblem = when (error.reason) {
            CameraAccessException.CAMERA_IN_USE, CameraAccessException.MAX_CAMERAS_IN_USE -> BUSY
            CameraAccessException.CAMERA_DISABLED -> DISABLED
            CameraAccessException.CAMERA_DISCONNECTED -> GONE
            else -> BROKEN
        }

        /** Of a camera's own error code. */
        fun of(code: Int): CameraProblem = when (code) {
            CameraDevice.StateCallback.ERROR_CAMERA_IN_USE,
            CameraDevice.StateCallback.ERROR_MAX_CAMERAS_IN_USE,
            -> BUSY
            CameraDevice.StateCallback.ERROR_CAMERA_DISABLED -> DISABLED
            else -> BROKEN
        }
    }
}
