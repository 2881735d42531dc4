package org.facekp

import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException
import java.nio.charset.CodingErrorAction

/**
 * A TFLite file's tables: what it says of itself, and whether they hold together.
 *
 * The fields' numbers are those of TensorFlow Lite's `schema.fbs`.
 */
object ModelFile {
    private const val KEY = "facekp"
    private const val MOST_ENTRIES = 256
    private const val LONGEST = 256 * 1024
    private const val DAMAGED = "the TFLite file is damaged or was cut short; copy it again, or export it again"

    private object Model { const val CODES = 1; const val GRAPHS = 2; const val BUFFERS = 4; const val METADATA = 6 }
    private object Graph { const val TENSORS = 0; const val INPUTS = 1; const val OUTPUTS = 2; const val OPERATORS = 3 }
    private object Node { const val CODE = 0; const val INPUTS = 1; const val OUTPUTS = 2 }
    private object Tensor {
        const val SHAPE = 0; const val TYPE = 1; const val BUFFER = 2; const val NAME = 3; const val QUANTIZATION = 4
    }
    private object Quantization { const val SCALE = 2; const val ZERO = 3 }
    private val TYPES = mapOf(0 to "float32", 1 to "float16", 2 to "int32", 3 to "uint8", 4 to "int64", 9 to "int8")

    /** The `facekp` document of a file; refused where there is none, it is no TFLite file, or it is damaged. */
    internal fun info(file: ByteBuffer): ModelInfo {
        val model = root(file)
        val text = document(model)
            ?: throw FacekpException("no facekp metadata inside, so its crop rule is unknown; export it with facekp-export")
        return ModelInfo.of(text)
    }

    /** Refuse a file whose operators, tensors and buffers refer to what is not there: engines crash on them. */
    fun refuseDamaged(file: ByteBuffer) {
        val model = root(file)
        val buffers = model.tables(Model.BUFFERS).onEach { it.bytes(0) }.size
        val codes = model.count(Model.CODES)
        val graphs = model.tables(Model.GRAPHS)
        val holds = graphs.isNotEmpty() &&
            model.tables(Model.METADATA).all { it.long(1) < buffers } &&
            graphs.all { graphHolds(it, buffers, codes) }
        demand(holds) { DAMAGED }
    }

    /** What a file says of its inputs; it was looked over by `refuseDamaged`. */
    fun inputs(file: ByteBuffer): List<TensorSpec> = tensors(file, Graph.INPUTS)

    /** What it says of its outputs. */
    fun outputs(file: ByteBuffer): List<TensorSpec> = tensors(file, Graph.OUTPUTS)

    private fun tensors(file: ByteBuffer, which: Int): List<TensorSpec> {
        val graph = root(file).tables(Model.GRAPHS)[0]
        val tensors = graph.tables(Graph.TENSORS)
        return graph.ints(which).map { index ->
            demand(index >= 0) { DAMAGED }
            val tensor = tensors[index]
            val steps = tensor.child(Tensor.QUANTIZATION)
            TensorSpec(
                name = latin(tensor.bytes(Tensor.NAME)),
                shape = tensor.ints(Tensor.SHAPE).toList(),
                type = TYPES[tensor.byte(Tensor.TYPE)] ?: "type ${tensor.byte(Tensor.TYPE)}",
                scale = steps?.firstFloat(Quantization.SCALE) ?: 0f,
                zero = (steps?.firstLong(Quantization.ZERO) ?: 0L).toInt(),
            )
        }
    }

    private fun graphHolds(graph: Table, buffers: Int, codes: Int): Boolean {
        val tensors = graph.tables(Graph.TENSORS)
        val nodes = graph.tables(Graph.OPERATORS)
        // -1 stands for an optional tensor that is not given.
        val inside = { indices: IntArray -> indices.all { it in -1 until tensors.size } }
        return tensors.all { it.long(Tensor.BUFFER) < buffers } &&
            inside(graph.ints(Graph.INPUTS)) && inside(graph.ints(Graph.OUTPUTS)) &&
            nodes.all { it.long(Node.CODE) < codes && inside(it.ints(Node.INPUTS)) && inside(it.ints(Node.OUTPUTS)) }
    }

    private fun root(file: ByteBuffer): Table {
        demand(file.limit() > 0) { "the model file is empty; copy it again, or export it again" }
        if (file.limit() < 8 || String(ByteArray(4) { file.get(4 + it) }, Charsets.ISO_8859_1) != "TFL3") {
            // ONNX files begin with the first field of a protobuf message, its version.
            val onnx = file.get(0).toInt() == 0x08
            val remedy = if (onnx) "it looks like an ONNX file" else "it is something else"
            throw FacekpException("the model is not a TFLite file, $remedy; make one with facekp-export --to tflite")
        }
        return Table.root(file)
    }

    private fun document(model: Table): String? {
        for (index in 0 until minOf(model.count(Model.METADATA), MOST_ENTRIES)) {
            val entry = model.table(Model.METADATA, index)
            val name = entry.bytes(0)
            if (name.limit() != KEY.length || KEY.indices.any { name.get(it) != KEY[it].code.toByte() }) continue
            val number = entry.long(1)
            demand(number < model.count(Model.BUFFERS)) { DAMAGED }
            val data = model.table(Model.BUFFERS, number.toInt()).bytes(0)
            demand(data.limit() in 1..LONGEST) {
                "the model's metadata is ${data.limit()} bytes long and 1 to $LONGEST are allowed; export it again"
            }
            return text(data)
        }
        return null
    }

    private fun latin(data: ByteBuffer) = String(ByteArray(data.limit()) { data.get(it) }, Charsets.ISO_8859_1)

    private fun text(data: ByteBuffer): String = try {
        val decoder = Charsets.UTF_8.newDecoder()
        decoder.onMalformedInput(CodingErrorAction.REPORT).decode(data).toString()
    } catch (error: CharacterCodingException) {
        throw FacekpException("the model's metadata is not valid UTF-8; export it again", error)
    }
}

/** What a model file says of an input or output: real value = scale * (stored - zero); scale 0 where not quantized. */
class TensorSpec internal constructor(
    val name: String,
    val shape: List<Int>,
    val type: String,
    val scale: Float,
    val zero: Int,
) {
    /** Bytes of the whole tensor; refused for what no crop or answer of ours is. */
    val bytes: Int
        get() {
            val width = mapOf("float32" to 4, "uint8" to 1, "int8" to 1)[type]
                ?: throw FacekpException("the model's tensor holds $type, not uint8, int8 or float32; export it again")
            // No product of two overflows, and of more than two none is taken.
            val count = shape.fold(1L) { all, side -> if (all in 1..LARGEST) all * side else 0 }
            demand(count in 1..LARGEST) { "the model's tensor ${shape.take(8)} is too large; export it again" }
            return count.toInt() * width
        }

    private companion object {
        const val LARGEST = 1 shl 24
    }
}
