package org.facekp

import kotlin.math.floor

/** What a net says of one square view: a logit an anchor, and what is above the threshold, before suppression. */
internal class Glance(val view: Square, val logits: FloatArray, val candidates: List<Candidate>)

/**
 * What a look says of faces that are too small for it: around them the net's logits are higher than elsewhere.
 *
 * @param seen the part of the picture that it speaks of, in pixels.
 * @param places x0, y0, x1, y1, ... where in the picture a face may be.
 * @param reach how far around a place, in pixels.
 */
internal class Hints(val seen: Square, val places: DoubleArray, val reach: Double) {
    companion object {
        /** From a logit of [least] on, for [around] cells of the finest map; a tile says nothing of its edge, a share of its side. */
        fun of(variant: BlazeVariant, glance: Glance, least: Double, around: Double, edge: Double = 0.0): Hints {
            val (stride, count) = variant.cells.first()
            val across = variant.size / stride
            val view = glance.view
            val places = ArrayList<Double>()
            for (cell in 0 until across * across) {
                if ((0 until count).none { glance.logits[count * cell + it] >= least }) continue
                places += view.x - view.side / 2 + view.side * ((cell % across + 0.5) / across)
                places += view.y - view.side / 2 + view.side * ((cell / across + 0.5) / across)
            }
            val seen = Square(view.x, view.y, (1 - 2 * edge) * view.side)
            return Hints(seen, places.toDoubleArray(), around * view.side / across)
        }
    }
}

/** The places of a mask that a look hints at, or of which none speaks and that stay in [unseen]. */
internal fun hinted(mask: Mask, width: Int, hints: List<Hints>, unseen: Mask): Mask {
    val near = Mask(mask.width, mask.height)
    val seen = Mask(mask.width, mask.height)
    val ratio = mask.width.toDouble() / width
    for (hint in hints) {
        seen.touch(ratio, hint.seen.x, hint.seen.y, hint.seen.side / 2)
        for (i in hint.places.indices step 2) near.touch(ratio, hint.places[i], hint.places[i + 1], hint.reach)
    }
    val left = Mask(mask.width, mask.height)
    for (i in mask.places.indices) {
        left.places[i] = mask.places[i] && (near.places[i] || (unseen.places[i] && !seen.places[i]))
    }
    return left
}

/** Fill every pixel that a square of the picture touches. */
private fun Mask.touch(ratio: Double, x: Double, y: Double, reach: Double) {
    val first = { center: Double -> floor(ratio * (center - reach)).toInt() }
    val beyond = { center: Double -> floor(ratio * (center + reach) + 1).toInt() }
    fill(first(y), beyond(y), first(x), beyond(x), true)
}
