package org.facekp

import java.io.File
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Test

/** Everything that needs no engine gives Python's numbers, and refuses what Python refuses. */
class ParityTest {
    @Test fun schemesByCount() {
        for (wanted in Vectors.list("schemes")) {
            val scheme = Scheme.ofCount(number(wanted["points"]).toInt())
            assertEquals(wanted["name"], scheme.name)
            assertEquals(numbers(wanted["flip"]).map { it.toInt() }, scheme.flip.toList())
            assertEquals((wanted["lines"] as List<*>).map { numbers(it).map { n -> n.toInt() } }, scheme.lines.map { it.toList() })
        }
    }

    @Test fun documentsAreReadOrRefusedAlike() {
        for (case in tables((Vectors.of("documents") as Map<*, *>)["texts"])) {
            val name = case["name"] as String
            val wanted = case["read"] as Map<*, *>?
            val read = try {
                ModelInfo.of(case["text"] as String)
            } catch (error: FacekpException) {
                assertNull("$name: ${error.message}", wanted)
                continue
            }
            assertNotNull("$name was read", wanted)
            assertSameInfo(name, wanted!!, read)
        }
    }

    private fun assertSameInfo(name: String, wanted: Map<*, *>, read: ModelInfo) {
        val plain = listOf("name", "scheme", "names", "kind", "input", "licence", "size", "border").map { wanted[it] }
        assertEquals(
            name,
            plain,
            listOf(
                read.name, read.scheme.name, read.scheme.names, read.kind, read.inputType, read.weightsLicence,
                read.crop.size.toLong(), read.crop.border.toLong(),
            ),
        )
        assertEquals(name, numbers(wanted["flip"]).map { it.toInt() }, read.scheme.flip.toList())
        assertEquals(name, number(wanted["scale"]), read.crop.scale, 1e-9)
        assertEquals(name, wanted["confidence"], read.confidenceScale)
        assertEquals(name, wanted["untrained"], read.untrained)
        val mapping = read.mapping("tight5")
        assertClose(name, wanted["tight5"], doubleArrayOf(mapping.dx, mapping.dy, mapping.scale))
    }

    @Test fun boxesBecomeTight() {
        val vectors = Vectors.of("boxes") as Map<*, *>
        for (case in tables(vectors["tight"])) {
            val mapping = Published.mappings().getValue(case["source"] as String)
            assertClose("${case["source"]}", case["tight"], mapping.toTight(box(case["box"])).numbers())
        }
        for ((number, case) in tables(vectors["refined"]).withIndex()) {
            val (dx, dy, scale) = numbers(case["mapping"]).toList()
            val mapping = BoxMapping(dx, dy, scale)
            assertEquals(case["refines"], mapping.refines)
            val first = box(case["first"])
            val refined = mapping.refined(numbers(case["points"]), first)
            assertClose("refined $number", case["refined"], refined.numbers())
            if (refined == first) assertSame(first, refined)
        }
    }

    @Test fun boxesThatAreNotFiniteAreRefused() {
        for (bad in listOf(Double.NaN, Double.POSITIVE_INFINITY)) {
            refusal { BoxMapping.TIGHT.toTight(Box(bad, 0.0, 1.0, 1.0)) }
            refusal { Box(0.0, 0.0, bad, 1.0).checked() }
            refusal { Square(bad, 0.0, 1.0).checked() }
        }
        refusal { Box(0.0, 0.0, 0.0, 1.0).checked() }
        refusal { Box(1e13, 0.0, 1.0, 1.0).checked() }
    }

    @Test fun cropsOfAPhotograph() {
        val photo = Vectors.demoPhoto()
        for (case in Vectors.list("crops")) {
            val reader = CropReader(number(case["size"]).toInt())
            val square = Square(number(case["x"]), number(case["y"]), number(case["side"]))
            reader.read(photo, square, number(case["border"]).toInt())
            assertSameCrop("${case["file"]}", Vectors.picture(File(Vectors.root, "tests/vectors/${case["file"]}")), reader.pixels)
        }
    }

    private fun part(case: Map<*, *>): Picture {
        val photo = Vectors.demoPhoto()
        val width = number(case["width"]).toInt()
        val height = number(case["height"]).toInt()
        return ArgbPicture(IntArray(width * height) { photo.rgb(it % width, it / width) }, width, height)
    }

    @Test fun viewsOfAWholePhotograph() {
        val pyramid = Pyramid()
        for (case in Vectors.list("views")) {
            val reader = CropReader(number(case["size"]).toInt())
            pyramid.show(part(case))
            pyramid.read(BlazeFaces.whole(pyramid.width, pyramid.height), reader)
            assertSameCrop("${case["file"]}", Vectors.picture(File(Vectors.root, "tests/vectors/${case["file"]}")), reader.pixels)
        }
    }

    @Test fun wholePhotographsMadeSmaller() {
        val pyramid = Pyramid()
        for (case in Vectors.list("shrunk")) {
            pyramid.show(part(case))
            val wanted = Vectors.picture(File(Vectors.root, "tests/vectors/${case["file"]}"))
            val shrunk = pyramid.shrunk(number(case["ratio"]))
            assertEquals("${case["file"]}", listOf(wanted.width, wanted.height), listOf(shrunk.width, shrunk.height))
            val bytes = (0 until wanted.width * wanted.height).flatMap { i ->
                val color = shrunk.rgb(i % wanted.width, i / wanted.width)
                listOf(color shr 16, color shr 8, color).map { it.toByte() }
            }
            assertSameCrop("${case["file"]}", wanted, bytes.toByteArray())
        }
    }

    @Test fun whereSmallFacesCouldHide() {
        val pyramid = Pyramid()
        for (case in Vectors.list("hiding")) {
            pyramid.show(part(case))
            val found = (case["found"] as List<*>).map(::numbers).map { FoundFace(Box(it[0], it[1], it[2], it[3]), it[4]) }
            val mask = Tiles.hidingPlaces(pyramid, number(case["side"]), found)
            val wanted = Vectors.picture(File(Vectors.root, "tests/vectors/${case["file"]}"))
            assertEquals("${case["file"]}", listOf(wanted.width, wanted.height), listOf(mask.width, mask.height))
            for (i in mask.places.indices) {
                val (x, y) = listOf(i % mask.width, i / mask.width)
                assertEquals("${case["file"]} $x $y", wanted.rgb(x, y) and 255 > 127, mask.places[i])
            }
            val tiles = Tiles.covering(mask).flatMap { (left, top) -> listOf(left, top) }
            assertArrayEquals("${case["file"]}", faces(case["tiles"]).toDoubleArray(), tiles.toDoubleArray(), 1e-4)
        }
    }

    @Test fun blazeFacesAnswers() {
        val vectors = Vectors.of("finder") as Map<*, *>
        val (x, y, side) = numbers(vectors["view"]).toList()
        val view = Square(x, y, side)
        for (case in tables(vectors["decoded"])) {
            val variant = BlazeVariant.values().first { it.boxSource == case["variant"] }
            val anchors = variant.anchors()
            val count = number(case["count"]).toInt()
            assertEquals(2 * count, anchors.size)
            val some = (0 until count step 97).flatMap { listOf(anchors[2 * it], anchors[2 * it + 1]) }
            assertArrayEquals(faces(case["anchors"]).toDoubleArray(), some.toDoubleArray(), 1e-6)
            val boxes = FloatArray(16 * count)
            val logits = FloatArray(count) { -9f }
            val raw = case["raw"] as List<*>
            for ((i, place) in numbers(case["chosen"]).map { it.toInt() }.withIndex()) {
                floats(raw[i]).copyInto(boxes, 16 * place)
                logits[place] = floats(case["logits"])[i]
            }
            val found = BlazeFaces.decoded(variant, anchors, boxes, logits, view)
            val centers = found.flatMap { listOf(it.x, it.y, it.width, it.height) }.toDoubleArray()
            assertArrayEquals(faces(case["boxes"]).toDoubleArray(), centers, 1e-4)
            assertClose("scores", case["scores"], found.map { it.score }.toDoubleArray())
            val three = listOf(found, BlazeFaces.sureAndInside(found, view, 0.7), BlazeFaces.asShortRange(found))
            for ((name, candidates) in listOf("merged", "inside", "short").zip(three)) {
                val merged = BlazeFaces.merged(candidates).numbers()
                assertArrayEquals(name, faces(case[name]).toDoubleArray(), merged, 1e-4)
            }
        }
    }

    @Test fun levelsOfTiles() {
        for (case in tables((Vectors.of("finder") as Map<*, *>)["levels"])) {
            val width = number(case["width"]).toInt()
            val height = number(case["height"]).toInt()
            val name = "$width, ${case["smallest"]}"
            val sides = Tiles.sides(width, height, case["smallest"]?.let(::number))
            assertClose(name, case["sides"], sides.toDoubleArray())
            assertClose(name, case["least"], sides.map { Tiles.leastScore(width, height, it) }.toDoubleArray())
        }
    }

    @Test fun oneEuro() {
        for (case in Vectors.list("one-euro")) {
            val (cutoff, beta, speed) = numbers(case["settings"]).toList()
            val filter = OneEuroFilter(OneEuro(cutoff, beta, speed))
            for (frame in tables(case["frames"])) {
                val smooth = filter.smooth(numbers(frame["values"]), number(frame["seconds"]), number(frame["scale"]))
                assertClose("smooth", frame["smooth"], smooth)
            }
        }
        refusal { OneEuro(minCutoff = 0.0) }
        refusal { OneEuro(beta = Double.NaN) }
    }

    @Test fun confidence() {
        val vectors = Vectors.of("confidence") as Map<*, *>
        for (case in tables(vectors["scattered"])) {
            val answers = (case["answers"] as List<*>).map(::floats)
            assertEquals(number(case["scatter"]), Confidence.scatter(answers, box(case["box"])), 1e-4)
        }
        for (case in tables(vectors["chances"])) {
            val chance = Confidence.chance(number(case["scatter"]), case["scale"]?.let(::number))
            assertEquals(number(case["chance"]), chance, 1e-4)
        }
        val texts = tables((Vectors.of("documents") as Map<*, *>)["texts"])
        val info = ModelInfo.of((texts.first { it["name"] == "as it is" }["text"] as String).replace("\"scale\": 1.25", "\"scale\": 1.3")
            .replace("\"border\": 7", "\"border\": 0"))
        for (case in tables(vectors["textures"])) {
            val texture = Confidence(info).texture(Vectors.demoPhoto(), box(case["box"]))
            assertEquals("${case["box"]}", number(case["texture"]), texture, 0.01)
        }
    }
}
