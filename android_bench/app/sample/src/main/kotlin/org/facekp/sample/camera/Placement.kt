package org.facekp.sample.camera

import android.graphics.Matrix
import android.graphics.RectF
import org.facekp.Orientation
import org.facekp.ViewMap

/**
 * Where a camera's upright frames lie on a view, by the library's one geometry: for the overlay and for the preview.
 *
 * @param display degrees of the display's rotation.
 */
internal class Placement(camera: Camera, private val display: Int, private val viewWidth: Int, private val viewHeight: Int) {
    /** Clockwise degrees that bring a frame upright. */
    val rotation = Orientation.upright(camera.sensor, display, camera.front)

    private val across = rotation % 180 == 0
    private val width = if (across) camera.size.width else camera.size.height
    private val height = if (across) camera.size.height else camera.size.width

    /** From pixels of the upright frame to the view; the front camera's is shown as in a mirror. */
    val map = ViewMap(width, height, viewWidth, viewHeight, fill = false, mirror = camera.front)

    /**
     * For a TextureView that shows the same frames.
     *
     * It brings them upright for the phone's natural orientation, mirrors the front camera's, and stretches them over
     * the whole view: what is left to do is the display's rotation, and the size.
     */
    fun preview(): Matrix {
        val turned = display % 180 != 0
        val halfWide = map.scale * (if (turned) height else width) / 2
        val halfHigh = map.scale * (if (turned) width else height) / 2
        val view = RectF(0f, 0f, viewWidth.toFloat(), viewHeight.toFloat())
        return Matrix().apply {
            setRectToRect(view, RectF(-halfWide, -halfHigh, halfWide, halfHigh), Matrix.ScaleToFit.FILL)
            postRotate(-display.toFloat())
            postTranslate(viewWidth / 2f, viewHeight / 2f)
        }
    }
}
