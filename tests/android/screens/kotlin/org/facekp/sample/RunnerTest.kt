package org.facekp.sample

import android.app.KeyguardManager
import android.content.Context
import android.os.PowerManager
import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** The app as a runner; what it measured is judged by Python. */
@RunWith(SampleRunner::class)
@Config(sdk = [35])
class RunnerTest {
    private val folder = File(System.getProperty("facekp.runner")!!)
    private val words = mapOf(
        "model" to "$folder/model.tflite", "input" to "$folder/inputs.bin", "output" to "$folder/output.bin",
        "warmup" to "2", "min-runs" to "5", "min-seconds" to "0", "threads" to "2",
    )

    @Test
    fun itMeasures() {
        File(folder, "answer.json").writeText(Runner(RunnerRequest.of(words, folder)).run() + "\n")
    }

    @Test
    fun wrongWordsAreRefused() {
        val wrong = mapOf(
            "threads" to "0", "warmup" to "many", "min-seconds" to "nan", "delegate" to "tpu", "cpus" to "4",
        )
        for ((name, value) in wrong) {
            assertEquals(name, RunnerException.BAD_USAGE, refused(words + (name to value)).code)
        }
        assertEquals(RunnerException.BAD_USAGE, refused(words - "model").code)
        assertEquals(RunnerException.BAD_FILE, refused(words + ("output" to "$folder/../else.bin")).code)
    }

    @Test
    fun wrongFilesAreRefused() {
        assertEquals(RunnerException.BAD_FILE, refused(words + ("model" to "$folder/none")).code)
        assertEquals(RunnerException.BAD_FILE, refused(words + ("input" to "$folder/odd.bin")).code)
        assertEquals(RunnerException.BAD_MODEL, refused(words + ("model" to "$folder/inputs.bin")).code)
        assertEquals(RunnerException.BAD_DELEGATE, refused(words + ("delegate" to "gpu")).code)
    }

    @Test
    fun anAppThatWasLeftSaysSo() {
        Robolectric.buildActivity(RunnerActivity::class.java).use { controller ->
            val activity = controller.setup().get()
            assertNull(activity.disturbed())
            controller.pause()
            val said = assertThrows(RunnerException::class.java) {
                Runner(RunnerRequest.of(words, folder), activity::disturbed).run()
            }.message!!
            assertTrue(said, "was left" in said)
        }
    }

    @Test
    fun aDarkOrLockedScreenIsSaid() {
        val context = RuntimeEnvironment.getApplication()
        assertNull(RunnerActivity.hidden(context))
        val guard = shadowOf(context.getSystemService(Context.KEYGUARD_SERVICE) as KeyguardManager)
        guard.setKeyguardLocked(true)
        assertNotNull(RunnerActivity.hidden(context))
        guard.setKeyguardLocked(false)
        shadowOf(context.getSystemService(Context.POWER_SERVICE) as PowerManager).turnScreenOn(false)
        assertNotNull(RunnerActivity.hidden(context))
    }

    private fun refused(given: Map<String, String>): RunnerException =
        assertThrows(RunnerException::class.java) { Runner(RunnerRequest.of(given, folder)).run() }
}
