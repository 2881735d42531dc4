package org.facekp

import java.io.ByteArrayInputStream
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Base64
import java.util.zip.InflaterInputStream
import javax.imageio.ImageIO
import kotlin.math.abs
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue

/** What Python wrote for the tests, and the checkout's other files. */
object Vectors {
    val root = File(System.getProperty("facekp.root"))

    fun of(name: String): Any? = Json.parse(File(root, "tests/vectors/$name.json").readText())

    fun list(name: String): List<Map<String, Any?>> = tables(of(name))

    fun picture(file: File): ArgbPicture {
        val image = ImageIO.read(file)
        val pixels = image.getRGB(0, 0, image.width, image.height, null, 0, image.width)
        return ArgbPicture(pixels, image.width, image.height)
    }

    fun demoPhoto() = picture(File(root, "facekp_export/demo/astronaut.png"))
}

@Suppress("UNCHECKED_CAST")
fun tables(value: Any?) = value as List<Map<String, Any?>>

fun numbers(value: Any?): DoubleArray = (value as List<*>).map { (it as Number).toDouble() }.toDoubleArray()

fun number(value: Any?): Double = (value as Number).toDouble()

fun box(value: Any?): Box = numbers(value).let { Box(it[0], it[1], it[2], it[3]) }

fun floats(value: Any?): FloatArray = numbers(value).let { all -> FloatArray(all.size) { all[it].toFloat() } }

fun assertClose(what: String, expected: Any?, actual: DoubleArray) {
    val wanted = numbers(expected)
    assertEquals("$what: how many", wanted.size, actual.size)
    for (i in wanted.indices) assertEquals("$what, number $i", wanted[i], actual[i], 1e-4)
}

fun Box.numbers() = doubleArrayOf(x, y, width, height)

fun List<FoundFace>.numbers() = flatMap { it.box.numbers().toList() + it.score }.toDoubleArray()

/** Faces of a vector in one row. */
fun faces(value: Any?): List<Double> = (value as List<*>).flatMap { numbers(it).toList() }

/** A crop of a photograph is the same within 2 gray levels, and at most 2 % of its values differ. */
fun assertSameCrop(what: String, expected: ArgbPicture, actual: ByteArray) {
    var differing = 0
    for (y in 0 until expected.height) for (x in 0 until expected.width) for (channel in 0..2) {
        val wanted = (expected.rgb(x, y) shr (16 - 8 * channel)) and 255
        val got = actual[3 * (y * expected.width + x) + channel].toInt() and 255
        if (wanted != got) differing++
        assertTrue("$what: $got in place of $wanted at $x, $y", abs(wanted - got) <= 2)
    }
    assertTrue("$what: $differing of ${actual.size} values differ", differing <= 0.02 * actual.size)
}

fun refusal(action: () -> Unit): String {
    try {
        action()
    } catch (error: FacekpException) {
        val message = error.message!!
        assertTrue(message, message.isNotBlank() && '\n' !in message)
        return message
    }
    throw AssertionError("nothing was refused")
}

/** The model file of a case of `documents`, as an engine takes it. */
fun fileOf(case: Map<*, *>): ByteBuffer {
    val packed = Base64.getDecoder().decode(case["data"] as String)
    val bytes = InflaterInputStream(ByteArrayInputStream(packed)).readBytes()
    val data = ByteBuffer.allocateDirect(bytes.size).order(ByteOrder.nativeOrder()).put(bytes)
    return data.apply { rewind() }
}

/** What the reader takes a model file's name for; null where it refuses the file. */
internal fun readName(data: ByteBuffer): String? = try {
    ModelFile.info(data).name.also { ModelFile.refuseDamaged(data) }
} catch (error: FacekpException) {
    null
}
