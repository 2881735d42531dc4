package org.facekp

import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException
import java.nio.charset.CodingErrorAction

/**
 * A TFLite file's tables: what it says of itself, and whether they hold together.
 *
 * The fields' numbers are those of TensorFlow Lite's `schema.fbs`.
 */
internal object ModelFile {
    private const val KEY = "facekp"
    private const val MOST_ENTRIES = 256
    private const val LONGEST = 256 * 1024
    private const val DAMAGED = "the TFLite file is damaged or was cut short; copy it again, or export it again"

    private object Model { const val CODES = 1; const val GRAPHS = 2; const val BUFFERS = 4; const val METADATA = 6 }
    private object Graph { const val TENSORS = 0; const val INPUTS = 1; const val OUTPUTS = 2; const val OPERATORS = 3 }
    private object Node { const val CODE = 0; const val INPUTS = 1; const val OUTPUTS = 2 }
    private const val TENSOR_BUFFER = 2

    /** The `facekp` document of a file; refused where there is none, it is no TFLite file, or it is damaged. */
    fun info(file: ByteBuffer): ModelInfo {
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

    private fun graphHolds(graph: Table, buffers: Int, codes: Int): Boolean {
        val tensors = graph.tables(Graph.TENSORS)
        val nodes = graph.tables(Graph.OPERATORS)
        // -1 stands for an optional tensor that is not given.
        val inside = { indices: IntArray -> indices.all { it in -1 until tensors.size } }
        return tensors.all { it.long(TENSOR_BUFFER) < buffers } &&
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

    private fun text(data: ByteBuffer): String = try {
        val decoder = Charsets.UTF_8.newDecoder()
        decoder.onMalformedInput(CodingErrorAction.REPORT).decode(data).toString()
    } catch (error: CharacterCodingException) {
        throw FacekpException("the model's metadata is not valid UTF-8; export it again", error)
    }
}
