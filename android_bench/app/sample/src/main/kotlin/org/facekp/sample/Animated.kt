package org.facekp.sample

import java.io.DataInputStream
import java.io.EOFException
import java.io.InputStream

/** Whether a GIF, PNG, WebP, AVIF or HEIF holds several pictures that are shown in turn; Android reads the first and does not say so. */
internal fun isAnimated(stream: InputStream): Boolean = try {
    val file = DataInputStream(stream.buffered())
    val start = file.text(8)
    when {
        start.startsWith("GIF8") -> isAnimatedGif(file)
        start == "\u0089PNG\r\n\u001a\n" -> isAnimatedPng(file)
        start.startsWith("RIFF") -> file.text(8) == "WEBPVP8X" && file.pass(4).readUnsignedByte() and 2 != 0
        start.endsWith("ftyp") -> brands(file, start).any(SEQUENCES::contains)
        else -> false
    }
} catch (_: EOFException) {
    false
}

/** A second image, after the screen, extensions and the first. */
private fun isAnimatedGif(file: DataInputStream): Boolean {
    var images = 0
    val flags = file.pass(2).readUnsignedByte()
    file.pass(2 + tableSize(flags))
    while (true) {
        when (file.readUnsignedByte()) {
            0x21 -> file.pass(1) // an extension, and which
            0x2C -> {
                if (++images == 2) return true
                file.pass(1 + tableSize(file.pass(8).readUnsignedByte()))
            }
            else -> return false
        }
        // Blocks of at most 255 bytes, which an empty one ends.
        do {
            val size = file.readUnsignedByte()
            file.pass(size)
        } while (size != 0)
    }
}

/** The bytes of a table of colors, by the flags that announce it. */
private fun tableSize(flags: Int): Int = if (flags and 0x80 == 0) 0 else 3 shl ((flags and 7) + 1)

/** What an AVIF or HEIF says that it is, by the box that it begins with: its main brand, a version, and others. */
private fun brands(file: DataInputStream, start: String): List<String> {
    val size = start.take(4).fold(0) { all, letter -> all shl 8 or letter.code }
    val words = List((size.coerceIn(8, LARGEST_BOX) - 8) / 4) { file.text(4) }
    return words.filterIndexed { place, _ -> place != 1 }
}

/** Before the first image's pixels it says how many there are. */
private fun isAnimatedPng(file: DataInputStream): Boolean {
    while (true) {
        val length = file.readInt()
        when (file.text(4)) {
            "acTL" -> return file.readInt() > 1
            "IDAT" -> return false
        }
        if (length < 0) return false
        file.pass(length).pass(CHECKSUM)
    }
}

private const val CHECKSUM = 4

/** Brands of image sequences: AVIF's, HEIF's of any codec, and HEVC's four. */
private val SEQUENCES = setOf("avis", "msf1", "hevc", "hevx", "hevm", "hevs")
private const val LARGEST_BOX = 1024

private fun DataInputStream.text(length: Int) = String(ByteArray(length).also(::readFully), Charsets.ISO_8859_1)

/** Go on behind so many bytes. Throws EOFException where there are fewer. */
private fun DataInputStream.pass(count: Int): DataInputStream {
    var left = count
    while (left > 0) {
        val passed = skipBytes(left)
        if (passed > 0) left -= passed else readByte().also { left-- }
    }
    return this
}
