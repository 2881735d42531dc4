package org.facekp.sample

import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

/** A phone whose loader refuses the engine's library; run without one. */
class NoEngineTest {
    @Test
    fun itIsSaid() {
        val folder = File(System.getProperty("facekp.runner")!!)
        val words = listOf("model", "input", "output").associateWith { "$folder/$it" }
        val refused = assertThrows(RunnerException::class.java) { Runner(RunnerRequest.of(words, folder)).run() }
        assertEquals(RunnerException.BAD_ENGINE, refused.code)
        assertTrue(refused.message!!, "does not load on this phone" in refused.message!!)
    }
}
