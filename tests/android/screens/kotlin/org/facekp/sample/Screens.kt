package org.facekp.sample

import android.app.Activity
import android.graphics.Bitmap
import android.graphics.Canvas
import android.os.Looper
import android.widget.TextView
import java.io.File
import org.junit.Assert.fail
import org.robolectric.Shadows.shadowOf

private const val MOST_SECONDS = 60
private const val NAP_MILLISECONDS = 20L

/** Lets main and worker threads go on until a condition holds. */
internal fun await(what: String, holds: () -> Boolean) {
    val end = System.nanoTime() + MOST_SECONDS * 1_000_000_000L
    while (!holds()) {
        if (System.nanoTime() > end) fail("$what did not come about within $MOST_SECONDS seconds")
        shadowOf(Looper.getMainLooper()).idle()
        Thread.sleep(NAP_MILLISECONDS)
    }
    shadowOf(Looper.getMainLooper()).idle()
}

/** A text view's text. */
internal fun Activity.text(id: Int): String = findViewById<TextView>(id).text.toString()

/** The status line of the photo screen, once it no longer says that it looks. */
internal fun MainActivity.answered(): String {
    await("an answer") { text(R.id.status).let { it.isNotEmpty() && it != getString(R.string.looking) } }
    return text(R.id.status)
}

/** Writes the whole window into a PNG. */
internal fun Activity.shoot(name: String) {
    val root = window.decorView
    val bitmap = Bitmap.createBitmap(root.width, root.height, Bitmap.Config.ARGB_8888)
    root.draw(Canvas(bitmap))
    val folder = File(System.getProperty("facekp.shots")!!)
    File(folder, "$name.png").outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
}
