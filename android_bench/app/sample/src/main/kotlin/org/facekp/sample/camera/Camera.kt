package org.facekp.sample.camera

import android.graphics.ImageFormat
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraManager
import android.util.Size

/**
 * A camera that gives frames.
 *
 * @property front whether it faces the same way as the display.
 * @property sensor clockwise degrees from its frames to the phone's natural orientation.
 * @property size of its frames, in pixels as the sensor lies; of the preview too, so that both show the same.
 */
internal class Camera(val id: String, val front: Boolean, val sensor: Int, val size: Size) {
    companion object {
        /** Enough for a face across a room; more would only warm the phone. */
        private const val MOST_PIXELS = 1280 * 960

        /**
         * The front camera, the back one, those that were plugged in, in this order; of several on one side the first.
         *
         * Throws CameraAccessException where the system tells none.
         */
        fun all(manager: CameraManager): List<Camera> {
            val bySide = manager.cameraIdList.mapNotNull { id -> of(manager, id) }.groupBy { it.first }
            val one = listOf(CameraCharacteristics.LENS_FACING_FRONT, CameraCharacteristics.LENS_FACING_BACK)
                .mapNotNull { side -> bySide[side]?.first() }
            return (one + bySide[CameraCharacteristics.LENS_FACING_EXTERNAL].orEmpty()).map { it.second }
        }

        /** A camera and its side; null for those that give no such frames, or that are gone by now. */
        private fun of(manager: CameraManager, id: String): Pair<Int, Camera>? {
            val told = try {
                manager.getCameraCharacteristics(id)
            } catch (_: IllegalArgumentException) {
                return null
            } catch (_: CameraAccessException) {
                return null
            }
            val side = told[CameraCharacteristics.LENS_FACING] ?: return null
            val streams = told[CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP] ?: return null
            val frames = streams.getOutputSizes(ImageFormat.YUV_420_888).orEmpty().toList()
            val size = size(frames, streams.getOutputSizes(SurfaceTexture::class.java).orEmpty().toList()) ?: return null
            val front = side == CameraCharacteristics.LENS_FACING_FRONT
            return side to Camera(id, front, told[CameraCharacteristics.SENSOR_ORIENTATION] ?: 0, size)
        }

        /** The largest of moderate sizes that frames and preview share, else the smallest; null where none is. */
        internal fun size(frames: List<Size>, previews: List<Size>): Size? {
            val shared = frames.filter { it in previews }.ifEmpty { frames }.sortedBy { it.width * it.height }
            return shared.lastOrNull { it.width * it.height <= MOST_PIXELS } ?: shared.firstOrNull()
        }
    }
}
