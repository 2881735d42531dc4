package org.facekp.sample

import android.content.ContentResolver
import android.content.res.AssetManager
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Matrix
import android.media.ExifInterface
import android.net.Uri
import java.io.IOException
import java.io.InputStream

/** A photograph, upright. `shrink` is how many times smaller than its file it was read; of an `animated` one it is the first picture. */
class Picture(val bitmap: Bitmap, val shrink: Int, val animated: Boolean) {
    companion object {
        /** What phones call 12 megapixels: 48 MB in memory, and more than any face needs. */
        private const val MOST_PIXELS = 12L shl 20

        /** A bundled picture. */
        fun of(assets: AssetManager, name: String): Picture = read { assets.open(name) }

        /** Somebody else's picture. Throws [PictureException] with a sentence for people. */
        fun of(resolver: ContentResolver, uri: Uri): Picture = try {
            read { resolver.opened(uri) ?: throw PictureException(R.string.gone) }
        } catch (_: IOException) {
            throw PictureException(R.string.gone)
        } catch (_: OutOfMemoryError) {
            throw PictureException(R.string.too_large)
        }

        private fun read(open: () -> InputStream): Picture {
            val size = BitmapFactory.Options().apply { inJustDecodeBounds = true }
            open().use { BitmapFactory.decodeStream(it, null, size) }
            if (size.outWidth <= 0 || size.outHeight <= 0) throw PictureException(R.string.unreadable)
            val shrink = shrink(size.outWidth, size.outHeight)
            val options = BitmapFactory.Options().apply { inSampleSize = shrink }
            val bitmap = open().use { BitmapFactory.decodeStream(it, null, options) }
                ?: throw PictureException(R.string.unreadable)
            return Picture(upright(bitmap, orientation(open)), shrink, open().use(::isAnimated))
        }

        /** The smallest power of two, which decoders take, after which a picture is small enough. */
        internal fun shrink(width: Int, height: Int): Int {
            var shrink = 1
            while (width.toLong() * height / (shrink.toLong() * shrink) > MOST_PIXELS) shrink *= 2
            return shrink
        }

        private fun orientation(open: () -> InputStream): Int = try {
            val normal = ExifInterface.ORIENTATION_NORMAL
            open().use { ExifInterface(it).getAttributeInt(ExifInterface.TAG_ORIENTATION, normal) }
        } catch (_: IOException) { // a format without EXIF
            ExifInterface.ORIENTATION_NORMAL
        } catch (_: RuntimeException) { // damaged EXIF, in Android 7
            ExifInterface.ORIENTATION_NORMAL
        }

        /** The picture as its EXIF orientation, 1 to 8, says that it was meant. */
        internal fun upright(bitmap: Bitmap, orientation: Int): Bitmap {
            val degrees = when (orientation) {
                3, 4 -> 180f
                5, 6 -> 90f
                7, 8 -> 270f
                else -> 0f
            }
            val mirrored = orientation in setOf(2, 4, 5, 7)
            if (degrees == 0f && !mirrored) return bitmap
            val turn = Matrix().apply {
                postRotate(degrees)
                if (mirrored) postScale(-1f, 1f)
            }
            return Bitmap.createBitmap(bitmap, 0, 0, bitmap.width, bitmap.height, turn, true).also { bitmap.recycle() }
        }
    }
}

/** A picture that cannot be shown, with the string that says why and what to do. */
class PictureException(val sentence: Int) : Exception()
