package org.facekp

import java.math.BigInteger
import kotlin.math.abs
import kotlin.math.hypot
import kotlin.math.min

/**
 * From a source's box to the tight box around a face's keypoints, in units of the source box's longer side:
 * the center moves by (dx, dy) and the side grows by `scale`.
 */
class BoxMapping internal constructor(val dx: Double, val dy: Double, val scale: Double) {
    /** The square tight box that a box stands for; refused for an empty or infinite one. */
    fun toTight(box: Box): Box {
        demand(box.isFinite() && box.side > 0 && min(box.width, box.height) >= 0) {
            "a box is (x, y, width, height) with a positive size, not $box"
        }
        val side = box.side
        val tight = scale * side
        return Box(box.centerX + dx * side - tight / 2, box.centerY + dy * side - tight / 2, tight, tight)
    }

    /** Whether keypoints with this mapping reach far enough over a face to tell its box. */
    internal val refines: Boolean get() = scale * LEAST_SPAN <= 1

    /** The tight box for a second crop, from the first answer; `first` itself where that is not to be trusted. */
    internal fun refined(points: DoubleArray, first: Box): Box {
        if (!refines || !points.all { it.isFinite() }) return first
        val around = tightBox(points)
        if (around.side <= 0) return first
        val found = toTight(around)
        val before = first.side
        if (!(found.width >= before / LARGEST_GROWTH && found.width <= before * LARGEST_GROWTH)) return first
        val shift = hypot(found.centerX - first.centerX, found.centerY - first.centerY)
        return if (shift <= LARGEST_SHIFT * before) found else first
    }

    internal companion object {
        // Between two looks at one face its box moves little; an answer beyond this is a failed one.
        private const val LARGEST_GROWTH = 2.5
        private const val LARGEST_SHIFT = 0.6
        // Keypoints that span less of the face than this say less about its box than a finder does.
        private const val LEAST_SPAN = 0.7
        private val LIMITS =
            mapOf("dx" to 10.0, "dy" to 10.0, "scale" to 100.0, "sd_dx" to 10.0, "sd_dy" to 10.0, "sd_scale" to 10.0)
        private val KEYS = LIMITS.keys + setOf("n", "fitted_on")

        val TIGHT = BoxMapping(0.0, 0.0, 1.0)

        /** The mapping that a model file carries; refused where a number is missing or out of range. */
        fun of(source: String, values: Any?): BoxMapping {
            if (values !is Map<*, *> || values.keys != KEYS) refuse(source, "is incomplete or malformed")
            val numbers = LIMITS.mapValues { (key, limit) ->
                val number = real(values[key])
                if (number == null || !(abs(number) <= limit)) refuse(source, "has a bad '$key'")
                number
            }
            val counted = values["n"].let { it is Long || it is BigInteger }
            val scale = numbers.getValue("scale")
            if (!counted || values["fitted_on"] !is String || scale <= 0) refuse(source, "is out of range")
            return BoxMapping(numbers.getValue("dx"), numbers.getValue("dy"), scale)
        }

        private fun refuse(source: String, reason: String): Nothing =
            throw FacekpException("the model's box mapping '${source.take(40)}' $reason; export it again")
    }
}
