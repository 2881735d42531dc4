package org.facekp

import kotlin.math.ceil
import kotlin.math.floor
import kotlin.math.log2
import kotlin.math.max
import kotlin.math.min

/** A picture and its halvings, made once, so that many views of it are cheap to read; its memory is used again. */
internal class Pyramid {
    private val memory = ArrayList<IntArray>()
    private val levels = ArrayList<Picture>()

    val width: Int get() = levels[0].width
    val height: Int get() = levels[0].height

    fun show(picture: Picture) {
        levels.clear()
        levels += picture
        while (max(levels.last().width, levels.last().height) >= SMALLEST) {
            val last = levels.last()
            val width = (last.width + 1) / 2
            val height = (last.height + 1) / 2
            val into = memory(levels.size - 1, width * height)
            if (last.width == 2 * width && last.height == 2 * height) halve(last, into) else shrink(last, into, width, height)
            levels += ArgbPicture(into, width, height)
        }
    }

    /** Let the picture go, which may be large; the memory of its halvings stays for the next. */
    fun forget() = levels.clear()

    /** Read a view from the level whose pixels are just finer than its own. */
    fun read(view: Square, reader: CropReader) {
        val image = finerThan(view.side / reader.size)
        val acrossX = image.width.toDouble() / width
        val acrossY = image.height.toDouble() / height
        val left = (view.x - view.side / 2) * acrossX + 0.5 * acrossX - 0.5
        val top = (view.y - view.side / 2) * acrossY + 0.5 * acrossY - 0.5
        reader.read(image, view.side * acrossX, view.side * acrossY, left, top, 0)
    }

    /** The whole picture, each side `ratio` times as long, at least a pixel. */
    fun shrunk(ratio: Double): Picture {
        val shrunkWidth = max(1, Math.rint(ratio * width).toInt())
        val shrunkHeight = max(1, Math.rint(ratio * height).toInt())
        // Between one and two of the level's pixels become one: bilinear reading leaves none out.
        return resized(finerThan(1 / ratio), shrunkWidth, shrunkHeight)
    }

    /** Where a square of a shrunk copy lies on the picture. */
    fun viewOf(level: Picture, left: Int, top: Int, size: Int): Square {
        val across = width.toDouble() / level.width
        val down = height.toDouble() / level.height
        val side = size * max(width, height).toDouble() / max(level.width, level.height)
        return Square((left + size / 2.0) * across - 0.5, (top + size / 2.0) * down - 0.5, side)
    }

    /** The level of which a pixel spans just less than so many of the picture. */
    private fun finerThan(span: Double): Picture = levels[min(max(log2(span), 0.0), levels.size - 1.0).toInt()]

    private fun memory(level: Int, size: Int): IntArray {
        if (level == memory.size) memory += IntArray(size)
        if (memory[level].size < size) memory[level] = IntArray(size)
        return memory[level]
    }

    private fun halve(from: Picture, into: IntArray) {
        val width = from.width / 2
        for (y in 0 until from.height / 2) {
            for (x in 0 until width) {
                val a = from.rgb(2 * x, 2 * y)
                val b = from.rgb(2 * x + 1, 2 * y)
                val c = from.rgb(2 * x, 2 * y + 1)
                val d = from.rgb(2 * x + 1, 2 * y + 1)
                // Red and blue lie far enough apart to be summed at once.
                val ends = (a and ENDS) + (b and ENDS) + (c and ENDS) + (d and ENDS) + 0x020002
                val green = (a and GREEN) + (b and GREEN) + (c and GREEN) + (d and GREEN) + 0x000200
                into[y * width + x] = ((ends ushr 2) and ENDS) or ((green ushr 2) and GREEN)
            }
        }
    }

    /** The mean over the area that each pixel covers, where an edge has an odd length. */
    private fun shrink(from: Picture, into: IntArray, width: Int, height: Int) {
        for (y in 0 until height) {
            for (x in 0 until width) into[y * width + x] = mean(from, x, y, width, height)
        }
    }

    private fun mean(from: Picture, x: Int, y: Int, width: Int, height: Int): Int {
        val acrossX = from.width.toDouble() / width
        val acrossY = from.height.toDouble() / height
        var red = 0f
        var green = 0f
        var blue = 0f
        for (row in first(y, acrossY)..last(y, acrossY, from.height)) {
            val high = share(row, y, acrossY, from.height)
            for (column in first(x, acrossX)..last(x, acrossX, from.width)) {
                val weight = high * share(column, x, acrossX, from.width)
                val color = from.rgb(column, row)
                red += weight * ((color shr 16) and 255)
                green += weight * ((color shr 8) and 255)
                blue += weight * (color and 255)
            }
        }
        return (rounded(red) shl 16) or (rounded(green) shl 8) or rounded(blue)
    }

    private fun first(at: Int, across: Double): Int = floor(at * across).toInt()

    private fun last(at: Int, across: Double, length: Int): Int = min(length, ceil((at + 1) * across).toInt()) - 1

    /** How much of the pixel `at` a source pixel is. */
    private fun share(source: Int, at: Int, across: Double, length: Int): Float {
        val low = at * across
        val high = min(low + across, length.toDouble())
        return ((min(source + 1.0, high) - max(source.toDouble(), low)) / (high - low)).toFloat()
    }

    private fun rounded(value: Float): Int = Math.rint(value.toDouble()).toInt()

    private companion object {
        const val SMALLEST = 256
        const val ENDS = 0xFF00FF
        const val GREEN = 0x00FF00
    }
}
