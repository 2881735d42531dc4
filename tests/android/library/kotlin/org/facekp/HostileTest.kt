package org.facekp

import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** Files that were damaged, or made to do harm: refused where Python refuses them, and nothing crashes or goes on without end. */
class HostileTest {
    /** The reader knows what a detector needs of a file; of the rest see DamagedNetTest. */
    @Test fun damagedFilesAreRefusedAlike() {
        for ((number, case) in tables((Vectors.of("documents") as Map<*, *>)["files"]).withIndex()) {
            if (case["name"] != null) assertEquals("file $number, ${case["damage"]}", case["name"], readName(fileOf(case)))
        }
    }

    /** Lengths and offsets that are negative, huge or beyond the file, wherever they stand: refused, or of no account. */
    @Test fun whateverStandsInTheTablesNothingCrashes() {
        val whole = tables((Vectors.of("documents") as Map<*, *>)["files"]).first { it["damage"] == "whole" }
        val data = fileOf(whole)
        data.order(ByteOrder.LITTLE_ENDIAN)
        var refused = 0
        for (at in 0..data.limit() - 4 step 2) {
            val before = data.getInt(at)
            for (bad in listOf(-1, Int.MIN_VALUE, Int.MAX_VALUE, data.limit(), 0xFFFF)) {
                data.putInt(at, bad)
                try {
                    ModelFile.info(data)
                    ModelFile.refuseDamaged(data)
                    ModelFile.inputs(data)
                    ModelFile.outputs(data)
                } catch (error: FacekpException) {
                    refused++
                }
            }
            data.putInt(at, before)
        }
        assertTrue("$refused", refused > 100)
    }

    /** A hundred thousand graphs that are one and the same, with as many tensors that are: minutes, of a few KB. */
    @Test(timeout = 60_000) fun tablesThatLeadToOneAndTheSameEnd() {
        val many = 100_000
        val graph = 52 + 4 * many
        val tensors = graph + 8
        val buffers = tensors + 4 + 4 * many
        val empty = buffers + 8
        val file = ByteBuffer.allocate(empty + 4).order(ByteOrder.LITTLE_ENDIAN)
        file.putInt(0, 24)
        "TFL3".forEachIndexed { i, letter -> file.put(4 + i, letter.code.toByte()) }
        // Which fields a model has here, graphs and buffers; a graph, tensors; and a tensor or buffer, none.
        listOf(14, 12, 0, 0, 4, 0, 8).forEachIndexed { i, value -> file.putShort(8 + 2 * i, value.toShort()) }
        listOf(6, 8, 4).forEachIndexed { i, value -> file.putShort(36 + 2 * i, value.toShort()) }
        listOf(4, 4).forEachIndexed { i, value -> file.putShort(44 + 2 * i, value.toShort()) }
        file.putInt(24, 24 - 8).putInt(28, 48 - 28).putInt(32, buffers - 32)
        file.putInt(graph, graph - 36).putInt(graph + 4, 4).putInt(empty, empty - 44)
        for ((vector, count, table) in listOf(Triple(48, many, graph), Triple(tensors, many, empty), Triple(buffers, 1, empty))) {
            file.putInt(vector, count)
            for (at in vector + 4..vector + 4 * count step 4) file.putInt(at, table - at)
        }
        assertTrue("damaged" in refusal { ModelFile.refuseDamaged(file) })
    }

    @Test fun tensorsOfOverflowingSizesAreRefused() {
        for (shape in listOf(listOf(1 shl 24, 1 shl 24, 1 shl 16, 1), List(64) { 3 }, listOf(-1, -1), listOf(0), listOf(1 shl 25))) {
            refusal { TensorSpec("a", shape, "uint8", 0f, 0).bytes }
        }
        assertEquals(4 * 96 * 96 * 3, TensorSpec("a", listOf(1, 96, 96, 3), "float32", 0f, 0).bytes)
    }
}
