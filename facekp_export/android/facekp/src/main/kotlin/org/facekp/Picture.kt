package org.facekp

/** An upright picture that crops are read from; of a camera's frame only the pixels that a crop needs. */
abstract class Picture {
    /** In pixels. */
    abstract val width: Int

    /** In pixels. */
    abstract val height: Int

    /** The color 0xRRGGBB of a pixel within the picture. */
    abstract fun rgb(x: Int, y: Int): Int
}

/** A picture in memory, row by row; what stands above a pixel's lower 24 bits is not looked at. */
class ArgbPicture(private val pixels: IntArray, override val width: Int, override val height: Int) : Picture() {
    init {
        demand(width > 0 && height > 0 && pixels.size.toLong() >= width.toLong() * height) {
            "a picture of $width x $height pixels cannot be read from ${pixels.size}; give width * height of them"
        }
    }

    override fun rgb(x: Int, y: Int): Int = pixels[y * width + x]
}
