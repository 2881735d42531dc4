package org.facekp

import java.nio.ByteBuffer

/** Synthetic camera frames in every layout that YUV_420_888 allows. */
class TestFrame(val y: YuvPicture.Plane, val u: YuvPicture.Plane, val v: YuvPicture.Plane, val left: Int, val top: Int, val wide: Int, val high: Int) {
    fun show(rotation: Int = 0, mirror: Boolean = false, on: YuvPicture = YuvPicture()): YuvPicture =
        on.show(y, u, v, left, top, wide, high, rotation, mirror)
}

enum class Layout { I420, NV12, NV21 }

object Scenes {
    fun gray(x: Int, y: Int) = (16 + 31 * x + 7 * y) and 255

    /** A gray frame whose pixels say where they lie. */
    fun coordinates(width: Int, height: Int) = made(width, height, Layout.I420, 0, 0, 0, { x, y -> gray(x, y) }, { _, _ -> 128 }, { _, _ -> 128 })

    /** A colored scene, in a layout, with bytes after each row and a border around the part that counts. */
    fun scene(width: Int, height: Int, layout: Layout, padding: Int = 0, border: Int = 0) = made(
        width, height, layout, padding, border, border,
        { x, y -> 40 + (x * x / 7 + 3 * y) % 170 }, { x, y -> 90 + (x + 2 * y) % 70 }, { x, y -> 170 - (2 * x + y) % 80 },
    )

    private fun made(
        width: Int, height: Int, layout: Layout, padding: Int, left: Int, top: Int,
        y: (Int, Int) -> Int, u: (Int, Int) -> Int, v: (Int, Int) -> Int,
    ): TestFrame {
        val wide = width + 2 * left
        val high = height + 2 * top
        val lumaRow = wide + padding
        val luma = ByteBuffer.allocateDirect(lumaRow * high)
        for (row in 0 until high) for (column in 0 until wide) luma.put(row * lumaRow + column, y(column - left, row - top).toByte())
        val halfWide = (wide + 1) / 2
        val halfHigh = (high + 1) / 2
        val step = if (layout == Layout.I420) 1 else 2
        val row = step * halfWide + padding
        // Interleaved, both planes are windows of one buffer, the second a byte later; neither has its last byte.
        val length = (halfHigh - 1) * row + (halfWide - 1) * step + 1
        val both = ByteBuffer.allocateDirect(if (step == 1) 2 * row * halfHigh else length + 1)
        fun window(at: Int): ByteBuffer = (both.duplicate() as ByteBuffer).apply { position(at); limit(at + length) }.slice()
        val second = if (step == 1) row * halfHigh else 1
        val (first, other) = window(0) to window(second)
        val (blue, red) = if (layout == Layout.NV21) other to first else first to other
        for (line in 0 until halfHigh) for (column in 0 until halfWide) {
            blue.put(line * row + column * step, u(column - left / 2, line - top / 2).toByte())
            red.put(line * row + column * step, v(column - left / 2, line - top / 2).toByte())
        }
        fun plane(bytes: ByteBuffer) = YuvPicture.Plane(bytes, row, step)
        return TestFrame(YuvPicture.Plane(luma, lumaRow, 1), plane(blue), plane(red), left, top, width, height)
    }
}
