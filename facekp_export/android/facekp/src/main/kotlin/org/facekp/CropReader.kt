package org.facekp

import kotlin.math.ceil
import kotlin.math.max
import kotlin.math.min
import kotlin.math.sqrt

/**
 * Reads crops of one size into one array, so that a frame costs no allocation.
 *
 * As the toolkit does with OpenCV: bilinear on a grid `finer` times finer, positions rounded to 1/32 pixel, each
 * block then averaged. Plain bilinear would move keypoints by up to 0.4 pixels.
 */
internal class CropReader(val size: Int) {
    /** The crop last read: RGB, row by row. */
    val pixels = ByteArray(size * size * 3)
    private val columns = IntArray(size * FINEST)
    private val sums = IntArray(size * 3)
    private var border = 0
    // The four pixels around the point last read; along a row most of them serve again.
    private var lastX = Int.MIN_VALUE
    private var upperLeft = 0
    private var upperRight = 0
    private var lowerLeft = 0
    private var lowerRight = 0

    fun read(picture: Picture, square: Square, border: Int) =
        read(picture, square.side, square.side, square.x - square.side / 2, square.y - square.side / 2, border)

    /** The crop whose [0, 1] spans `wide` x `high` pixels from (`left`, `top`) on. */
    fun read(picture: Picture, wide: Double, high: Double, left: Double, top: Double, border: Int) {
        val finer = min(FINEST, max(1, ceil(sqrt(wide * high) / size).toInt()))
        val fine = size * finer
        val stepX = wide / fine
        val stepY = high / fine
        val startX = fixed(left + stepX * 0.5) + HALF
        this.border = border * 0x010101
        for (x in 0 until fine) columns[x] = (startX + fixed(stepX * x)) shr DROPPED
        for (y in 0 until size) {
            sums.fill(0)
            for (line in y * finer until (y + 1) * finer) {
                val row = (fixed(stepY * line + (top + stepY * 0.5)) + HALF) shr DROPPED
                add(picture, row, finer)
            }
            average(y, finer)
        }
    }

    /** A square of the picture pixel by pixel, black beyond its edges. */
    fun copy(picture: Picture, left: Int, top: Int) {
        border = 0
        for (i in 0 until size * size) {
            val color = color(picture, left + i % size, top + i / size)
            for (channel in 0 until 3) pixels[3 * i + channel] = (color shr (16 - 8 * channel)).toByte()
        }
    }

    private fun add(picture: Picture, row: Int, finer: Int) {
        val y = row shr BITS
        val down = row and MASK
        lastX = Int.MIN_VALUE
        var x = 0
        for (column in 0 until size) {
            var red = 0
            var green = 0
            var blue = 0
            for (each in 0 until finer) {
                val at = columns[x++]
                step(picture, at shr BITS, y)
                val right = at and MASK
                val a = (STEPS - right) * (STEPS - down)
                val b = right * (STEPS - down)
                val c = (STEPS - right) * down
                val d = right * down
                red += channel(16, a, b, c, d)
                green += channel(8, a, b, c, d)
                blue += channel(0, a, b, c, d)
            }
            sums[3 * column] += red
            sums[3 * column + 1] += green
            sums[3 * column + 2] += blue
        }
    }

    private fun step(picture: Picture, x: Int, y: Int) {
        if (x == lastX) return
        if (x == lastX + 1) {
            upperLeft = upperRight
            lowerLeft = lowerRight
        } else {
            upperLeft = color(picture, x, y)
            lowerLeft = color(picture, x, y + 1)
        }
        upperRight = color(picture, x + 1, y)
        lowerRight = color(picture, x + 1, y + 1)
        lastX = x
    }

    private fun color(picture: Picture, x: Int, y: Int): Int =
        if (x >= 0 && y >= 0 && x < picture.width && y < picture.height) picture.rgb(x, y) else border

    private fun channel(shift: Int, a: Int, b: Int, c: Int, d: Int): Int {
        val upper = ((upperLeft shr shift) and 255) * a + ((upperRight shr shift) and 255) * b
        val lower = ((lowerLeft shr shift) and 255) * c + ((lowerRight shr shift) and 255) * d
        return (upper + lower + STEPS * STEPS / 2) shr (2 * BITS)
    }

    private fun average(y: Int, finer: Int) {
        val share = 1f / (finer * finer)
        for (i in sums.indices) {
            val sum = sums[i]
            val mean = when (finer) {
                1 -> sum
                2 -> (sum + 2) shr 2
                else -> Math.rint((sum * share).toDouble()).toInt()
            }
            pixels[y * sums.size + i] = mean.toByte()
        }
    }

    private companion object {
        /** Beyond this, a crop from a gigantic photograph is sampled a little thinner than its pixels. */
        const val FINEST = 16
        const val BITS = 5
        const val STEPS = 1 shl BITS
        const val MASK = STEPS - 1
        /** Positions are summed in 1/1024 pixel and then rounded to 1/32. */
        const val ONE = 1024.0
        const val DROPPED = 5
        const val HALF = 16

        fun fixed(position: Double): Int = Math.rint(position * ONE).toInt()
    }
}
