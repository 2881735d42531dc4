package org.facekp

import kotlin.math.max
import kotlin.math.min

/** How a camera's frame is turned upright. */
object Orientation {
    /**
     * Clockwise degrees that bring a frame upright on the display.
     *
     * @param sensor the camera's SENSOR_ORIENTATION: 0, 90, 180 or 270.
     * @param display degrees of the display's rotation, Surface.ROTATION_90 being 90.
     * @param front whether the camera faces the same way as the display.
     */
    @JvmStatic
    fun upright(sensor: Int, display: Int, front: Boolean): Int {
        demand(sensor % 90 == 0 && display % 90 == 0) { "a rotation is 0, 90, 180 or 270 degrees, not $sensor and $display" }
        return Math.floorMod(if (front) sensor + display else sensor - display, 360)
    }
}

/**
 * Where the points of an upright picture lie on a view that shows it centered.
 *
 * Pixels of the picture count from 0, an integer being a pixel's center; the view's own from its upper left corner.
 *
 * @param fill cover the whole view and let the picture's edges fall outside; else the whole picture is shown.
 * @param mirror the view shows the mirror image, as a mirror would: the face's left stays on the left.
 */
class ViewMap(
    private val pictureWidth: Int,
    pictureHeight: Int,
    viewWidth: Int,
    viewHeight: Int,
    fill: Boolean,
    private val mirror: Boolean,
) {
    init {
        demand(pictureWidth > 0 && pictureHeight > 0 && viewWidth > 0 && viewHeight > 0) {
            "a view of $viewWidth x $viewHeight cannot show a picture of $pictureWidth x $pictureHeight pixels"
        }
    }

    /** Lengths on the view over lengths in the picture. */
    val scale: Float

    /** Where the picture's left edge lies on the view. */
    val left: Float

    /** Where its upper edge lies. */
    val top: Float

    init {
        val across = viewWidth.toFloat() / pictureWidth
        val along = viewHeight.toFloat() / pictureHeight
        scale = if (fill) max(across, along) else min(across, along)
        left = (viewWidth - scale * pictureWidth) / 2
        top = (viewHeight - scale * pictureHeight) / 2
    }

    fun x(pictureX: Float): Float {
        val edge = pictureX + 0.5f
        return left + scale * if (mirror) pictureWidth - edge else edge
    }

    fun y(pictureY: Float): Float = top + scale * (pictureY + 0.5f)

    fun pictureX(x: Float): Float {
        val edge = (x - left) / scale
        return (if (mirror) pictureWidth - edge else edge) - 0.5f
    }

    fun pictureY(y: Float): Float = (y - top) / scale - 0.5f

    /** Points x0, y0, x1, y1, ... of the picture into an array of the same length. */
    fun toView(points: FloatArray, into: FloatArray) {
        for (i in points.indices step 2) {
            into[i] = x(points[i])
            into[i + 1] = y(points[i + 1])
        }
    }
}
