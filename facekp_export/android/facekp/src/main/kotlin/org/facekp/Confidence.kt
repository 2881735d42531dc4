package org.facekp

import kotlin.math.hypot
import kotlin.math.min
import kotlin.math.sqrt

/** How far keypoints are to be believed, 0 to 1, by how far a face's answers lie apart. */
internal class Confidence(private val info: ModelInfo) {
    private val patches = CropReader(PATCHES)

    /** Of two answers or more, x0, y0, x1, y1, ... in pixels; `box` is the tight box of the last one's crop. */
    fun of(picture: Picture, answers: List<FloatArray>, box: Box): Double =
        chance(scatter(answers, box), info.confidenceScale) * texture(picture, box)

    /** How much there is to see in a crop: 0 for a flat one, 1 for any face in ordinary light. */
    fun texture(picture: Picture, box: Box): Double {
        val square = info.crop.square(box)
        patches.read(picture, square.checked(), info.crop.border)
        var count = 0
        var sum = 0.0
        var squares = 0.0
        for (y in 0 until PATCHES) {
            if (!inside(y, square.y, square.side, picture.height)) continue
            for (x in 0 until PATCHES) {
                if (!inside(x, square.x, square.side, picture.width)) continue
                val at = 3 * (y * PATCHES + x)
                val gray = (0..2).sumOf { patches.pixels[at + it].toInt() and 255 } / 3.0
                count++
                sum += gray
                squares += gray * gray
            }
        }
        if (count == 0) return 0.0
        val mean = sum / count
        return min(1.0, sqrt(maxOf(0.0, squares / count - mean * mean)) / CONTRAST)
    }

    /** A patch counts that lies within the picture: its edge is no texture. */
    private fun inside(patch: Int, center: Double, side: Double, length: Int): Boolean {
        val low = center + (patch.toDouble() / PATCHES - 0.5) * side
        val high = center + ((patch + 1).toDouble() / PATCHES - 0.5) * side
        return low >= 0 && high <= length - 1
    }

    companion object {
        private const val DEFAULT_SCALE = 0.015
        private const val WIDEST = 1e6
        private const val CONTRAST = 5.0
        private const val PATCHES = 16

        /** 1 / (1 + (scatter / scale)^3); what is no number counts as infinite. */
        fun chance(scatter: Double, scale: Double?): Double {
            val ratio = scatter / (scale ?: DEFAULT_SCALE)
            return if (ratio < WIDEST) 1 / (1 + ratio * ratio * ratio) else 0.0
        }

        /** The answers' mean distance from their mean, over the box's side. */
        fun scatter(answers: List<FloatArray>, box: Box): Double {
            val count = answers.size
            var total = 0.0
            for (i in answers[0].indices step 2) {
                val x = answers.sumOf { it[i].toDouble() } / count
                val y = answers.sumOf { it[i + 1].toDouble() } / count
                for (answer in answers) total += hypot(answer[i] - x, answer[i + 1] - y)
            }
            return total / (count * answers[0].size / 2) / box.side * sqrt(count / (count - 1.0))
        }
    }
}
