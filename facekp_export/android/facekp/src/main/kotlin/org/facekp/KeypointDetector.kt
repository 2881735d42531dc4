package org.facekp

import android.content.Context
import android.graphics.Bitmap
import android.net.Uri
import java.io.Closeable
import java.io.File
import java.nio.ByteBuffer

/**
 * One face's keypoints.
 *
 * @property keypoints x0, y0, x1, y1, ... in pixels of the picture; an integer is a pixel's center.
 * @property box as given or as found.
 * @property score the finder's, 0 to 1; 1 for a given box.
 * @property confidence 0 to 1, the chance that the keypoints err by less than 5 % of the eye distance on average;
 * null where there was but one look.
 */
class Face(val keypoints: FloatArray, val box: Box, val score: Double, val confidence: Double?)

/**
 * Keypoints of the faces on pictures, by one exported .tflite file; scheme and crop rule are inside it.
 *
 * It belongs to the thread that opened it: calls from another, or after `close`, are refused.
 */
class KeypointDetector private constructor(model: ByteBuffer, options: Options) : Closeable, Looks {
    /** What the file says of itself. */
    val info: ModelInfo = ModelFile.info(model)
    private val engine = Engine(model, options)
    private val reader = CropReader(info.crop.size)
    private val confidence = Confidence(info)
    private val shares = FloatArray(2 * info.scheme.points)
    private val flipped = FloatArray(shares.size)

    init {
        try {
            refuseOtherTensors()
        } catch (error: FacekpException) {
            engine.close()
            throw error
        }
    }

    /** What computes. */
    val ran: Processor get() = engine.ran

    /** Why it is not what was asked for; null where it is. */
    val fallback: String? get() = engine.fallback

    /** How long the engine took for one crop when it last ran, in nanoseconds; null before that. */
    val lastRunNanoseconds: Long? get() = engine.lastRunNanoseconds

    override val scheme: Scheme get() = info.scheme

    /** The faces that a finder finds on a picture, by falling score; empty where there is none. */
    fun detect(picture: Picture, finder: Finder): List<Face> {
        val found = suppressed(finder.find(picture))
        val faces = seen(picture, found.map { it.box }, finder.boxSource, found.map { it.score })
        return distinct(faces)
    }

    /** As for a `Picture`; any configuration of a bitmap is read, hardware too. */
    fun detect(bitmap: Bitmap, finder: Finder): List<Face> = detect(pictureOf(bitmap), finder)

    /** Exactly one face for each given box, in their order; `source` names whose boxes they are. */
    @JvmOverloads
    fun detect(picture: Picture, boxes: List<Box>, source: String = "tight"): List<Face> =
        seen(picture, boxes.map { it.checked() }, source, boxes.map { 1.0 })

    override fun mapping(source: String): BoxMapping = info.mapping(source)

    override fun look(picture: Picture, tight: Box, mirrored: Boolean): FloatArray {
        engine.refuseOthers()
        val square = info.crop.square(tight).checked()
        reader.read(picture, square, info.crop.border)
        fill(mirrored)
        engine.run()
        engine.result(0, shares)
        demand(shares.all { it.isFinite() }) {
            "the model's answer is not finite, so its weights are damaged; export it again"
        }
        return square.toPicture(if (mirrored) turnedBack() else shares)
    }

    override fun confidence(picture: Picture, answers: List<FloatArray>, box: Box): Double =
        confidence.of(picture, answers, box)

    override fun close() = engine.close()

    private fun seen(picture: Picture, boxes: List<Box>, source: String, scores: List<Double>): List<Face> {
        val mapping = mapping(source)
        val own = mapping(info.scheme.boxSource)
        return boxes.mapIndexed { i, box ->
            val tight = mapping.toTight(box)
            val first = look(picture, tight, mirrored = false)
            if (!own.refines) return@mapIndexed Face(first, box, scores[i], null)
            val refined = own.refined(first.doubles(), tight)
            val last = look(picture, refined, mirrored = false)
            // An answer that gave no box to look at again is not to be believed.
            val sure = if (refined === tight) 0.0 else confidence(picture, listOf(first, last), refined)
            Face(last, box, scores[i], sure)
        }
    }

    /** The crop as the model's input, or its mirror image: float and uint8 hold raw bytes, int8 those less 128. */
    private fun fill(mirrored: Boolean) {
        val size = info.crop.size
        val pixels = reader.pixels
        val input = engine.input
        input.rewind()
        val floats = if (engine.inputTensor.type == "float32") input.asFloatBuffer() else null
        val flip = if (engine.inputTensor.type == "int8") 128 else 0
        for (y in 0 until size) {
            for (x in 0 until size) {
                val from = 3 * (y * size + if (mirrored) size - 1 - x else x)
                for (channel in 0..2) {
                    val value = pixels[from + channel].toInt() and 255
                    if (floats != null) floats.put(value.toFloat()) else input.put((value xor flip).toByte())
                }
            }
        }
    }

    private fun turnedBack(): FloatArray {
        for ((place, from) in info.scheme.flip.withIndex()) {
            flipped[2 * place] = 1 - shares[2 * from]
            flipped[2 * place + 1] = shares[2 * from + 1]
        }
        return flipped
    }

    private fun refuseOtherTensors() {
        val size = info.crop.size
        val shape = engine.inputTensor.shape
        demand(shape == listOf(1, size, size, 3)) {
            "the model's input $shape is not an RGB crop of $size x $size pixels; export it again"
        }
        val answers = engine.outputTensors.map { it.shape }
        demand(answers == listOf(listOf(1, shares.size))) {
            "the model's output $answers is not [1, ${shares.size}]; export it again"
        }
        val name = engine.inputTensor.type
        demand(info.inputType == null || info.inputType == name) {
            "the model's input is $name and its metadata says ${info.inputType}; export it again"
        }
    }

    companion object {
        /** Open a model of the app's assets. */
        @JvmStatic
        @JvmOverloads
        fun fromAsset(context: Context, path: String, options: Options = Options()) =
            opened("asset $path", options) { assetBytes(context, path) }

        /** Open a file. */
        @JvmStatic
        @JvmOverloads
        fun fromFile(file: File, options: Options = Options()) = opened(file.path, options) { fileBytes(file) }

        /** Open what a content URI gives, such as the system's picker. */
        @JvmStatic
        @JvmOverloads
        fun fromUri(context: Context, uri: Uri, options: Options = Options()) =
            opened(uri.toString(), options) { uriBytes(context, uri) }

        private inline fun opened(name: String, options: Options, read: () -> ByteBuffer): KeypointDetector = try {
            KeypointDetector(read(), options)
        } catch (error: FacekpException) {
            throw FacekpException("$name: ${error.message}", error)
        }

        /** Without the lower-scored of two found faces whose keypoints came out on one and the same. */
        private fun distinct(faces: List<Face>): List<Face> {
            val boxes = ArrayList<Box>()
            return faces.filter { face ->
                val box = tightBox(face.keypoints.doubles())
                !overlapping(box, boxes).also { same -> if (!same) boxes += box }
            }
        }
    }
}

internal fun FloatArray.doubles() = DoubleArray(size) { this[it].toDouble() }
