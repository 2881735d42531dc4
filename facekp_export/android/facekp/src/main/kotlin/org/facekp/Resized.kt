package org.facekp

import kotlin.math.floor
import kotlin.math.max
import kotlin.math.min

/** A picture of another size, read bilinearly in whole numbers, as OpenCV does. */
internal fun resized(from: Picture, width: Int, height: Int): Picture {
    val across = Neighbors(from.width, width)
    val down = Neighbors(from.height, height)
    val pixels = IntArray(width * height)
    for (y in 0 until height) {
        for (x in 0 until width) {
            val upperLeft = from.rgb(across.first[x], down.first[y])
            val upperRight = from.rgb(across.second[x], down.first[y])
            val lowerLeft = from.rgb(across.first[x], down.second[y])
            val lowerRight = from.rgb(across.second[x], down.second[y])
            var color = 0
            for (shift in 16 downTo 0 step 8) {
                val upper = across.between(x, upperLeft shr shift, upperRight shr shift) shr 4
                val lower = across.between(x, lowerLeft shr shift, lowerRight shr shift) shr 4
                val value = ((upper * down.near[y]) shr 16) + ((lower * down.far[y]) shr 16)
                color = color or (((value + 2) shr 2) shl shift)
            }
            pixels[y * width + x] = color
        }
    }
    return ArgbPicture(pixels, width, height)
}

/** Between which two pixels along an edge each of other ones lies, and the weight of either in 1/2048. */
private class Neighbors(from: Int, to: Int) {
    val first = IntArray(to)
    val second = IntArray(to)
    val near = IntArray(to)
    val far = IntArray(to)

    init {
        for (at in 0 until to) {
            val place = ((at + 0.5) * (from.toDouble() / to) - 0.5).toFloat()
            val whole = floor(place).toInt()
            first[at] = min(max(whole, 0), from - 1)
            second[at] = min(first[at] + 1, from - 1)
            val rest = if (whole == first[at] && second[at] > whole) place - whole else 0f
            near[at] = Math.rint((1 - rest) * ONE).toInt()
            far[at] = Math.rint(rest * ONE).toInt()
        }
    }

    /** The lowest bytes of two colors, by their weights. */
    fun between(at: Int, left: Int, right: Int): Int = (left and 255) * near[at] + (right and 255) * far[at]

    private companion object {
        const val ONE = 2048.0
    }
}
