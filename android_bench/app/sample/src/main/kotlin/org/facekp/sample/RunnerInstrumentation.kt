package org.facekp.sample

import android.app.Activity
import android.app.Instrumentation
import android.content.Intent
import android.os.Bundle
import android.os.Process
import java.io.File
import java.io.IOException

/**
 * What `facekp-bench --device adb --runner app` starts by `am instrument -w -r -e model ... -e output ...`.
 *
 * `-e prepare 1` only makes the app's folder and tells it. Results: `pid`, `folder`, and at a failure `error`.
 */
class RunnerInstrumentation : Instrumentation() {
    private var words: Map<String, String> = emptyMap()

    override fun onCreate(arguments: Bundle?) {
        super.onCreate(arguments)
        words = arguments?.keySet().orEmpty().associateWith { arguments?.getString(it).orEmpty() }
        start()
    }

    override fun onStart() {
        super.onStart()
        val results = Bundle()
        results.putString("pid", Process.myPid().toString())
        val code = try {
            answer(results)
            Activity.RESULT_OK
        } catch (refusal: RunnerException) {
            results.putString("error", refusal.message.orEmpty().replace('\n', ' '))
            refusal.code
        }
        finish(code, results)
    }

    private fun answer(results: Bundle) {
        val folder = targetContext.getExternalFilesDir(null)
            ?: throw RunnerException(RunnerException.BAD_FILE, "the phone's shared storage is not there; restart the phone")
        results.putString("folder", folder.path)
        if ("prepare" in words) return
        RunnerActivity.hidden(targetContext)?.let { throw RunnerException(RunnerException.BAD_INVOKE, it) }
        val request = RunnerRequest.of(words, folder)
        val intent = Intent(targetContext, RunnerActivity::class.java).addFlags(Intent.FLAG_ACTIVITY_NEW_TASK)
        val shown = startActivitySync(intent) as RunnerActivity
        try {
            File(folder, ANSWER).writeText(Runner(request, shown::disturbed).run() + "\n")
        } catch (error: IOException) {
            throw RunnerException(RunnerException.BAD_FILE, "the answer cannot be written: ${error.message}")
        } finally {
            shown.finish()
        }
    }

    private companion object {
        const val ANSWER = "answer.json"
    }
}
