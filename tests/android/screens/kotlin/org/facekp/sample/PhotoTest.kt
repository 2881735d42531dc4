package org.facekp.sample

import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.net.Uri
import android.widget.Spinner
import java.io.File
import java.io.InputStream
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** The photo screen with whatever people give it. */
@RunWith(SampleRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35])
open class PhotoTest {
    private val resolver get() = RuntimeEnvironment.getApplication().contentResolver
    private val folder = File(System.getProperty("facekp.pictures")!!)

    @Test
    fun whatCannotBeReadGivesASentenceAndThePictureBeforeStays() = onScreen { activity ->
        activity.answered()
        val refused = mapOf<String, () -> InputStream>(
            "no bytes" to { "".byteInputStream() },
            "text" to { "no picture".byteInputStream() },
            "gone" to { throw java.io.FileNotFoundException("it was deleted") },
            "revoked" to { throw SecurityException("no access any more") },
            "failing" to { throw IllegalStateException("the other app's database is closed") },
        )
        for ((name, open) in refused) {
            val expected = if (name in setOf("gone", "revoked", "failing")) R.string.gone else R.string.unreadable
            assertEquals(name, activity.getString(expected), pick(activity, name, open))
        }
        activity.findViewById<Spinner>(R.id.model).setSelection(1)
        await("the demo photo, with another model") { "int8" in activity.text(R.id.status) }
    }

    @Test
    fun aHugePictureIsReadSmallerAndSaid() = onScreen { activity ->
        val said = pick(activity, "huge") { File(folder, "huge.png").inputStream() }
        assertTrue(said, activity.getString(R.string.made_smaller, 2) in said)
    }

    /** What the phones of today take; of a larger one a power of two is left out. */
    @Test
    fun aPhonesOwnPictureIsReadWhole() {
        for ((width, height) in listOf(4000 to 3000, 4032 to 3024, 4080 to 3072)) assertEquals(1, Picture.shrink(width, height))
        assertEquals(2, Picture.shrink(8160, 6144))
    }

    /** Old Androids' reader ends on some with more than an IOException. */
    @Test
    fun anExifThatCannotBeReadTurnsNothing() {
        val whole = File(folder, "several.png").readBytes()
        var opened = 0
        val failing = object : InputStream() {
            override fun read() = throw NegativeArraySizeException("-2")
        }
        val uri = offered("exif") { if (++opened == 3) failing else whole.inputStream() }
        val seen = Picture.of(resolver, uri).bitmap
        assertEquals(4, opened)
        assertTrue(seen.width > 0)
    }

    @Test
    fun aTurnedPictureStandsInMemoryOnce() {
        val lying = Bitmap.createBitmap(4, 2, Bitmap.Config.ARGB_8888)
        val upright = Picture.upright(lying, 6)
        assertEquals(2 to 4, upright.width to upright.height)
        assertTrue(lying.isRecycled && !upright.isRecycled)
    }

    @Test
    fun ofAnAnimatedPictureTheFirstIsLookedAtAndItIsSaid() = onScreen { activity ->
        val sentence = activity.getString(R.string.animated)
        for (kind in listOf("gif", "png", "webp", "avif")) {
            for (name in listOf("animated.$kind", "still.$kind")) {
                val moves = isAnimated(File(folder, name).inputStream())
                assertEquals(name, name.startsWith("animated"), moves)
                val whole = File(folder, name).readBytes()
                for (size in 0..whole.size step 7) isAnimated(whole.copyOf(size).inputStream())
            }
            if (kind == "avif") continue // which Robolectric does not decode
            val said = pick(activity, kind) { File(folder, "animated.$kind").inputStream() }
            assertTrue("$kind: $said", said.startsWith("1 face") && said.endsWith(sentence))
        }
        val said = pick(activity, "still") { File(folder, "still.png").inputStream() }
        assertTrue(said, sentence !in said)
    }

    @Test
    fun aHeifsBrandsTellWhetherItIsASequence() {
        val box = { brands: String -> "\u0000\u0000\u0000${(8 + brands.length).toChar()}ftyp$brands".toByteArray(Charsets.ISO_8859_1) }
        val still = listOf("heic\u0000\u0000\u0000\u0000mif1heicmiaf", "mif1msf1mif1heic", "heic")
        for (brands in still) assertTrue(brands, !isAnimated(box(brands).inputStream()))
        for (brands in listOf("msf1\u0000\u0000\u0000\u0000iso8", "heic\u0000\u0000\u0000\u0000mif1heichevc", "hevc")) {
            assertTrue(brands, isAnimated(box(brands).inputStream()))
        }
        assertTrue(!isAnimated("\u00FF\u00FF\u00FF\u00FFftypheic".toByteArray(Charsets.ISO_8859_1).inputStream()))
    }

    @Test
    fun severalFacesAreCounted() = onScreen { activity ->
        val said = pick(activity, "several") { File(folder, "several.png").inputStream() }
        assertTrue(said, said.startsWith("2 faces"))
    }

    @Test
    fun everyOrientationStandsUpright() {
        for (orientation in 1..8) {
            val uri = offered("turned-$orientation") { File(folder, "turned-$orientation.jpg").inputStream() }
            val seen = Picture.of(resolver, uri).bitmap
            val meant = Picture.of(resolver, offered("meant-$orientation") { File(folder, "meant-$orientation.png").inputStream() }).bitmap
            assertEquals("$orientation", meant.width to meant.height, seen.width to seen.height)
            for (x in intArrayOf(3, seen.width - 4)) for (y in intArrayOf(3, seen.height - 4)) {
                assertEquals("$orientation at $x, $y", reddish(meant.getPixel(x, y)), reddish(seen.getPixel(x, y)))
            }
        }
    }

    @Test
    fun whatIsNoAddressIsNotOpened() {
        val intent = Intent(Intent.ACTION_SEND).setType("image/png").putExtra(Intent.EXTRA_STREAM, Intent())
        Robolectric.buildActivity(MainActivity::class.java, intent).use { controller ->
            assertTrue(controller.setup().get().answered().startsWith("1 face"))
        }
    }

    @Test
    fun choicesSurviveARestart() {
        Robolectric.buildActivity(MainActivity::class.java).use { controller ->
            val activity = controller.setup().get()
            activity.answered()
            activity.findViewById<Spinner>(R.id.model).setSelection(3)
            await("another model") { "MDP 1x" in activity.text(R.id.status) }
            val again = controller.recreate().get()
            assertTrue(again.answered(), "MDP 1x, int8" in again.answered())
        }
    }

    @Test
    fun withoutAPickerItIsSaid() = onScreen { activity ->
        activity.answered()
        shadowOf(RuntimeEnvironment.getApplication()).checkActivities(true)
        activity.findViewById<android.view.View>(R.id.choose).performClick()
        assertEquals(activity.getString(R.string.no_picker), activity.text(R.id.status))
    }

    private fun onScreen(body: (MainActivity) -> Unit) {
        Robolectric.buildActivity(MainActivity::class.java).use { body(it.setup().get()) }
    }

    /** Picks what a provider gives; what the screen says then. */
    private fun pick(activity: MainActivity, name: String, open: () -> InputStream): String {
        activity.answered()
        activity.findViewById<android.view.View>(R.id.choose).performClick()
        val asked = shadowOf(activity).nextStartedActivityForResult.intent
        shadowOf(activity).receiveResult(asked, Activity.RESULT_OK, Intent().setData(offered(name, open)))
        return activity.answered()
    }

    private fun offered(name: String, open: () -> InputStream): Uri {
        val uri = Uri.parse("content://pictures/${name.replace(' ', '-')}")
        shadowOf(resolver).registerInputStreamSupplier(uri) { open() }
        return uri
    }

    private fun reddish(color: Int) = android.graphics.Color.red(color) / 64
}

/** The same on Android 14; for 7, Robolectric decodes no pictures. */
@Config(sdk = [34])
class PhotoOn34Test : PhotoTest()
