package org.facekp

import java.lang.management.ManagementFactory
import kotlin.math.abs
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** A camera's frame to the crop in one pass: one and the same in every layout, without garbage, and fast. */
class FrameTest {
    private val square = Square(150.3, 61.7, 171.4)

    private fun crop(frame: TestFrame, rotation: Int = 0, mirror: Boolean = false, size: Int = 96): ByteArray {
        val reader = CropReader(size)
        reader.read(frame.show(rotation, mirror), square, 9)
        return reader.pixels
    }

    @Test fun everyLayoutGivesTheSameCrop() {
        for ((width, height) in listOf(320 to 240, 321 to 181)) for (rotation in listOf(0, 90, 180, 270)) {
            val wanted = crop(Scenes.scene(width, height, Layout.I420), rotation)
            for (layout in Layout.values()) for (padding in listOf(0, 13)) for (border in listOf(0, 8)) {
                val got = crop(Scenes.scene(width, height, layout, padding, border), rotation)
                assertArrayEquals("$layout $padding $border $rotation", wanted, got)
            }
        }
    }

    @Test fun theColorsAreJfifs() {
        val shown = Scenes.scene(64, 48, Layout.NV21).show()
        for (y in 0 until 48) for (x in 0 until 64) {
            val light = 40.0 + (x * x / 7 + 3 * y) % 170
            val blue = 90.0 + (x / 2 + 2 * (y / 2)) % 70 - 128
            val red = 170.0 - (2 * (x / 2) + y / 2) % 80 - 128
            val wanted = listOf(light + 1.402 * red, light - 0.344136 * blue - 0.714136 * red, light + 1.772 * blue)
            for (channel in 0..2) {
                val got = (shown.rgb(x, y) shr (16 - 8 * channel)) and 255
                assertTrue(abs(wanted[channel].coerceIn(0.0, 255.0) - got) <= 1)
            }
        }
    }

    @Test fun aMirroredFrameGivesTheMirroredCrop() {
        val frame = Scenes.scene(301, 200, Layout.NV12)
        val shown = frame.show(90, mirror = true)
        val plain = frame.show(90)
        for (y in 0 until plain.height) for (x in 0 until plain.width) {
            assertEquals(plain.rgb(plain.width - 1 - x, y), shown.rgb(x, y))
        }
    }

    @Test fun framesThatEndTooEarlyAreRefused() {
        val frame = Scenes.scene(64, 48, Layout.I420)
        refusal { YuvPicture().show(frame.y, frame.u, frame.v, 0, 0, 64, 50) }
        refusal { YuvPicture().show(frame.y, frame.u, frame.v, 0, 0, 64, 48, 45) }
        refusal { YuvPicture().show(frame.y, frame.u, frame.v, -1, 0, 64, 48) }
    }

    @Test fun aFrameLeavesNoGarbage() {
        val frame = Scenes.scene(640, 480, Layout.NV21)
        val shown = YuvPicture()
        val reader = CropReader(128)
        val threads = ManagementFactory.getThreadMXBean() as com.sun.management.ThreadMXBean
        val square = Square(240.0, 300.0, 300.0)
        fun frames(count: Int) = repeat(count) {
            frame.show(90, false, shown)
            reader.read(shown, square, 0)
        }
        frames(60)
        val before = threads.getThreadAllocatedBytes(Thread.currentThread().id)
        frames(200)
        val made = threads.getThreadAllocatedBytes(Thread.currentThread().id) - before
        assertTrue("200 frames allocated $made bytes", made < 2048)
    }

    /** Peers convert the whole frame to an image, turn it, and scale the face's part down. */
    @Test fun onePassIsAtLeastTwiceAsFastAsTheWholeFrame() {
        val frame = Scenes.scene(1280, 720, Layout.NV21)
        val shown = YuvPicture()
        val reader = CropReader(128)
        val square = Square(360.0, 640.0, 320.0)
        val onePass = median { frame.show(90, false, shown); reader.read(shown, square, 0) }
        val whole = median { wholeFrame(frame, shown, reader, square) }
        println("one pass: $onePass ms, whole frame: $whole ms")
        assertTrue("one pass takes $onePass ms, the whole frame $whole ms", 2 * onePass <= whole)
    }

    private fun wholeFrame(frame: TestFrame, shown: YuvPicture, reader: CropReader, square: Square) {
        frame.show(0, false, shown)
        val plain = IntArray(shown.width * shown.height) { shown.rgb(it % shown.width, it / shown.width) }
        val turned = IntArray(plain.size)
        for (y in 0 until shown.height) for (x in 0 until shown.width) {
            turned[x * shown.height + shown.height - 1 - y] = plain[y * shown.width + x]
        }
        reader.read(ArgbPicture(turned, shown.height, shown.width), square, 0)
    }

    private fun median(frame: () -> Unit): Double {
        val times = LongArray(200) { System.nanoTime().let { begun -> frame(); System.nanoTime() - begun } }
        return times.sorted()[100] / 1e6
    }
}
