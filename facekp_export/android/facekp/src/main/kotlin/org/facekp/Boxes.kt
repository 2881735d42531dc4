package org.facekp

import kotlin.math.abs
import kotlin.math.hypot
import kotlin.math.max
import kotlin.math.min

/** A box in pixels that count from 0, an integer being a pixel's center. */
data class Box(val x: Double, val y: Double, val width: Double, val height: Double) {
    internal val side: Double get() = max(width, height)
    internal val centerX: Double get() = x + width / 2
    internal val centerY: Double get() = y + height / 2
    internal val area: Double get() = width * height

    internal fun isFinite(): Boolean = x.isFinite() && y.isFinite() && width.isFinite() && height.isFinite()
}

/** A face on a picture: where, and how sure the finder is, 0 to 1. */
data class FoundFace(val box: Box, val score: Double)

// Pixels: far beyond any photograph, well within float32.
private const val LARGEST = 1e12

/** Refuse a box of which no crop can be cut. */
internal fun Box.checked(): Box {
    val small = isFinite() && maxOf(abs(x), abs(y), side) < LARGEST
    demand(small && min(width, height) > 0) { "a face box is four finite numbers x, y, width, height of a positive size, not $this" }
    return this
}

/** The smallest upright box around keypoints x0, y0, x1, y1, ...; refused where one of them is not finite. */
internal fun tightBox(points: DoubleArray): Box {
    var left = Double.POSITIVE_INFINITY
    var top = Double.POSITIVE_INFINITY
    var right = Double.NEGATIVE_INFINITY
    var bottom = Double.NEGATIVE_INFINITY
    for (i in points.indices step 2) {
        demand(points[i].isFinite() && points[i + 1].isFinite()) { "a tight box needs finite keypoints" }
        left = min(left, points[i])
        right = max(right, points[i])
        top = min(top, points[i + 1])
        bottom = max(bottom, points[i + 1])
    }
    return Box(left, top, right - left, bottom - top)
}

internal fun intersection(one: Box, other: Box): Double {
    val wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    val high = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return max(wide, 0.0) * max(high, 0.0)
}

/** Intersection over union. */
internal fun overlap(one: Box, other: Box): Double {
    val shared = intersection(one, other)
    return shared / max(one.area + other.area - shared, 1e-9)
}

/** Whether a box shares more than half of the smaller one's area with another: they are one face. */
internal fun overlapping(box: Box, others: List<Box>): Boolean =
    others.any { intersection(it, box) > 0.5 * min(it.area, box.area) }

/** How far the centers of two boxes lie apart, in sides of the larger. */
internal fun apart(one: Box, other: Box): Double =
    hypot(one.centerX - other.centerX, one.centerY - other.centerY) / max(one.side, other.side)

/** Faces by falling score, without those that overlap one before them. */
internal fun suppressed(faces: List<FoundFace>): List<FoundFace> {
    val kept = ArrayList<FoundFace>()
    for (face in faces.sortedByDescending { it.score }) {
        if (!overlapping(face.box, kept.map { it.box })) kept += face
    }
    return kept
}
