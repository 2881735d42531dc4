package org.facekp

import java.nio.ByteBuffer

/**
 * A camera's frame in YUV_420_888 as an upright picture, read where it lies: nothing of it is copied.
 *
 * One object serves frame after frame; the frame that it shows must stay open until it has been looked at.
 */
class YuvPicture : Picture() {
    /** One plane of a frame: its bytes, from one row to the next and from one value to the next. */
    class Plane(val bytes: ByteBuffer, val rowStride: Int, val pixelStride: Int)

    override var width = 0
        private set
    override var height = 0
        private set
    private var luma: ByteBuffer = NOTHING
    private var blueness: ByteBuffer = NOTHING
    private var redness: ByteBuffer = NOTHING
    private var lumaRow = 0
    private var lumaPixel = 0
    private var bluenessRow = 0
    private var bluenessPixel = 0
    private var rednessRow = 0
    private var rednessPixel = 0
    // A pixel's place in the frame: (fromX + x * rightX + y * downX, fromY + x * rightY + y * downY).
    private var fromX = 0
    private var fromY = 0
    private var rightX = 0
    private var rightY = 0
    private var downX = 0
    private var downY = 0

    /**
     * Show a frame.
     *
     * @param y brightness, one value a pixel; u and v: color, one value for each 2 x 2 pixels.
     * @param left first column of the part to show; top, wide and high: its first row and its size in pixels.
     * @param rotation clockwise degrees that bring it upright: 0, 90, 180 or 270.
     * @param mirror show the mirror image of the upright picture.
     */
    @JvmOverloads
    fun show(
        y: Plane, u: Plane, v: Plane, left: Int, top: Int, wide: Int, high: Int, rotation: Int = 0, mirror: Boolean = false,
    ): YuvPicture {
        demand(left >= 0 && top >= 0 && wide > 0 && high > 0) { "a frame's part of $wide x $high pixels cannot be shown" }
        demand(rotation in ROTATIONS) { "a frame is turned by 0, 90, 180 or 270 degrees, not by $rotation" }
        refuseShort(y, left + wide, top + high)
        refuseShort(u, (left + wide + 1) / 2, (top + high + 1) / 2)
        refuseShort(v, (left + wide + 1) / 2, (top + high + 1) / 2)
        luma = y.bytes
        lumaRow = y.rowStride
        lumaPixel = y.pixelStride
        blueness = u.bytes
        bluenessRow = u.rowStride
        bluenessPixel = u.pixelStride
        redness = v.bytes
        rednessRow = v.rowStride
        rednessPixel = v.pixelStride
        place(left, top, wide, high, rotation)
        if (mirror) {
            fromX += (width - 1) * rightX
            fromY += (width - 1) * rightY
            rightX = -rightX
            rightY = -rightY
        }
        return this
    }

    override fun rgb(x: Int, y: Int): Int {
        val column = fromX + x * rightX + y * downX
        val row = fromY + x * rightY + y * downY
        val light = luma.get(row * lumaRow + column * lumaPixel).toInt() and 255
        val blue = (blueness.get((row shr 1) * bluenessRow + (column shr 1) * bluenessPixel).toInt() and 255) - 128
        val red = (redness.get((row shr 1) * rednessRow + (column shr 1) * rednessPixel).toInt() and 255) - 128
        // JFIF's full range, which Android's cameras give, in 1/65536.
        val r = light + ((91881 * red + HALF) shr 16)
        val g = light - ((22554 * blue + 46802 * red + HALF) shr 16)
        val b = light + ((116130 * blue + HALF) shr 16)
        return (byte(r) shl 16) or (byte(g) shl 8) or byte(b)
    }

    private fun place(left: Int, top: Int, wide: Int, high: Int, rotation: Int) {
        val across = rotation % 180 == 0
        width = if (across) wide else high
        height = if (across) high else wide
        val ahead = if (rotation == 0 || rotation == 270) 1 else -1
        val below = if (rotation == 0 || rotation == 90) 1 else -1
        rightX = if (across) ahead else 0
        rightY = if (across) 0 else ahead
        downX = if (across) 0 else below
        downY = if (across) below else 0
        fromX = if (rightX + downX > 0) left else left + wide - 1
        fromY = if (rightY + downY > 0) top else top + high - 1
    }

    /** The last value of interleaved planes may be the buffer's last byte: nothing is demanded beyond it. */
    private fun refuseShort(plane: Plane, columns: Int, rows: Int) {
        val end = (rows - 1L) * plane.rowStride + (columns - 1L) * plane.pixelStride
        demand(end < plane.bytes.limit()) { "a frame's plane ends before its last pixel; close the frame later" }
    }

    private companion object {
        val NOTHING: ByteBuffer = ByteBuffer.allocate(0)
        val ROTATIONS = intArrayOf(0, 90, 180, 270)
        const val HALF = 1 shl 15

        fun byte(value: Int): Int = if (value < 0) 0 else if (value > 255) 255 else value
    }
}
