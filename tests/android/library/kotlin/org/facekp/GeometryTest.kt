package org.facekp

import kotlin.math.abs
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** From the sensor over the upright picture to the view and back, for every way to hold every device. */
class GeometryTest {
    private val turns = listOf(0, 90, 180, 270)

    /** A frame that says of each pixel where in the frame it lies. */
    private class Sensor(val width: Int, val height: Int) {
        fun upright(rotation: Int): Map<Pair<Int, Int>, Pair<Int, Int>> {
            val places = HashMap<Pair<Int, Int>, Pair<Int, Int>>()
            for (y in 0 until height) for (x in 0 until width) {
                var place = x to y
                var size = width to height
                repeat(rotation / 90) {
                    place = size.second - 1 - place.second to place.first
                    size = size.second to size.first
                }
                places[place] = x to y
            }
            return places
        }
    }

    @Test fun aFrameIsTurnedAsASlowReferenceTurnsIt() {
        for ((width, height) in listOf(7 to 4, 5 to 5, 1 to 6, 6 to 3)) {
            val frame = Scenes.coordinates(width, height)
            for (rotation in turns) for (mirror in listOf(false, true)) {
                val shown = frame.show(rotation, mirror)
                val reference = Sensor(width, height).upright(rotation)
                assertEquals(reference.size, shown.width * shown.height)
                for (y in 0 until shown.height) for (x in 0 until shown.width) {
                    val from = reference.getValue((if (mirror) shown.width - 1 - x else x) to y)
                    assertEquals(Scenes.gray(from.first, from.second), shown.rgb(x, y) and 255)
                }
            }
        }
    }

    @Test fun uprightIsTheSensorsTurnLessTheDisplays() {
        for (sensor in turns) for (display in turns) for (front in listOf(false, true)) {
            // As android.hardware.Camera.setDisplayOrientation documents it, before its mirroring.
            val wanted = if (front) (sensor + display) % 360 else (sensor - display + 360) % 360
            assertEquals(wanted, Orientation.upright(sensor, display, front))
        }
        refusal { Orientation.upright(45, 0, false) }
    }

    @Test fun aPointOnTheSensorIsShownWhereTheEyeSeesIt() {
        val sizes = listOf(Triple(640, 480, 1080 to 1920), Triple(1279, 721, 801 to 333), Triple(37, 90, 500 to 500))
        for ((wide, high, view) in sizes) for (sensor in turns) for (display in turns) for (front in listOf(false, true)) {
            val rotation = Orientation.upright(sensor, display, front)
            val (width, height) = if (rotation % 180 == 0) wide to high else high to wide
            for (fill in listOf(false, true)) {
                val map = ViewMap(width, height, view.first, view.second, fill, mirror = front)
                check(map, width, height, view, fill, front)
            }
        }
    }

    private fun check(map: ViewMap, width: Int, height: Int, view: Pair<Int, Int>, fill: Boolean, mirror: Boolean) {
        val left = map.x(if (mirror) width - 0.5f else -0.5f)
        val right = map.x(if (mirror) -0.5f else width - 0.5f)
        val top = map.y(-0.5f)
        val bottom = map.y(height - 0.5f)
        assertTrue(right > left && bottom > top)
        // One scale both ways, and centered.
        assertEquals((right - left) / width, (bottom - top) / height, 1e-3f)
        assertEquals(view.first / 2f, (left + right) / 2, 0.01f)
        assertEquals(view.second / 2f, (top + bottom) / 2, 0.01f)
        val slack = 0.01f
        val covers = left <= slack && top <= slack && right >= view.first - slack && bottom >= view.second - slack
        val within = left >= -slack && top >= -slack && right <= view.first + slack && bottom <= view.second + slack
        assertTrue(if (fill) covers else within)
        assertTrue("one edge touches", abs(left) < slack || abs(top) < slack)
        for (point in listOf(0f, 3.25f, width - 1f)) assertEquals(point, map.pictureX(map.x(point)), 2e-3f)
        for (point in listOf(0f, 3.25f, height - 1f)) assertEquals(point, map.pictureY(map.y(point)), 2e-3f)
        // In a mirror the left stays left: what lies right in the picture is shown left.
        assertEquals(mirror, map.x(width - 1f) < map.x(0f))
    }

    @Test fun pointsAreMappedInPairs() {
        val map = ViewMap(10, 20, 100, 200, fill = true, mirror = false)
        val into = FloatArray(4)
        map.toView(floatArrayOf(0f, 0f, 9f, 19f), into)
        assertEquals(listOf(5f, 5f, 95f, 195f), into.toList())
        refusal { ViewMap(0, 1, 1, 1, fill = true, mirror = false) }
    }
}
