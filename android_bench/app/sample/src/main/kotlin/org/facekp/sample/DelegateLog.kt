package org.facekp.sample

import android.os.Process
import android.util.Log
import java.io.IOException
import java.util.UUID

/** What the engine's log says of a delegate; by the rule of `android_bench/phone/runner/run.py`. */
internal object DelegateLog {
    private val REPLACED = Regex("Replacing (\\d+) out of (\\d+) node\\(s\\) with delegate \\([^)]*(Gpu|Nnapi)", RegexOption.IGNORE_CASE)
    private val INITIALIZED = Regex("Initialized Open(?:CL|GL)-based API")
    private val CREATED = Regex("Created [1-9]\\d* GPU delegate kernels")

    /** (taken, all) nodes of the model that a delegate executed; null where nothing shows that it took any. */
    fun nodes(log: String, delegate: String): Pair<Int, Int>? {
        val parts = REPLACED.findAll(log).filter { it.groupValues[3].equals(delegate, ignoreCase = true) }.toList()
        // "Replacing 97 out of 97" alone is logged by the GPU delegate even when it fails afterwards.
        val proven = delegate != "gpu" || (INITIALIZED.containsMatchIn(log) && CREATED.containsMatchIn(log))
        val taken = parts.sumOf { it.groupValues[1].toInt() }
        return if (taken > 0 && proven) taken to parts[0].groupValues[2].toInt() else null
    }

    /** Writes a line into the log, after which comes what is logged of the model that is opened next. */
    fun mark(): String = "a model is opened: ${UUID.randomUUID()}".also { Log.i("facekp", it) }

    /** What this process has logged since a mark; "" where the system does not say. */
    fun since(mark: String): String = after(own(), mark)

    /** The part of a log behind a mark; "" where the mark is not in it any more. */
    internal fun after(log: String, mark: String): String = log.substringAfterLast(mark, "")

    private fun own(): String = try {
        val logcat = ProcessBuilder("logcat", "-d", "-v", "raw", "--pid=${Process.myPid()}").start()
        logcat.inputStream.bufferedReader().use { it.readText() }
    } catch (_: IOException) {
        ""
    }
}
