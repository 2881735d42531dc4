package org.facekp

import kotlin.math.abs
import kotlin.math.ceil
import kotlin.math.max
import kotlin.math.min
import kotlin.math.sqrt

/** Where a face of one level could have its center, on a small copy of a picture. */
internal class Mask(val width: Int, val height: Int) {
    val places = BooleanArray(width * height)

    /** Whether any place between two rows and two columns, the last ones excluded, is one. */
    fun any(top: Int, bottom: Int, left: Int, right: Int): Boolean {
        for (y in top until bottom) for (x in left until right) if (places[y * width + x]) return true
        return false
    }

    /** Make all places between two rows and two columns the same; what lies beyond the mask is left out. */
    fun fill(top: Int, bottom: Int, left: Int, right: Int, value: Boolean) {
        for (y in max(top, 0) until min(bottom, height)) {
            for (x in max(left, 0) until min(right, width)) places[y * width + x] = value
        }
    }
}

/**
 * Where on a picture a small face could hide, and the square tiles in which to look for it.
 *
 * That is where it has edges in two directions at once, on a small gray copy, as the toolkit measures it with OpenCV.
 */
internal object Tiles {
    // Shares of the longer side that the tiles of the first levels span; each further one is FINER of it.
    private val SHARES = listOf(0.4, 0.25, 0.14)
    private const val FINER = 0.57
    private const val SMALLEST_TILE = 160.0
    // Down to this share of the shorter side, tiles get smaller.
    private const val OF_THE_SHORTER = 0.25
    // A net sees faces from this share of a view.
    private const val SMALLEST_SEEN = 0.13
    // Neighbors overlap by the largest face that only their level sees.
    private const val STEP = 0.768
    private const val TILE_THRESHOLD = 0.7
    private const val FINER_THRESHOLD = 0.75
    // Structure is a mean over windows of five pixels; below this there are no eyes and no mouth.
    private const val REACH = 2
    private const val LEAST_STRUCTURE = 0.02 * 0.02
    // Sobel's weights, the window's mean and the range of gray, of a product of two.
    private const val UNIT = (4.0 * 5 * 255) * (4.0 * 5 * 255)
    // A face hides no other in the middle of its box, by this share of the side.
    private const val COVERED = 0.8
    // What is less sure than this may be no face and hide one.
    private const val SURE = 0.7

    /** The side of a tile in pixels of a mask, where a level's smallest face has six. */
    const val ON_MASK = 6 / SMALLEST_SEEN

    /**
     * The sides of the tiles of each level, from large to small; no face is larger than the picture.
     *
     * @param smallestFace to be found for sure, in pixels; null goes as far as most photographs warrant.
     */
    fun sides(width: Int, height: Int, smallestFace: Double? = null): List<Double> {
        val longer = max(width, height).toDouble()
        val shorter = min(width, height).toDouble()
        val finest = max(SMALLEST_TILE, min(SHARES.last() * longer, OF_THE_SHORTER * shorter))
        val shares = SHARES.asSequence() + generateSequence(SHARES.last() * FINER) { it * FINER }
        val sides = shares.map { it * longer }
        // A level is needed for faces that the one before does not show.
        val levels = sides.zip(sequenceOf(longer) + sides).takeWhile { (side, larger) ->
            side >= 1 && if (smallestFace == null) side >= finest else SMALLEST_SEEN * larger > smallestFace
        }
        return levels.map { it.first }.filter { SMALLEST_SEEN * it < shorter }.toList()
    }

    /** What a face on a tile must score: a strip is cut into many, and asks for more. */
    fun leastScore(width: Int, height: Int, side: Double) =
        if (side >= SHARES.last() * max(width, height)) TILE_THRESHOLD else FINER_THRESHOLD

    /** Where faces that only tiles of one side can show may have their centers, beside those found so far. */
    fun hidingPlaces(photo: Pyramid, side: Double, found: List<FoundFace>): Mask {
        val mask = structured(photo.shrunk(ON_MASK / side))
        val across = mask.width.toDouble() / photo.width
        val down = mask.height.toDouble() / photo.height
        val edge = (1 - COVERED) / 2
        for ((box, score) in found) {
            if (score < SURE) continue
            val (left, right) = listOf(edge, 1 - edge).map { Math.rint((box.x + it * box.width) * across).toInt() }
            val (top, bottom) = listOf(edge, 1 - edge).map { Math.rint((box.y + it * box.height) * down).toInt() }
            mask.fill(top, bottom, left, right, false)
        }
        return mask
    }

    /** The windows around edges in two directions: where the smaller eigenvalue of the structure tensor is large. */
    private fun structured(picture: Picture): Mask {
        val tensors = products(picture)
        for (values in tensors) sumWindows(values, picture.width, picture.height)
        val (xx, xy, yy) = tensors
        val mask = Mask(picture.width, picture.height)
        for (i in xx.indices) {
            val apart = (xx[i] - yy[i]) / 2
            val least = (xx[i] + yy[i]) / 2 - sqrt(apart * apart + xy[i] * xy[i])
            if (least <= LEAST_STRUCTURE * UNIT) continue
            val x = i % mask.width
            val y = i / mask.width
            mask.fill(y - REACH, y + REACH + 1, x - REACH, x + REACH + 1, true)
        }
        return mask
    }

    /** Products of Sobel's derivatives of the gray picture: in x, in both, in y. */
    private fun products(picture: Picture): List<DoubleArray> {
        val width = picture.width
        val height = picture.height
        val gray = IntArray(width * height) { gray(picture.rgb(it % width, it / width)) }
        val (xx, xy, yy) = List(3) { DoubleArray(gray.size) }
        for (y in 0 until height) {
            val above = width * mirrored(y - 1, height)
            val below = width * mirrored(y + 1, height)
            for (x in 0 until width) {
                val left = mirrored(x - 1, width)
                val right = mirrored(x + 1, width)
                val here = width * y
                val corner = gray[below + right] - gray[above + left]
                val other = gray[below + left] - gray[above + right]
                val dx = corner - other + 2 * (gray[here + right] - gray[here + left])
                val dy = corner + other + 2 * (gray[below + x] - gray[above + x])
                xx[here + x] = dx.toDouble() * dx
                xy[here + x] = dx.toDouble() * dy
                yy[here + x] = dy.toDouble() * dy
            }
        }
        return listOf(xx, xy, yy)
    }

    private fun gray(color: Int): Int =
        (9798 * ((color shr 16) and 255) + 19235 * ((color shr 8) and 255) + 3735 * (color and 255) + 16384) shr 15

    /** A place beyond an edge, mirrored at the edge's pixel. */
    private fun mirrored(at: Int, length: Int): Int {
        val inside = abs(at)
        return max(0, if (inside < length) inside else 2 * length - 2 - inside)
    }

    /** The sum over the window around each place, in its place. */
    private fun sumWindows(values: DoubleArray, width: Int, height: Int) {
        for (y in 0 until height) sumLine(values, y * width, 1, width)
        for (x in 0 until width) sumLine(values, x, width, height)
    }

    private fun sumLine(values: DoubleArray, start: Int, step: Int, length: Int) {
        val line = DoubleArray(length) { values[start + it * step] }
        for (i in 0 until length) {
            var sum = 0.0
            for (at in i - REACH..i + REACH) sum += line[mirrored(at, length)]
            values[start + i * step] = sum
        }
    }

    /** Tiles so that around every place of a mask a face of the level lies inside one, in few: left and top edges. */
    fun covering(mask: Mask): List<Pair<Double, Double>> =
        along(mask.height) { mask.any(it, it + 1, 0, mask.width) }.flatMap { (top, rows) ->
            along(mask.width) { mask.any(rows.first, rows.last + 1, it, it + 1) }.map { (left, _) -> left to top }
        }

    /** Tiles along an edge: where each starts, and the places that it covers. */
    private fun along(length: Int, filled: (Int) -> Boolean): List<Pair<Double, IntRange>> {
        val found = ArrayList<Pair<Double, IntRange>>()
        var place = 0
        while (place < length) {
            if (!filled(place)) {
                place++
                continue
            }
            val (start, beyond) = tileFrom(place, length)
            val end = min(ceil(beyond), length.toDouble()).toInt()
            found += start to (place until end)
            place = end
        }
        return found
    }

    /** Where the tile starts that covers a place and as many beyond as it can, and the first that it does not. */
    private fun tileFrom(place: Int, length: Int): Pair<Double, Double> {
        val last = length - ON_MASK
        if (last <= 0) return last / 2 to Double.POSITIVE_INFINITY
        val room = ON_MASK * (1 - STEP) / 2
        val start = max(place - room, 0.0)
        return if (start >= last) last to Double.POSITIVE_INFINITY else start to start + ON_MASK - room
    }
}
