package org.facekp

import android.os.Build
import java.io.Closeable
import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.tensorflow.lite.Delegate
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.gpu.GpuDelegate

/** What is asked to compute a model. NNAPI is deprecated since Android 15. */
enum class Processor { CPU, GPU, NNAPI }

/**
 * How a model is run.
 *
 * @property threads of the CPU, 1 or more.
 * @property processor where it fails, the CPU computes, and `fallback` says so.
 */
data class Options @JvmOverloads constructor(val threads: Int = 1, val processor: Processor = Processor.CPU) {
    init {
        demand(threads >= 1) { "a model runs on at least one thread, not $threads" }
    }
}

/**
 * A model file opened by TensorFlow Lite, for the thread that opened it alone: the GPU demands that.
 *
 * @param model the whole file, in a direct buffer.
 */
internal class Engine(
    private val model: ByteBuffer,
    private val options: Options,
    private val open: (ByteBuffer, Options) -> Opened = ::opened,
) : Closeable {
    private val owner = Thread.currentThread()
    private var taken: Opened
    private var closed = false

    /** What computes. */
    var ran = options.processor
        private set

    /** Why it is not what was asked for; null where it is. */
    var fallback: String? = null
        private set

    /** What the interpreter says of its last run; null before that. */
    val lastRunNanoseconds: Long?
        get() {
            refuseOthers()
            return taken.interpreter.lastNativeInferenceDurationNanoseconds
        }

    /** The bytes of the model's one input, to be filled before each run. */
    val input: ByteBuffer
    private val results: Map<Int, ByteBuffer>
    private val inputs: Array<Any>

    /** What the file says of its one input and of its outputs. */
    val inputTensor: TensorSpec
    val outputTensors: List<TensorSpec>

    init {
        ModelFile.refuseDamaged(model)
        val given = ModelFile.inputs(model)
        demand(given.size == 1) { "the model has ${given.size} inputs and not one; export it again" }
        inputTensor = given[0]
        outputTensors = ModelFile.outputs(model)
        input = room(inputTensor)
        inputs = arrayOf(input)
        results = outputTensors.indices.associateWith { room(outputTensors[it]) }
        taken = try {
            open(model, options)
        } catch (error: RuntimeException) {
            openedOnCpu(error)
        } catch (error: LinkageError) {
            openedOnCpu(error)
        }
    }

    /** Run once on what `input` holds. */
    fun run() {
        refuseOthers()
        try {
            compute()
        } catch (error: RuntimeException) {
            if (ran == Processor.CPU) throw refusal("compute", error)
            // A driver may fail only now.
            taken.close()
            taken = openedOnCpu(error)
            run()
        }
    }

    private fun compute() {
        input.rewind()
        results.values.forEach { it.rewind() }
        taken.interpreter.runForMultipleInputsOutputs(inputs, results)
    }

    /** The CPU in place of what failed, which is said; refused where that was the CPU. */
    private fun openedOnCpu(failure: Throwable): Opened {
        if (options.processor == Processor.CPU) throw refusal("open", failure)
        ran = Processor.CPU
        fallback = "the CPU computes, as the ${options.processor} cannot: ${said(failure)}"
        return try {
            open(model, options.copy(processor = Processor.CPU))
        } catch (error: RuntimeException) {
            throw refusal("open", error)
        } catch (error: LinkageError) {
            throw refusal("open", error)
        }
    }

    /** An output of the last run as real numbers. */
    fun result(number: Int, into: FloatArray) {
        val tensor = outputTensors[number]
        val bytes = results.getValue(number)
        bytes.rewind()
        if (tensor.type == "float32") {
            bytes.asFloatBuffer().get(into)
            return
        }
        val mask = if (tensor.type == "uint8") 255 else -1
        for (i in into.indices) into[i] = tensor.scale * ((bytes.get(i).toInt() and mask) - tensor.zero)
    }

    fun refuseOthers() {
        demand(!closed) { "this model was closed; open it again" }
        demand(Thread.currentThread() === owner) {
            "a model belongs to the thread that opened it, ${owner.name}; call it there, or open another one here"
        }
    }

    override fun close() {
        if (closed) return
        refuseOthers()
        closed = true
        taken.close()
    }

    /** An interpreter, and the delegate that goes after it. */
    internal class Opened(val interpreter: Interpreter, private val delegate: Delegate?) : Closeable {
        override fun close() {
            interpreter.close()
            delegate?.close()
        }
    }

    companion object {
        private const val FIRST_NNAPI = 27

        /** An interpreter on what is asked for; where that cannot be had, whatever the engine throws. */
        fun opened(model: ByteBuffer, options: Options): Opened {
            val settings = Interpreter.Options().setNumThreads(options.threads)
            if (options.processor == Processor.NNAPI) {
                // The engine itself would leave it to the CPU and say nothing.
                demand(Build.VERSION.SDK_INT >= FIRST_NNAPI) { "Android ${Build.VERSION.RELEASE} has none" }
                settings.setUseNNAPI(true)
            }
            val delegate = if (options.processor == Processor.GPU) GpuDelegate() else null
            try {
                delegate?.let { settings.addDelegate(it) }
                return Opened(Interpreter(model, settings), delegate)
            } catch (error: RuntimeException) {
                delegate?.close()
                throw error
            }
        }

        private fun refusal(what: String, error: Throwable): FacekpException {
            val sentence = if (error is LinkageError) {
                // The loader's own words come last.
                val why = error.message.orEmpty().lines().lastOrNull(String::isNotBlank).orEmpty().trim().take(200)
                "TensorFlow Lite's library does not load on this phone ($why); build the app for its processor and memory pages"
            } else {
                "TensorFlow Lite cannot $what the model (${said(error)}); export it again"
            }
            return FacekpException(sentence, error)
        }

        private fun room(tensor: TensorSpec): ByteBuffer = ByteBuffer.allocateDirect(tensor.bytes).order(ByteOrder.nativeOrder())

        private fun said(error: Throwable): String = (error.message ?: error.javaClass.simpleName).lineSequence().first().take(200)
    }
}
