@file:JvmName("Sources")

package org.facekp

import android.content.Context
import android.net.Uri
import java.io.File
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder

// Far beyond any model for a phone; a content provider may never end.
private const val LARGEST_FILE = 512 shl 20
private const val BLOCK = 1 shl 16

internal fun assetBytes(context: Context, path: String): ByteBuffer =
    bytesOf("add it to the app's assets") { context.assets.open(path) }

internal fun fileBytes(file: File): ByteBuffer = bytesOf("choose another file") { file.inputStream() }

internal fun uriBytes(context: Context, uri: Uri): ByteBuffer = bytesOf("choose the file again") {
    context.contentResolver.openInputStream(uri) ?: throw IOException("it cannot be opened")
}

private inline fun bytesOf(remedy: String, open: () -> InputStream): ByteBuffer {
    val parts = ArrayList<ByteArray>()
    var size = 0L
    try {
        open().use { stream ->
            while (true) {
                val block = ByteArray(BLOCK)
                val count = stream.read(block)
                if (count < 0) break
                size += count
                demand(size <= LARGEST_FILE) { "it is larger than any model for a phone; $remedy" }
                parts += if (count == BLOCK) block else block.copyOf(count)
            }
        }
    } catch (error: IOException) {
        throw FacekpException("it cannot be read (${error.message}); $remedy", error)
    } catch (error: SecurityException) {
        throw FacekpException("the permission to read it was taken back; $remedy", error)
    } catch (error: FacekpException) {
        throw error
    } catch (error: RuntimeException) { // what the app threw that a content URI belongs to
        throw FacekpException("it cannot be read (${error.message ?: error.javaClass.simpleName}); $remedy", error)
    }
    val whole = ByteBuffer.allocateDirect(size.toInt()).order(ByteOrder.nativeOrder())
    parts.forEach { whole.put(it) }
    whole.rewind()
    return whole
}
