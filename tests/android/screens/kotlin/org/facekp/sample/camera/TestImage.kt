package org.facekp.sample.camera

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.ImageFormat
import android.graphics.Matrix
import android.graphics.Paint
import android.graphics.Rect
import android.media.Image
import java.nio.ByteBuffer
import org.robolectric.RuntimeEnvironment

/** A camera's frame of an upright picture; `rotation` are the clockwise degrees that bring it upright. */
internal class TestImage(
    upright: Bitmap, rotation: Int, private val nanoseconds: Long, private val failure: Error? = null,
) : Image() {
    @Volatile
    var closed = false
        private set
    private val lying = upright.turned(-rotation)
    private val wide = lying.width
    private val high = lying.height
    private val colors = IntArray(wide * high).also { lying.getPixels(it, 0, wide, 0, 0, wide, high) }
    private val all = arrayOf(
        plane(1) { r, g, b -> 0.299 * r + 0.587 * g + 0.114 * b },
        plane(2) { r, g, b -> 128 - 0.168736 * r - 0.331264 * g + 0.5 * b },
        plane(2) { r, g, b -> 128 + 0.5 * r - 0.418688 * g - 0.081312 * b },
    )

    init {
        mIsImageValid = true
    }

    override fun getFormat() = ImageFormat.YUV_420_888

    override fun getWidth() = wide

    override fun getHeight() = high

    override fun getTimestamp() = nanoseconds

    override fun getTransform() = 0

    override fun getScalingMode() = 0

    override fun getPlanes(): Array<Plane> {
        check(!closed) { "the frame was closed" }
        failure?.let { throw it }
        return all
    }

    override fun close() {
        check(!closed) { "the frame was closed twice" }
        closed = true
    }

    private fun plane(step: Int, value: (Int, Int, Int) -> Double): Plane {
        val bytes = ByteBuffer.allocateDirect(wide / step * (high / step))
        for (y in 0 until high step step) for (x in 0 until wide step step) {
            val color = colors[y * wide + x]
            val level = value(Color.red(color), Color.green(color), Color.blue(color))
            bytes.put(Math.round(level).toInt().coerceIn(0, 255).toByte())
        }
        return object : Plane() {
            override fun getRowStride() = wide / step

            override fun getPixelStride() = 1

            override fun getBuffer() = bytes
        }
    }

    companion object {
        /** As much of the demo photo as fills a frame, upright. */
        fun scene(width: Int, height: Int): Bitmap {
            val assets = RuntimeEnvironment.getApplication().assets
            val photo = assets.open("demo/astronaut.png").use(BitmapFactory::decodeStream)
            val side = maxOf(width, height)
            val left = (width - side) / 2
            return Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888).also {
                // The face is in its upper half.
                Canvas(it).drawBitmap(photo, null, Rect(left, 0, left + side, side), Paint(Paint.FILTER_BITMAP_FLAG))
            }
        }
    }
}

/** Turned clockwise by a multiple of 90 degrees. */
internal fun Bitmap.turned(degrees: Int): Bitmap =
    Bitmap.createBitmap(this, 0, 0, width, height, Matrix().apply { postRotate(degrees.toFloat()) }, false)
