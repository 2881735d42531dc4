package org.facekp.sample

import android.content.Context
import android.net.Uri
import android.os.Build
import java.io.File
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.security.DigestOutputStream
import java.security.MessageDigest
import java.text.SimpleDateFormat
import java.util.Date
import java.util.Locale
import java.util.Random
import java.util.TimeZone
import org.facekp.FacekpException
import org.facekp.KeypointDetector
import org.json.JSONArray
import org.json.JSONObject

/** One measurement of the Benchmark screen. Call [run] on a thread of its own; [cancel] from any. */
class Benchmark(
    private val context: Context,
    private val model: ChosenModel,
    private val delegate: String,
    private val threads: Int,
) {
    @Volatile
    private var cancelled = false
    private var mark = ""

    fun cancel() {
        cancelled = true
    }

    /**
     * A document that `facekp-bench report` reads; null where it was cancelled. It waits for one that is still going on.
     *
     * @param progress called with percent, between runs.
     */
    fun run(progress: (Int) -> Unit): JSONObject? = synchronized(ONE) { alone(progress) }

    private fun alone(progress: (Int) -> Unit): JSONObject? {
        val folder = File(context.cacheDir, "benchmark")
        val started = SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss'+00:00'", Locale.ROOT)
            .apply { timeZone = TimeZone.getTimeZone("UTC") }.format(Date())
        return try {
            val identity = prepare(folder)
            val words = mapOf(
                "model" to "$folder/model.tflite", "input" to "$folder/inputs.bin", "output" to "$folder/output.bin",
                "delegate" to delegate, "threads" to "$threads",
            )
            mark = DelegateLog.mark()
            val answer = Runner(RunnerRequest.of(words, folder), between = { share ->
                if (cancelled) throw Cancelled()
                progress((100 * share).toInt())
            }).run()
            document(JSONObject(answer), identity.put("started", started))
        } catch (_: Cancelled) {
            null
        } catch (error: FacekpException) {
            throw RunnerException(RunnerException.BAD_MODEL, error.message.orEmpty())
        } catch (error: IOException) {
            throw RunnerException(RunnerException.BAD_FILE, "the phone has no room for the model: ${error.message}")
        } finally {
            folder.deleteRecursively()
        }
    }

    /** Model and one input of noise as files; what the record says of the model. */
    private fun prepare(folder: File): JSONObject {
        folder.mkdirs()
        val file = File(folder, "model.tflite")
        val sha256 = MessageDigest.getInstance("SHA-256")
        opened().use { from -> DigestOutputStream(file.outputStream(), sha256).use { from.copyTo(it) } }
        val info = KeypointDetector.fromFile(file).use { it.info }
        val values = info.crop.size * info.crop.size * 3
        val random = Random(0)
        val floats = info.inputType.let { it == null || it == "float32" }
        val input = ByteBuffer.allocate(if (floats) 4 * values else values).order(ByteOrder.nativeOrder())
        repeat(values) {
            val value = random.nextInt(256)
            if (floats) input.putFloat(value.toFloat()) else input.put(value.toByte())
        }
        File(folder, "inputs.bin").writeBytes(input.array())
        return JSONObject()
            .put("model", if (model.isFile) model.title else model.place).put("name", info.name).put("kind", info.kind)
            .put("sha256", sha256.digest().joinToString("") { "%02x".format(it) }).put("bytes", file.length())
    }

    private fun opened(): InputStream {
        if (!model.isFile) return context.assets.open(model.place)
        return context.contentResolver.opened(Uri.parse(model.place))
            ?: throw RunnerException(RunnerException.BAD_FILE, context.getString(R.string.model_gone, model.title))
    }

    private fun document(answer: JSONObject, record: JSONObject): JSONObject {
        val nanoseconds = answer.getJSONArray("samples_ns")
        val samples = DoubleArray(nanoseconds.length()) { nanoseconds.getLong(it) / 1e6 }
        val statistics = Statistics.of(samples)
        for (name in statistics.keys()) record.put(name, statistics.get(name))
        record.put("samples_ms", JSONArray(samples.toList()))
        for (name in listOf("inputs", "delegate", "threads", "warmup_runs", "first_ms", "load_ms")) record.put(name, answer.get(name))
        val peak = answer.opt("peak_memory_kb") as? Number
        val base = answer.opt("base_memory_kb") as? Number
        if (peak != null) record.put("peak_memory_mb", peak.toLong() * KILOBYTE)
        if (peak != null && base != null) record.put("memory_increase_mb", maxOf(0, peak.toLong() - base.toLong()) * KILOBYTE)
        record.put("runtime", "tflite").put("runtime_version", answer.get("engine_version")).put("device", "adb")
            .put("machine", machine()).put("fingerprint", fingerprint()).put("runner", runner())
            .put("min_runs", MIN_RUNS).put("min_seconds", MIN_SECONDS)
            .put("valid", true).put("warnings", JSONArray(listOf(UNGATED)))
        if (delegate != "cpu") {
            val nodes = DelegateLog.nodes(DelegateLog.since(mark), delegate)
                ?: throw RunnerException(RunnerException.BAD_DELEGATE, "nothing shows that $delegate computed; choose the CPU")
            record.put("delegated_nodes", JSONArray(listOf(nodes.first, nodes.second)))
        }
        return JSONObject().put("schema", "facekp-bench/1").put("records", JSONArray(listOf(record)))
    }

    private fun machine() = JSONObject()
        .put("cpu", if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) Build.SOC_MODEL else Build.HARDWARE)
        .put("cores", Runtime.getRuntime().availableProcessors())
        .put("os", "Android ${Build.VERSION.RELEASE} ${Build.SUPPORTED_ABIS.firstOrNull().orEmpty()}")

    private fun fingerprint() = JSONObject()
        .put("manufacturer", Build.MANUFACTURER).put("model", Build.MODEL).put("device", Build.DEVICE)
        .put("android", Build.VERSION.RELEASE).put("api", Build.VERSION.SDK_INT).put("build", Build.FINGERPRINT)
        .put("abis", JSONArray(Build.SUPPORTED_ABIS.toList()))

    private fun runner() = JSONObject().put("name", "app").put("why", "it was measured on the app's Benchmark screen")
        .put("version", context.packageManager.getPackageInfo(context.packageName, 0).versionName)

    private class Cancelled : RuntimeException()

    private companion object {
        val ONE = Any()
        const val MIN_RUNS = 50
        const val MIN_SECONDS = 1.0
        const val KILOBYTE = 1024 / 1e6
        const val UNGATED = "measured by hand on the phone: one repeat, heat and charging were not looked at, outputs not compared"
    }
}
