package org.facekp.sample

import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.os.Bundle
import android.os.Handler
import android.os.Looper
import android.view.View
import android.view.WindowManager
import android.widget.Button
import android.widget.ProgressBar
import android.widget.Spinner
import android.widget.TextView
import kotlin.concurrent.thread
import org.json.JSONObject

/** Times a model on this phone, a bundled one or the file that was chosen, and shares a document that facekp-bench reads. */
class BenchmarkActivity : Activity() {
    private val here = Handler(Looper.getMainLooper())
    private lateinit var models: List<ChosenModel>
    private lateinit var start: Button
    private lateinit var share: Button
    private lateinit var progress: ProgressBar
    private lateinit var result: TextView
    private var running: Benchmark? = null
    private var document: String? = null

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.benchmark)
        findViewById<View>(R.id.root).avoidSystemBars()
        val choices = Choices(this)
        models = choices.models
        start = findViewById(R.id.start)
        share = findViewById(R.id.share)
        progress = findViewById(R.id.progress)
        result = findViewById(R.id.result)
        offer(R.id.model, models, models.indexOf(choices.now.model))
        offer(R.id.processor, resources.getStringArray(R.array.processors).toList(), 0)
        offer(R.id.threads, threadChoices(), 0)
        start.setOnClickListener { if (running == null) begin() else cancel() }
        share.setOnClickListener { share() }
        show(savedInstanceState?.getString(DOCUMENT))
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putString(DOCUMENT, document)
    }

    /** Somebody else's screen in front would take the processor from what is measured. */
    override fun onPause() {
        cancel()
        super.onPause()
    }

    override fun onDestroy() {
        here.removeCallbacksAndMessages(null)
        super.onDestroy()
    }

    private fun begin() {
        val chosen = { id: Int -> findViewById<Spinner>(id).selectedItemPosition }
        val delegate = listOf("cpu", "gpu", "nnapi")[chosen(R.id.processor)]
        val benchmark = Benchmark(applicationContext, models[chosen(R.id.model)], delegate, chosen(R.id.threads) + 1)
        running = benchmark
        document = null
        working(true)
        result.setText(R.string.benchmark_running)
        thread(name = "benchmark") {
            try {
                val made = benchmark.run { percent -> here.post { if (running === benchmark) progress.progress = percent } }
                here.post { done(benchmark) { if (made == null) result.setText(R.string.benchmark_cancelled) else show(made.toString()) } }
            } catch (refusal: RunnerException) {
                here.post { done(benchmark) { result.text = getString(R.string.benchmark_failed, refusal.message) } }
            }
        }
    }

    private fun done(benchmark: Benchmark, tell: () -> Unit) {
        if (running !== benchmark) return
        running = null
        working(false)
        tell()
    }

    private fun cancel() {
        running?.cancel()
    }

    private fun working(on: Boolean) {
        start.setText(if (on) R.string.cancel else R.string.start)
        progress.progress = 0
        progress.visibility = if (on) View.VISIBLE else View.GONE
        share.isEnabled = !on && document != null
        val flag = WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON
        if (on) window.addFlags(flag) else window.clearFlags(flag)
    }

    private fun show(made: String?) {
        document = made
        working(false)
        if (made == null) {
            result.setText(R.string.benchmark_intro)
            return
        }
        val record = JSONObject(made).getJSONArray("records").getJSONObject(0)
        result.text = getString(
            R.string.benchmark_result, record.getString("delegate").uppercase(), record.getInt("threads"),
            record.getDouble("p50_ms"), record.getDouble("p90_ms"), record.getDouble("first_ms"),
            record.getJSONArray("samples_ms").length(),
        )
    }

    private fun share() {
        val intent = Intent(Intent.ACTION_SEND).setType("text/plain").putExtra(Intent.EXTRA_TEXT, document)
        try {
            startActivity(Intent.createChooser(intent, getString(R.string.share)))
        } catch (_: ActivityNotFoundException) {
            result.setText(R.string.no_sharing)
        }
    }

    private companion object {
        const val DOCUMENT = "document"
    }
}
