package org.facekp.sample

import android.content.ContentProvider
import android.content.ContentValues
import android.content.Context
import android.database.Cursor
import android.database.MatrixCursor
import android.net.Uri
import android.os.ParcelFileDescriptor
import android.provider.OpenableColumns
import java.io.File
import java.io.FileNotFoundException

/** Lets an app read the one picture that was shared with it: nobody without that grant gets here. */
class SharedPictures : ContentProvider() {
    override fun onCreate() = true

    override fun getType(uri: Uri) = TYPE

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
        if (mode != "r" || uri != URI) throw FileNotFoundException("there is no $uri to be opened as $mode")
        return ParcelFileDescriptor.open(file(context!!), ParcelFileDescriptor.MODE_READ_ONLY)
    }

    override fun query(uri: Uri, projection: Array<String>?, s: String?, a: Array<String>?, o: String?): Cursor {
        val known = mapOf(OpenableColumns.DISPLAY_NAME to NAME, OpenableColumns.SIZE to file(context!!).length())
        val columns = (projection ?: known.keys.toTypedArray()).filter { it in known }
        return MatrixCursor(columns.toTypedArray(), 1).apply { addRow(columns.map { known[it] }) }
    }

    override fun insert(uri: Uri, values: ContentValues?): Uri? = null

    override fun update(uri: Uri, values: ContentValues?, s: String?, a: Array<String>?) = 0

    override fun delete(uri: Uri, s: String?, a: Array<String>?) = 0

    companion object {
        const val TYPE = "image/png"
        const val NAME = "facekp.png"

        /** Of the picture that was shared last. */
        val URI: Uri = Uri.parse("content://org.facekp.sample.pictures/$NAME")

        internal fun file(context: Context) = File(context.cacheDir, "shared/$NAME")
    }
}
