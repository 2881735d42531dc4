package org.facekp

import kotlin.math.abs
import kotlin.math.exp
import kotlin.math.max
import kotlin.math.min

/**
 * One of MediaPipe's BlazeFace nets: its file, its boxes' source, its anchors and its score threshold.
 *
 * @param cells stride in pixels and anchors a cell of each feature map; all anchors have size 1.
 */
internal enum class BlazeVariant(
    val file: String,
    val boxSource: String,
    val size: Int,
    private val cells: List<Pair<Int, Int>>,
    val threshold: Double,
) {
    SHORT("face_detection_short_range.tflite", "blazeface", 128, listOf(8 to 2, 16 to 6), 0.5),
    FULL("face_detection_full_range_sparse.tflite", "blazeface-full", 192, listOf(4 to 1), 0.6);

    /** Centers x0, y0, x1, y1, ... in [0, 1], row by row. */
    fun anchors(): DoubleArray {
        val centers = ArrayList<Double>()
        for ((stride, count) in cells) {
            val side = size / stride
            for (cell in 0 until side * side) {
                repeat(count) {
                    centers += (cell % side + 0.5) * stride / size
                    centers += (cell / side + 0.5) * stride / size
                }
            }
        }
        return centers.toDoubleArray()
    }
}

/** A net's box by its center, before suppression. */
internal class Candidate(val x: Double, val y: Double, val width: Double, val height: Double, val score: Double) {
    fun box() = Box(x - width / 2, y - height / 2, width, height)
}

/** What is done with BlazeFace's answers, as MediaPipe's published graphs do. */
internal object BlazeFaces {
    // Candidates that overlap by more than this share of their union are one face.
    private const val SAME_FACE = 0.3
    private const val LOGIT_LIMIT = 100.0

    /** Everything above the threshold: `boxes` hold 16 numbers an anchor, `logits` one. */
    fun decoded(variant: BlazeVariant, anchors: DoubleArray, boxes: FloatArray, logits: FloatArray, view: Square): List<Candidate> {
        val found = ArrayList<Candidate>()
        val left = view.x - view.side / 2
        val top = view.y - view.side / 2
        for (i in logits.indices) {
            val score = 1 / (1 + exp(-min(max(logits[i].toDouble(), -LOGIT_LIMIT), LOGIT_LIMIT)))
            if (!(score >= variant.threshold)) continue
            val x = boxes[16 * i].toDouble() / variant.size + anchors[2 * i]
            val y = boxes[16 * i + 1].toDouble() / variant.size + anchors[2 * i + 1]
            val width = boxes[16 * i + 2].toDouble() / variant.size * view.side
            val height = boxes[16 * i + 3].toDouble() / variant.size * view.side
            found += Candidate(left + x * view.side, top + y * view.side, width, height, score)
        }
        return found
    }

    /** One face for each group of overlapping candidates: their mean weighted by score. */
    fun merged(candidates: List<Candidate>): List<FoundFace> {
        val faces = ArrayList<FoundFace>()
        var rest = candidates.sortedByDescending { it.score }
        while (rest.isNotEmpty()) {
            val first = rest[0].box()
            val (group, others) = rest.withIndex().partition { (i, other) -> i == 0 || overlap(other.box(), first) > SAME_FACE }
            faces += FoundFace(mean(group.map { it.value }), rest[0].score)
            rest = others.map { it.value }
        }
        return suppressed(faces.filter { min(it.box.width, it.box.height) > 0 })
    }

    private fun mean(group: List<Candidate>): Box {
        val total = group.sumOf { it.score }
        fun mean(number: (Candidate) -> Double) = group.sumOf { number(it) * it.score } / total
        return Candidate(mean { it.x }, mean { it.y }, mean { it.width }, mean { it.height }, total).box()
    }

    /** A tile's candidates of at least that score, without those that its edge cuts. */
    fun sureAndInside(candidates: List<Candidate>, view: Square, least: Double): List<Candidate> = candidates.filter {
        val reach = max(abs(it.x - view.x) + it.width / 2, abs(it.y - view.y) + it.height / 2)
        reach <= view.side / 2 && it.score >= least
    }

    /** The full-range net's boxes as the short-range net would have drawn them. */
    fun asShortRange(candidates: List<Candidate>): List<Candidate> {
        val full = Published.mappings().getValue(BlazeVariant.FULL.boxSource)
        val short = Published.mappings().getValue(BlazeVariant.SHORT.boxSource)
        val growth = full.scale / short.scale
        return candidates.map {
            val x = it.x + it.width * (full.dx - growth * short.dx)
            val y = it.y + it.height * (full.dy - growth * short.dy)
            Candidate(x, y, it.width * growth, it.height * growth, it.score)
        }
    }

    /** The smallest square around the picture. */
    fun whole(width: Int, height: Int) = Square((width - 1) / 2.0, (height - 1) / 2.0, max(width, height).toDouble())
}
