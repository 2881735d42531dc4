package org.facekp

import java.io.File
import java.lang.ref.WeakReference
import kotlin.math.hypot
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** From pixels to points with the shipped models, against what `facekp-detect --json` says of the same pictures. */
class WholeWayTest {
    private val given = File(System.getProperty("facekp.given"))
    private val blazeface = File(System.getProperty("facekp.blazeface"))

    @Test fun theSameFacesAndPoints() {
        for (case in tables(Json.parse(File(given, "cases.json").readText()))) {
            val model = File(case["model"] as String)
            KeypointDetector.fromFile(model).use { detector ->
                val smallest = case["smallest"]?.let(::number)
                FaceFinder.fromFolder(blazeface, case["finder"] == "blazeface", smallestFace = smallest).use { finder ->
                    val faces = detector.detect(Vectors.picture(File(case["photo"] as String)), finder)
                    val name = "${model.path} ${case["finder"]} $smallest ${case["photo"]}"
                    compare(name, tables(case["faces"]), faces, detector.info)
                }
            }
        }
    }

    private fun compare(what: String, wanted: List<Map<String, Any?>>, faces: List<Face>, info: ModelInfo) {
        assertEquals(what, wanted.size, faces.size)
        for ((one, face) in wanted.zip(faces)) {
            val points = (one["keypoints"] as List<*>).flatMap { numbers(it).toList() }.toDoubleArray()
            assertEquals(what, points.size, face.keypoints.size)
            val side = info.crop.scale * tightBox(points).side
            val away = DoubleArray(points.size / 2) {
                hypot(points[2 * it] - face.keypoints[2 * it], points[2 * it + 1] - face.keypoints[2 * it + 1]) / side * 128
            }
            // An integer file is rounded by another engine in its own way.
            val exact = info.kind == "float32" || info.kind == "float16"
            println("$what: ${away.average()} on average, ${away.maxOrNull()} at most")
            assertTrue("$what: ${away.average()}", away.average() <= 0.5)
            assertTrue("$what: ${away.maxOrNull()}", away.maxOrNull()!! <= if (exact) 0.1 else 1.0)
            assertEquals(what, number(one["score"]), face.score, 0.02)
            assertTrue(what, overlap(box(one["box"]), face.box) > 0.97)
            assertEquals(what, number(one["confidence"]), face.confidence!!, if (exact) 0.02 else 0.25)
        }
    }

    @Test fun aFaceIsFollowedOnCameraFrames() {
        val photo = Vectors.demoPhoto()
        KeypointDetector.fromFile(File(given, "float32.tflite"), Options(threads = 2)).use { detector ->
            FaceFinder.fromFolder(blazeface).use { finder ->
                val tracker = FaceTracker(detector, finder)
                val shown = List(6) { tracker.update(photo, it / 25.0) }
                assertEquals(listOf(1, 1, 1, 1, 1, 1), shown.map { it.single().track })
                assertTrue(shown.all { it.single().score > 0.5 && it.single().confidence > 0.5 })
            }
        }
    }

    @Test fun givenBoxesKeepTheirOrder() {
        KeypointDetector.fromFile(File(given, "float32.tflite")).use { detector ->
            val boxes = listOf(Box(-200.0, 10.0, 40.0, 40.0), Box(177.1, 87.7, 96.2, 90.5))
            val faces = detector.detect(Vectors.demoPhoto(), boxes)
            assertEquals(boxes, faces.map { it.box })
            assertTrue(faces[1].confidence!! > faces[0].confidence!!)
            refusal { detector.detect(Vectors.demoPhoto(), listOf(Box(0.0, Double.NaN, 1.0, 1.0))) }
            assertTrue("mtfl" in refusal { detector.detect(Vectors.demoPhoto(), boxes, "nobody") })
        }
    }

    @Test fun oneThreadOwnsAModel() {
        val detector = KeypointDetector.fromFile(File(given, "float32.tflite"))
        val box = listOf(Box(177.1, 87.7, 96.2, 90.5))
        var said = ""
        Thread { said = refusal { detector.detect(Vectors.demoPhoto(), box) } }.apply { start(); join() }
        assertTrue(said, "thread" in said)
        detector.close()
        detector.close()
        for (call in listOf({ detector.detect(Vectors.demoPhoto(), box) }, { detector.lastRunNanoseconds })) {
            said = refusal { call() }
            assertTrue(said, "closed" in said)
        }
        val finder = FaceFinder.fromFolder(blazeface).apply { close() }
        assertTrue("closed" in refusal { finder.find(Vectors.demoPhoto()) })
    }

    @Test fun aGpuThatFailsFallsBackAndSaysSo() {
        KeypointDetector.fromFile(File(given, "float32.tflite"), Options(processor = Processor.GPU)).use { detector ->
            assertEquals(Processor.CPU, detector.ran)
            assertTrue(detector.fallback!!, "GPU" in detector.fallback!!)
            assertEquals(1, detector.detect(Vectors.demoPhoto(), listOf(Box(177.1, 87.7, 96.2, 90.5))).size)
        }
    }

    /** 12 megapixels are 48 MB, and a finder may live as long as its screen. */
    @Test fun aFinderDoesNotKeepThePicture() = FaceFinder.fromFolder(blazeface).use { finder ->
        val pixels = WeakReference(IntArray(512 * 512)).also { finder.find(ArgbPicture(it.get()!!, 512, 512)) }
        val end = System.nanoTime() + 10_000_000_000
        while (pixels.get() != null && System.nanoTime() < end) System.gc()
        assertEquals(null, pixels.get())
    }

    @Test fun aGpuThatFailsLaterFallsBackAsWell() {
        val model = fileBytes(File(given, "float32.tflite"))
        val engine = Engine(model, Options(processor = Processor.GPU)) { file, options ->
            val opened = Engine.opened(file, options.copy(processor = Processor.CPU))
            if (options.processor == Processor.GPU) opened.interpreter.close() // it opens, and cannot compute
            opened
        }
        engine.use {
            assertEquals(Processor.GPU, it.ran)
            assertEquals(null, it.fallback)
            it.run()
            assertEquals(Processor.CPU, it.ran)
            assertTrue(it.fallback!!, "GPU" in it.fallback!!)
        }
    }

    @Test fun anEngineThatDoesNotLoadIsRefused() {
        val model = fileBytes(File(given, "float32.tflite"))
        for (processor in Processor.values()) {
            val said = refusal {
                Engine(model, Options(processor = processor)) { _, _ ->
                    throw UnsatisfiedLinkError("Failed to load native methods:\n  dlopen failed: not 16 KB aligned")
                }
            }
            assertTrue(said, "does not load on this phone (dlopen failed: not 16 KB aligned)" in said)
        }
    }

    @Test fun filesThatCannotBeUsedAreRefusedWithTheRemedy() {
        val sentences = mapOf(
            "foreign" to "facekp-export", "cut" to "cut short", "empty" to "empty", "onnx" to "ONNX",
            "contradicts" to "metadata says", "newer" to "upgrade", "missing" to "cannot be read", "shape" to "RGB crop",
        )
        for ((name, word) in sentences) {
            val said = refusal { KeypointDetector.fromFile(File(given, "$name.tflite")) }
            assertTrue("$name: $said", word in said && "$name.tflite" in said)
        }
        KeypointDetector.fromFile(File(given, "nan.tflite")).use { detector ->
            val said = refusal { detector.detect(Vectors.demoPhoto(), listOf(Box(177.1, 87.7, 96.2, 90.5))) }
            assertTrue(said, "not finite" in said)
        }
        assertTrue("BlazeFace" in refusal { FaceFinder.fromFolder(File(given, "finders")) })
        for (size in listOf(4.9, Double.NaN, Double.POSITIVE_INFINITY)) {
            assertTrue("5 pixels" in refusal { FaceFinder.fromFolder(blazeface, true, smallestFace = size) })
        }
        assertTrue("thorough" in refusal { FaceFinder.fromFolder(blazeface, smallestFace = 40.0) })
        refusal { Options(threads = 0) }
    }
}
