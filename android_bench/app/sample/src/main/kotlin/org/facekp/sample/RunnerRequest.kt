package org.facekp.sample

import java.io.File
import java.io.IOException

/** What ended a runner, in the words and with the number of `android_bench/native`'s facekp_runner. */
class RunnerException(val code: Int, message: String) : Exception(message) {
    companion object {
        const val BAD_USAGE = 2
        const val BAD_ENGINE = 3
        const val BAD_MODEL = 4
        const val BAD_DELEGATE = 5
        const val BAD_INVOKE = 6
        const val BAD_FILE = 7
    }
}

/** facekp_runner's options; the files lie in the app's own folder. */
class RunnerRequest private constructor(
    val model: File,
    val input: File,
    val output: File,
    val delegate: String,
    val threads: Int,
    val warmup: Int,
    val minRuns: Int,
    val minSeconds: Double,
    val maxSeconds: Double,
) {
    companion object {
        private const val MOST_RUNS = 1_000_000L
        private const val MOST_THREADS = 256L
        private const val MOST_SECONDS = 1e6
        private val OPTIONS = setOf(
            "model", "input", "output", "delegate", "threads", "warmup", "min-runs", "min-seconds", "max-seconds",
        )

        /** Throws RunnerException for an option that is unknown, lacks or is out of its range. */
        fun of(words: Map<String, String>, folder: File): RunnerRequest {
            (words.keys - OPTIONS).firstOrNull()?.let { refuse("unknown option '--$it'") }
            val file = { name: String -> inside(folder, words[name] ?: refuse("--$name is needed")) }
            val delegate = words["delegate"] ?: "cpu"
            if (delegate !in setOf("cpu", "gpu", "nnapi")) refuse("--delegate takes cpu, gpu or nnapi, not '$delegate'")
            return RunnerRequest(
                model = file("model"),
                input = file("input"),
                output = file("output"),
                delegate = delegate,
                threads = whole(words, "threads", 1, 1..MOST_THREADS),
                warmup = whole(words, "warmup", 20, 0..MOST_RUNS),
                minRuns = whole(words, "min-runs", 50, 1..MOST_RUNS),
                minSeconds = seconds(words, "min-seconds", 1.0),
                maxSeconds = seconds(words, "max-seconds", 60.0),
            )
        }

        private fun inside(folder: File, path: String): File {
            val file = File(path)
            val own = try {
                file.canonicalFile.startsWith(folder.canonicalFile)
            } catch (_: IOException) {
                false
            }
            if (!own) throw RunnerException(RunnerException.BAD_FILE, "$path does not lie in the app's folder, $folder")
            return file
        }

        private fun whole(words: Map<String, String>, name: String, otherwise: Int, range: LongRange): Int {
            val text = words[name] ?: return otherwise
            val number = text.toLongOrNull()
            if (number == null || number !in range) {
                refuse("--$name takes a whole number from ${range.first} to ${range.last}, not '$text'")
            }
            return number.toInt()
        }

        private fun seconds(words: Map<String, String>, name: String, otherwise: Double): Double {
            val text = words[name] ?: return otherwise
            val number = text.toDoubleOrNull()
            // The negation also refuses nan.
            if (number == null || !(number >= 0 && number <= MOST_SECONDS)) {
                refuse("--$name takes seconds from 0 to 1000000, not '$text'")
            }
            return number
        }

        private fun refuse(sentence: String): Nothing = throw RunnerException(RunnerException.BAD_USAGE, sentence)
    }
}
