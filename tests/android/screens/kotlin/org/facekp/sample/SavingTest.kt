package org.facekp.sample

import android.app.Activity
import android.content.ComponentCallbacks2
import android.content.Intent
import android.graphics.BitmapFactory
import android.net.Uri
import android.os.ParcelFileDescriptor
import java.io.ByteArrayOutputStream
import java.io.FileNotFoundException
import java.io.IOException
import java.io.OutputStream
import org.facekp.sample.camera.CameraActivity
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Pictures with their points, out of the app, and pictures of other apps into it. */
@RunWith(SampleRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35])
class SavingTest {
    private val app get() = RuntimeEnvironment.getApplication()
    private val target = Uri.parse("content://documents/new")

    @Test
    fun thePictureIsSavedWithItsPoints() = onScreen { controller ->
        val activity = controller.get()
        activity.answered()
        val written = ByteArrayOutputStream()
        shadowOf(app.contentResolver).registerOutputStream(target, written)
        save(activity)
        await("an answer") { activity.text(R.id.status) == activity.getString(R.string.saved) }
        refuseWithoutPoints(written.toByteArray())
    }

    /** The process may end while people choose where to. */
    @Test
    fun whatIsChosenBeforeFacesAreFoundIsSavedThen() = onScreen { controller ->
        val activity = controller.get()
        val written = ByteArrayOutputStream()
        shadowOf(app.contentResolver).registerOutputStream(target, written)
        save(activity)
        await("an answer") { activity.text(R.id.status) == activity.getString(R.string.saved) }
        refuseWithoutPoints(written.toByteArray())
    }

    @Test
    fun whatCannotBeWrittenIsSaid() = onScreen { controller ->
        val activity = controller.get()
        activity.answered()
        val full = object : OutputStream() {
            override fun write(byte: Int) = throw IOException("no space left")
        }
        shadowOf(app.contentResolver).registerOutputStream(target, full)
        save(activity)
        await("an answer") { activity.text(R.id.status) == activity.getString(R.string.not_saved) }
    }

    @Test
    fun thePictureIsSharedWithOneAppAlone() = onScreen { controller ->
        val activity = controller.get()
        activity.answered()
        shadowOf(activity).clickMenuItem(R.id.share_picture)
        lateinit var chooser: Intent
        await("a chooser") { shadowOf(activity).nextStartedActivity?.let { chooser = it } != null }
        @Suppress("DEPRECATION")
        val intent = chooser.getParcelableExtra<Intent>(Intent.EXTRA_INTENT)!!
        assertNotEquals(0, intent.flags and Intent.FLAG_GRANT_READ_URI_PERMISSION)
        @Suppress("DEPRECATION")
        val uri = intent.getParcelableExtra<Uri>(Intent.EXTRA_STREAM)!!
        val provider = Robolectric.setupContentProvider(SharedPictures::class.java, uri.authority!!)
        val given = provider.openFile(uri, "r")
        refuseWithoutPoints(ParcelFileDescriptor.AutoCloseInputStream(given).readBytes())
        provider.query(uri, null, null, null, null).use {
            it.moveToFirst()
            assertEquals(SharedPictures.NAME, it.getString(0))
        }
        for ((wrong, mode) in listOf(uri to "w", Uri.parse("$uri/../../choice.xml") to "r")) {
            assertThrows(FileNotFoundException::class.java) { provider.openFile(wrong, mode) }
        }
    }

    @Test
    fun aPictureOfAnotherAppIsOpened() {
        val uri = Uri.parse("content://pictures/shared")
        shadowOf(app.contentResolver).registerInputStreamSupplier(uri) { "no picture".byteInputStream() }
        val intent = Intent(app, MainActivity::class.java).setAction(Intent.ACTION_SEND).putExtra(Intent.EXTRA_STREAM, uri)
        Robolectric.buildActivity(MainActivity::class.java, intent).use { controller ->
            assertEquals(app.getString(R.string.unreadable), controller.setup().get().answered())
        }
        shadowOf(app.contentResolver).registerInputStreamSupplier(uri) { app.assets.open("demo/astronaut.png") }
        Robolectric.buildActivity(MainActivity::class.java, intent).use { controller ->
            assertTrue(controller.setup().get().answered().startsWith("1 face"))
        }
    }

    @Test
    fun withLittleMemoryTheModelIsOpenedAgainWhenItIsNeeded() = onScreen { controller ->
        val activity = controller.get()
        activity.answered()
        @Suppress("DEPRECATION")
        activity.onTrimMemory(ComponentCallbacks2.TRIM_MEMORY_RUNNING_CRITICAL)
        shadowOf(activity).clickMenuItem(R.id.demo)
        assertTrue(activity.answered().startsWith("1 face"))
    }

    @Test
    fun everyScreenCanBeReached() = onScreen { controller ->
        val activity = controller.get()
        activity.findViewById<android.view.View>(R.id.camera).performClick()
        assertEquals(CameraActivity::class.java.name, shadowOf(activity).nextStartedActivity.component?.className)
        val screens = mapOf(R.id.model_screen to ModelActivity::class, R.id.benchmark to BenchmarkActivity::class, R.id.about to AboutActivity::class)
        for ((item, screen) in screens) {
            shadowOf(activity).clickMenuItem(item)
            assertEquals(screen.java.name, shadowOf(activity).nextStartedActivity.component?.className)
        }
    }

    private fun onScreen(body: (ActivityController<MainActivity>) -> Unit) {
        Robolectric.buildActivity(MainActivity::class.java).use { body(it.setup()) }
    }

    private fun save(activity: MainActivity) {
        shadowOf(activity).clickMenuItem(R.id.save)
        val asked = shadowOf(activity).nextStartedActivityForResult.intent
        assertEquals(Intent.ACTION_CREATE_DOCUMENT, asked.action)
        shadowOf(activity).receiveResult(asked, Activity.RESULT_OK, Intent().setData(target))
    }

    /** As large as the demo photo, and other than it where the face is, but not elsewhere. */
    private fun refuseWithoutPoints(png: ByteArray) {
        val saved = BitmapFactory.decodeByteArray(png, 0, png.size)
        val plain = app.assets.open("demo/astronaut.png").use(BitmapFactory::decodeStream)
        assertEquals(plain.width to plain.height, saved.width to saved.height)
        val changed = (0 until plain.height).flatMap { y -> (0 until plain.width).filter { saved.getPixel(it, y) != plain.getPixel(it, y) }.map { it to y } }
        assertTrue("${changed.size} pixels", changed.size in 200..20_000)
        assertTrue(changed.all { (x, y) -> x in 150..320 && y in 40..260 })
    }
}
