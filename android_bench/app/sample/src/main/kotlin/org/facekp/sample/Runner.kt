package org.facekp.sample

import java.io.File
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.facekp.FacekpException
import org.facekp.ModelFile
import org.facekp.TensorSpec
import org.json.JSONArray
import org.json.JSONObject
import org.tensorflow.lite.Delegate
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.TensorFlowLite
import org.tensorflow.lite.gpu.GpuDelegate

/**
 * Times one model, as facekp_runner does: every stored input once, whose outputs are kept; warm-up; timed runs on
 * the first input.
 *
 * @param disturbed why what is measured would not be a foreground app's, in a sentence; null where it would.
 * @param between called between runs with the share of the timed ones that is done; what it throws ends the measurement.
 */
class Runner(
    private val request: RunnerRequest,
    private val disturbed: () -> String? = { null },
    private val between: (Double) -> Unit = {},
) {
    private var delegate: Delegate? = null
    private val outputs = HashMap<Int, Any>()
    private lateinit var interpreter: Interpreter
    private lateinit var input: ByteBuffer
    private lateinit var inputTensor: TensorSpec
    private lateinit var outputTensors: List<TensorSpec>

    /** The line of JSON that facekp_runner prints. Throws RunnerException where nothing can be measured. */
    fun run(): String {
        refuseDisturbed()
        val inputs = read(request.input)
        val version = engineVersion() // the engine itself is loaded before what is counted
        val base = status("VmRSS")
        val start = System.nanoTime()
        open()
        try {
            val loaded = milliseconds(start)
            refuseOdd(inputs)
            val first = keepOutputs(inputs)
            fill(inputs, 0)
            val warm = warmUp()
            val samples = timedRuns()
            refuseDisturbed()
            return JSONObject()
                .put("runner", 1).put("engine", "tflite").put("engine_version", version)
                .put("delegate", request.delegate).put("threads", request.threads)
                .put("cpus", JSONObject.NULL).put("pinned", JSONObject.NULL)
                .put("load_ms", loaded).put("first_ms", first)
                .put("warmup_runs", warm).put("samples_ns", JSONArray(samples))
                .put("peak_memory_kb", status("VmHWM") ?: JSONObject.NULL).put("base_memory_kb", base ?: JSONObject.NULL)
                .put("inputs", JSONArray(listOf(described(inputTensor))))
                .put("outputs", JSONArray(outputTensors.map(::described)))
                .toString()
        } finally {
            interpreter.close()
            delegate?.close()
        }
    }

    private fun engineVersion(): String = try {
        TensorFlowLite.runtimeVersion()
    } catch (error: LinkageError) {
        // The loader's own words come last.
        val why = error.message.orEmpty().lines().lastOrNull(String::isNotBlank).orEmpty().trim().take(200)
        refuse(RunnerException.BAD_ENGINE, "TensorFlow Lite's library does not load on this phone ($why); use --runner glibc")
    }

    private fun open() {
        val bytes = read(request.model)
        val model = ByteBuffer.allocateDirect(bytes.size).order(ByteOrder.nativeOrder()).put(bytes)
        prepareTensors(model)
        val options = Interpreter.Options().setNumThreads(request.threads)
        try {
            if (request.delegate == "nnapi") options.setUseNNAPI(true)
            if (request.delegate == "gpu") options.addDelegate(GpuDelegate().also { delegate = it })
        } catch (error: RuntimeException) {
            refuse(RunnerException.BAD_DELEGATE, "this phone has no ${request.delegate} delegate (${said(error)})")
        } catch (error: LinkageError) {
            refuse(RunnerException.BAD_DELEGATE, "this phone has no ${request.delegate} delegate (${said(error)})")
        }
        interpreter = try {
            Interpreter(model, options)
        } catch (error: RuntimeException) {
            delegate?.close()
            val code = if (request.delegate == "cpu") RunnerException.BAD_MODEL else RunnerException.BAD_DELEGATE
            refuse(code, "the engine does not take the model (${said(error)})")
        }
    }

    /** By the file itself, as the engine may crash on a damaged one. */
    private fun prepareTensors(model: ByteBuffer) {
        model.rewind()
        try {
            ModelFile.refuseDamaged(model)
            val inputs = ModelFile.inputs(model)
            if (inputs.size != 1) refuse(RunnerException.BAD_MODEL, "the model has ${inputs.size} inputs and not one")
            inputTensor = inputs[0]
            outputTensors = ModelFile.outputs(model)
            input = room(inputTensor)
            outputTensors.forEachIndexed { i, tensor -> outputs[i] = room(tensor) }
        } catch (error: FacekpException) {
            refuse(RunnerException.BAD_MODEL, error.message.orEmpty())
        }
    }

    private fun refuseOdd(inputs: ByteArray) {
        if (inputs.isNotEmpty() && inputs.size % input.capacity() == 0) return
        refuse(
            RunnerException.BAD_FILE,
            "${request.input} holds ${inputs.size} bytes, which is no multiple of the ${input.capacity()} that one input takes",
        )
    }

    /** Runs every input once and writes its outputs; the milliseconds of the very first run. */
    private fun keepOutputs(inputs: ByteArray): Double {
        val part = File(request.output.path + ".part")
        var first = 0.0
        try {
            part.outputStream().use { stream ->
                for (i in 0 until inputs.size / input.capacity()) {
                    fill(inputs, i)
                    val start = System.nanoTime()
                    invoke("input $i")
                    if (i == 0) first = milliseconds(start)
                    for (k in outputTensors.indices) stream.write(bytes(outputs[k] as ByteBuffer))
                }
            }
            if (!part.renameTo(request.output)) throw IOException("it cannot be renamed")
        } catch (error: IOException) {
            refuse(RunnerException.BAD_FILE, "${request.output} cannot be written: ${error.message}")
        }
        return first
    }

    private fun warmUp(): Int {
        val end = System.nanoTime() + request.maxSeconds * SECOND
        var runs = 0
        while (runs < request.warmup && System.nanoTime() < end) {
            invoke("warm-up")
            between(0.0)
            runs++
        }
        return runs
    }

    /** The engine's own durations, in nanoseconds. */
    private fun timedRuns(): List<Long> {
        val end = System.nanoTime() + request.maxSeconds * SECOND
        val samples = ArrayList<Long>()
        var inside = 0L
        do {
            invoke("timed run")
            val took = interpreter.lastNativeInferenceDurationNanoseconds
                ?: refuse(RunnerException.BAD_INVOKE, "the engine tells no duration")
            samples += took
            inside += took
            between(minOf(1.0, samples.size.toDouble() / request.minRuns, inside / (request.minSeconds * SECOND)))
            val enough = samples.size >= request.minRuns && inside >= request.minSeconds * SECOND
        } while (!enough && System.nanoTime() < end)
        return samples
    }

    private fun invoke(which: String) {
        input.rewind()
        outputs.values.forEach { (it as ByteBuffer).rewind() }
        try {
            interpreter.runForMultipleInputsOutputs(arrayOf<Any>(input), outputs)
        } catch (error: RuntimeException) {
            refuse(RunnerException.BAD_INVOKE, "the engine failed to run the model ($which: ${said(error)})")
        }
    }

    private fun fill(inputs: ByteArray, number: Int) {
        input.rewind()
        input.put(inputs, number * input.capacity(), input.capacity())
    }

    private fun refuseDisturbed() {
        disturbed()?.let { refuse(RunnerException.BAD_INVOKE, it) }
    }

    private companion object {
        const val SECOND = 1e9

        fun milliseconds(start: Long): Double = (System.nanoTime() - start) / 1e6

        fun room(tensor: TensorSpec): ByteBuffer = ByteBuffer.allocateDirect(tensor.bytes).order(ByteOrder.nativeOrder())

        fun bytes(buffer: ByteBuffer): ByteArray {
            buffer.rewind()
            return ByteArray(buffer.capacity()).also { buffer.get(it) }
        }

        fun described(tensor: TensorSpec): JSONObject = JSONObject()
            .put("name", tensor.name).put("shape", JSONArray(tensor.shape)).put("dtype", tensor.type)

        fun read(file: File): ByteArray = try {
            file.readBytes()
        } catch (error: IOException) {
            refuse(RunnerException.BAD_FILE, "$file cannot be read: ${error.message}")
        }

        /** A line of this process's status, in kB; null where the system hides it. */
        fun status(name: String): Long? = try {
            val line = File("/proc/self/status").readLines().firstOrNull { it.startsWith("$name:") }
            line?.filter(Char::isDigit)?.toLongOrNull()
        } catch (_: IOException) {
            null
        }

        fun said(error: Throwable): String = (error.message ?: error.javaClass.simpleName).lineSequence().first().take(200)

        fun refuse(code: Int, sentence: String): Nothing = throw RunnerException(code, sentence)
    }
}
