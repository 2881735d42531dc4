package org.facekp.sample

import android.content.ContentResolver
import android.net.Uri
import android.provider.OpenableColumns
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream

/** What another app offers, to be read; null where it is gone, is refused, or that app fails, in whatever way. */
internal fun ContentResolver.opened(uri: Uri): InputStream? = asked { openInputStream(uri) }

/** The same, to be written anew. */
internal fun ContentResolver.writable(uri: Uri): OutputStream? = asked { openOutputStream(uri, "wt") }

/** A file's name as its app tells it; null where it does not. */
internal fun ContentResolver.name(uri: Uri): String? = asked {
    query(uri, arrayOf(OpenableColumns.DISPLAY_NAME), null, null, null)?.use { if (it.moveToFirst()) it.getString(0) else null }
}

/** Android throws here what the other app threw: beside the two that are documented, a handful of others. */
private fun <T> asked(question: () -> T?): T? = try {
    question()
} catch (_: IOException) {
    null
} catch (_: RuntimeException) {
    null
}
