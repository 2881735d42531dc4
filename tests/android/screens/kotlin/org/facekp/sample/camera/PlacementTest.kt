package org.facekp.sample.camera

import android.util.Size
import kotlin.math.abs
import org.facekp.sample.SampleRunner
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** What the camera screen is made of, without one. */
@RunWith(SampleRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35])
class PlacementTest {
    /** A point of the sensor lies, on the preview as Android shows it, where the overlay puts it. */
    @Test
    fun previewAndPointsLieOnOneAnother() {
        val right = intArrayOf(0, 90, 180, 270)
        val views = listOf(360 to 500, 701 to 333, 97 to 641, 480 to 480)
        for (sensor in right) for (display in right) for (front in listOf(false, true)) for ((wide, high) in views) {
            val camera = Camera("0", front, sensor, Size(640, 480))
            val placed = Placement(camera, display, wide, high)
            for ((x, y) in listOf(0f to 0f, 640f to 0f, 100f to 400f, 333f to 77f)) {
                val natural = turned(x, y, 640f, 480f, sensor)
                val across = sensor % 180 == 0
                val shownWide = if (across) 640f else 480f
                val shownHigh = if (across) 480f else 640f
                val mirrored = if (front) shownWide - natural.first else natural.first
                val shown = floatArrayOf(mirrored / shownWide * wide, natural.second / shownHigh * high)
                placed.preview().mapPoints(shown)
                val upright = turned(x, y, 640f, 480f, placed.rotation)
                // Edges of pixels here, their centers there.
                val expected = placed.map.x(upright.first - 0.5f) to placed.map.y(upright.second - 0.5f)
                val case = "sensor $sensor, display $display, front $front, $wide x $high, ($x, $y)"
                assertTrue("$case: ${shown.toList()}, not $expected", abs(shown[0] - expected.first) < 0.01 && abs(shown[1] - expected.second) < 0.01)
            }
        }
    }

    @Test
    fun theNewestIsKeptAndNoneIsQueued() {
        class Item : AutoCloseable {
            var closed = 0

            override fun close() {
                closed++
            }
        }
        val newest = Newest<Item>()
        val items = List(4) { Item() }
        items.take(3).forEach(newest::give)
        assertEquals(listOf(1, 1, 0, 0), items.map { it.closed })
        assertEquals(items[2], newest.take())
        assertNull(newest.take())
        assertEquals(2, newest.dropped)
        newest.close()
        newest.give(items[3])
        assertEquals(listOf(1, 1, 0, 1), items.map { it.closed })
    }

    @Test
    fun figuresAreOfTheLastFrames() {
        val figures = FrameFigures(frames = 5)
        val millisecond = 1_000_000L
        figures.add(900.0, 0, 900 * millisecond)
        for (i in 1..5) figures.add(i.toDouble(), 100 * i * millisecond, (100 * i + 10 * i) * millisecond)
        val told = figures.of(dropped = 7)
        assertEquals(3.0, told.inference!!.first, 1e-9)
        assertEquals(4.6, told.inference!!.second, 1e-9)
        assertEquals(30.0, told.frame.first, 1e-9)
        assertEquals(4 / 0.44, told.perSecond, 1e-9)
        assertEquals(7, told.dropped)
        val without = FrameFigures()
        without.add(null, 0, millisecond)
        assertNull(without.of(0).inference)
        assertEquals(0.0, without.of(0).perSecond, 0.0)
    }

    @Test
    fun framesAndPreviewAreOfOneSize() {
        val frames = listOf(Size(4000, 3000), Size(1280, 720), Size(640, 480), Size(1920, 1080))
        assertEquals(Size(1280, 720), Camera.size(frames, frames))
        assertEquals(Size(640, 480), Camera.size(frames, listOf(Size(640, 480), Size(1440, 1080))))
        assertEquals(Size(1280, 720), Camera.size(frames, emptyList()))
        assertEquals(Size(2000, 2000), Camera.size(listOf(Size(2000, 2000)), emptyList()))
        assertNull(Camera.size(emptyList(), frames))
    }

    private fun turned(x: Float, y: Float, wide: Float, high: Float, degrees: Int) = when (degrees) {
        90 -> high - y to x
        180 -> wide - x to high - y
        270 -> y to wide - x
        else -> x to y
    }
}
