package org.facekp

import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * A table of a flatbuffer (https://flatbuffers.dev/internals/); whatever points outside the file is refused.
 *
 * @param left how many elements may still be read, of all tables: those that lead to one and the same would never end.
 */
internal class Table private constructor(private val file: ByteBuffer, private val at: Int, private val left: Budget) {
    private class Budget(var elements: Int)

    private val fields = place(at - file.int(at).toLong())
    private val fieldsEnd = fields + file.short(fields)

    /** Where a field's value lies; 0 where the table leaves it out. */
    private fun field(number: Int): Int {
        val slot = fields + 4 + 2 * number
        if (slot + 2 > fieldsEnd) return 0
        val offset = file.short(slot)
        return if (offset == 0) 0 else place(at + offset.toLong(), 1)
    }

    fun long(number: Int): Long = field(number).let { if (it == 0) 0L else file.int(it).toLong() and 0xFFFFFFFFL }

    fun byte(number: Int): Int = field(number).let { if (it == 0) 0 else file.get(it).toInt() }

    fun child(number: Int): Table? = field(number).let { if (it == 0) null else Table(file, follow(it), left) }

    fun firstFloat(number: Int): Float? =
        vector(number, 4).let { (start, length) -> if (length == 0) null else file.getFloat(start) }

    fun firstLong(number: Int): Long? =
        vector(number, 8).let { (start, length) -> if (length == 0) null else file.getLong(start) }

    /** A vector's place and length: of `size` bytes each, all inside the file. */
    private fun vector(number: Int, size: Int): Pair<Int, Int> {
        val slot = field(number)
        if (slot == 0) return 0 to 0
        val start = follow(slot)
        val length = file.int(start)
        if (length < 0 || start + 4 + length.toLong() * size > file.limit()) damaged()
        return start + 4 to length
    }

    fun tables(number: Int): List<Table> {
        val (start, length) = spent(vector(number, 4))
        return List(length) { Table(file, follow(start + 4 * it), left) }
    }

    fun count(number: Int): Int = vector(number, 4).second

    fun table(number: Int, index: Int): Table = Table(file, follow(vector(number, 4).first + 4 * index), left)

    fun ints(number: Int): IntArray {
        val (start, length) = spent(vector(number, 4))
        return IntArray(length) { file.int(start + 4 * it) }
    }

    /** Read once, all vectors together have fewer elements than the file has bytes. */
    private fun spent(vector: Pair<Int, Int>) = vector.also { (_, length) ->
        if (length > left.elements) damaged()
        left.elements -= length
    }

    fun bytes(number: Int): ByteBuffer {
        val (start, length) = vector(number, 1)
        return (file.duplicate() as ByteBuffer).apply {
            position(start)
            limit(start + length)
        }.slice()
    }

    private fun follow(slot: Int): Int = place(slot + (file.int(slot).toLong() and 0xFFFFFFFFL))

    private fun place(wanted: Long, bytes: Int = 4): Int {
        if (wanted < 0 || wanted + bytes > file.limit()) damaged()
        return wanted.toInt()
    }

    companion object {
        private fun damaged(): Nothing =
            throw FacekpException("the TFLite file is damaged or was cut short; copy it again, or export it again")

        private fun ByteBuffer.int(at: Int): Int = if (at < 0 || at.toLong() + 4 > limit()) damaged() else getInt(at)

        private fun ByteBuffer.short(at: Int): Int =
            if (at < 0 || at.toLong() + 2 > limit()) damaged() else getShort(at).toInt() and 0xFFFF

        /** The table that a file begins with. */
        fun root(file: ByteBuffer): Table {
            val little = (file.duplicate() as ByteBuffer).order(ByteOrder.LITTLE_ENDIAN)
            val start = little.int(0).toLong() and 0xFFFFFFFFL
            if (start + 4 > little.limit()) damaged()
            return Table(little, start.toInt(), Budget(little.limit()))
        }
    }
}
