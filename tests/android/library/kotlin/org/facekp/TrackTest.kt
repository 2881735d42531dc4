package org.facekp

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Test

/** The tracker asks for the looks that Python's asks for, and makes the same faces of the answers. */
class TrackTest {
    private class Frame(override val width: Int, override val height: Int) : Picture() {
        override fun rgb(x: Int, y: Int) = 0
    }

    private class Replay : Looks, Finder {
        override val scheme = Scheme.ofCount(19)
        override val boxSource = "blazeface"
        var asked: Iterator<Map<String, Any?>> = emptyList<Map<String, Any?>>().iterator()
        var found: List<FoundFace> = emptyList()

        override fun mapping(source: String) = Published.mappings().getValue(source)

        override fun look(picture: Picture, tight: Box, mirrored: Boolean): FloatArray {
            val wanted = asked.next()
            assertClose("the box of a look", wanted["box"], tight.numbers())
            assertEquals(wanted["mirrored"], mirrored)
            return floats(wanted["answer"])
        }

        override fun confidence(picture: Picture, answers: List<FloatArray>, box: Box) = 0.5

        override fun find(picture: Picture) = found
    }

    @Test fun scenes() {
        for (scene in Vectors.list("tracks")) {
            val frame = Frame(number(scene["width"]).toInt(), number(scene["height"]).toInt())
            val replay = Replay()
            val tracker = FaceTracker(replay as Looks, replay, OneEuro(), 0.5, 1.0)
            for ((step, wanted) in tables(scene["frames"]).withIndex()) {
                replay.asked = tables(wanted["asked"]).iterator()
                replay.found = (wanted["found"] as List<*>).map(::numbers).map { FoundFace(Box(it[0], it[1], it[2], it[3]), it[4]) }
                assertSame("${scene["name"]} $step", tables(wanted["faces"]), tracker.update(frame, number(wanted["seconds"])))
                assertEquals("${scene["name"]} $step: all looks were asked for", false, replay.asked.hasNext())
            }
        }
    }

    private fun assertSame(what: String, wanted: List<Map<String, Any?>>, faces: List<TrackedFace>) {
        assertEquals(what, wanted.map { number(it["track"]).toInt() }, faces.map { it.track })
        for ((one, face) in wanted.zip(faces)) {
            assertEquals(what, numbers(one["may_be"]).map { it.toInt() }, face.mayBe)
            assertEquals(what, number(one["score"]), face.score, 1e-4)
            // Python's are float32 as well.
            assertArrayEquals(what, floats(one["keypoints"]), face.keypoints, 1e-4f)
        }
    }

    @Test fun timesThatDoNotAdvanceAreRefused() {
        val replay = Replay()
        val tracker = FaceTracker(replay as Looks, replay, null, 0.5, 1.0)
        tracker.update(Frame(10, 10), 1.0)
        for (bad in listOf(1.0, 0.5, Double.NaN, Double.POSITIVE_INFINITY)) refusal { tracker.update(Frame(10, 10), bad) }
        refusal { FaceTracker(replay as Looks, replay, null, -1.0, 1.0) }
    }
}
