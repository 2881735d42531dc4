@file:JvmName("Frames")

package org.facekp

import android.graphics.Bitmap
import android.graphics.ImageFormat
import android.media.Image

/** A bitmap as a picture: of any configuration, hardware too. */
fun pictureOf(bitmap: Bitmap): Picture {
    demand(!bitmap.isRecycled) { "the bitmap was recycled; detect before that" }
    val hardware = bitmap.config?.name == "HARDWARE" // unknown to Android 7
    val copy = if (hardware) bitmap.copy(Bitmap.Config.ARGB_8888, false) else null
    demand(!hardware || copy != null) { "the bitmap cannot be copied out of the GPU's memory; decode it without Config.HARDWARE" }
    val pixels = IntArray(bitmap.width * bitmap.height)
    (copy ?: bitmap).getPixels(pixels, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
    copy?.recycle()
    return ArgbPicture(pixels, bitmap.width, bitmap.height)
}

/**
 * Show a camera's frame, its crop rectangle alone.
 *
 * @param rotation clockwise degrees that bring it upright: `Orientation.upright`.
 * @param mirror show the mirror image of the upright picture.
 */
@JvmOverloads
fun YuvPicture.show(image: Image, rotation: Int, mirror: Boolean = false): YuvPicture {
    demand(image.format == ImageFormat.YUV_420_888) {
        "a frame is YUV_420_888, not format ${image.format}; give that format to the ImageReader"
    }
    val (y, u, v) = image.planes.map { YuvPicture.Plane(it.buffer, it.rowStride, it.pixelStride) }
    val part = image.cropRect
    return show(y, u, v, part.left, part.top, part.width(), part.height(), rotation, mirror)
}
