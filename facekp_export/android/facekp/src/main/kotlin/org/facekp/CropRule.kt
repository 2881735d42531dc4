package org.facekp

/**
 * How a tight box becomes the crop that a net sees: the square of side `scale * max(width, height)` around its
 * center, read at `size` x `size` pixels, `border` being the gray value of what lies outside the picture.
 */
class CropRule internal constructor(val size: Int, val scale: Double, val border: Int) {
    /** The square to cut around a tight box. */
    fun square(tight: Box): Square = Square(tight.centerX, tight.centerY, scale * tight.side)

    internal companion object {
        private const val SAMPLING = "bilinear on a k-times finer grid, then k x k mean; k = min(16, ceil(side/size))"

        /** The rule that a model file carries; refused where it cannot be obeyed. */
        fun of(data: Map<*, *>): CropRule {
            val size = real(data["size"])
            val scale = real(data["scale"])
            val border = real(data["border"])
            if (size == null || scale == null || border == null || data["sampling"] !is String) {
                refuse("is incomplete or malformed")
            }
            val inRange = size.toInt() in 8..1024 && scale >= 0.1 && scale <= 10 && border.toInt() in 0..255 && border > -1
            if (!inRange || size.isNaN() || border.isNaN()) refuse("is out of range")
            if (data["sampling"] != SAMPLING) refuse("asks for a sampling that this version does not know")
            return CropRule(size.toInt(), scale, border.toInt())
        }

        private fun refuse(reason: String): Nothing =
            throw FacekpException("the model's crop rule $reason; export it again")
    }
}

/** An upright square of a picture, by its center and side in pixels. */
class Square(val x: Double, val y: Double, val side: Double) {
    internal fun checked(): Square {
        demand(x.isFinite() && y.isFinite() && side.isFinite() && side > 0) {
            "a crop needs a finite box with a positive side, not the square of side $side around ($x, $y)"
        }
        return this
    }

    /** Points x0, y0, ... in [0, 1] of the square as pixels of the picture, rounded as the toolkit's are. */
    internal fun toPicture(shares: FloatArray): FloatArray {
        val left = x - side / 2
        val top = y - side / 2
        return FloatArray(shares.size) { ((if (it % 2 == 0) left else top) + side * shares[it]).toFloat() }
    }
}
