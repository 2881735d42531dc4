package org.facekp.sample

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.net.Uri
import java.io.File
import java.io.IOException
import java.io.OutputStream

/** A picture with its points, to be written as a PNG. [write] and [share] belong on a worker's thread. */
class MarkedPicture(private val context: Context, private val bitmap: Bitmap, private val faces: List<KeypointView.Points>) {
    /** Writes it into a document that people chose; the string that says how that went. */
    fun write(to: Uri): Int = said {
        write(context.contentResolver.writable(to) ?: throw IOException("it cannot be opened"))
    }

    /** Puts it where [SharedPictures] hands it out; the string that says why not, null where it did. */
    fun share(): Int? {
        val file = SharedPictures.file(context)
        val said = said {
            file.parentFile?.mkdirs()
            val part = File(file.path + ".part")
            write(part.outputStream())
            if (!part.renameTo(file)) throw IOException("it cannot be renamed")
        }
        return said.takeIf { it != R.string.saved }
    }

    private fun said(work: () -> Unit): Int = try {
        work()
        R.string.saved
    } catch (_: IOException) {
        R.string.not_saved
    } catch (_: OutOfMemoryError) {
        R.string.too_large
    }

    private fun write(stream: OutputStream) = stream.use {
        val drawn = bitmap.copy(Bitmap.Config.ARGB_8888, true)
        val painter = FacePainter(context)
        val canvas = Canvas(drawn).apply { translate(0.5f, 0.5f) } // a point's integers name a pixel's center
        for (face in faces) painter.inPicture(canvas, face.coordinates, face.lines, face.side)
        if (!drawn.compress(Bitmap.CompressFormat.PNG, 100, it)) throw IOException("it cannot be compressed")
    }
}
