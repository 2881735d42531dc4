package org.facekp.sample

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Canvas
import android.graphics.Color
import android.net.Uri
import android.view.View
import java.io.ByteArrayOutputStream
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** A point of whole numbers lies on the center of the pixel that they name. */
@RunWith(SampleRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35])
class PointsTest {
    private val app get() = RuntimeEnvironment.getApplication()

    @Test
    fun onTheScreen() {
        val view = KeypointView(app)
        val exactly = { length: Int -> View.MeasureSpec.makeMeasureSpec(length, View.MeasureSpec.EXACTLY) }
        view.measure(exactly(800), exactly(800))
        view.layout(0, 0, 800, 800)
        view.show(black(8))
        view.mark(listOf(points(1, 6)))
        val drawn = Bitmap.createBitmap(800, 800, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(drawn))
        // A pixel of the picture is a hundred of the screen, and its center lies in their midst.
        assertCenter(drawn, 0, 150.0)
        assertCenter(drawn, 400, 650.0)
    }

    @Test
    fun whatLiesBetweenTheFingersStaysThere() {
        val view = KeypointView(app)
        view.layout(0, 0, 800, 800)
        view.show(black(8))
        view.mark(listOf(points(1, 6)))
        val drawn = Bitmap.createBitmap(800, 800, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(drawn))
        view.zoom(2f, 150f, 150f)
        drawn.eraseColor(Color.BLACK)
        view.draw(Canvas(drawn))
        assertCenter(drawn, 0, 150.0)
    }

    @Test
    fun inAPictureThatIsSaved() {
        val target = Uri.parse("content://documents/points")
        val written = ByteArrayOutputStream()
        shadowOf(app.contentResolver).registerOutputStream(target, written)
        assertEquals(R.string.saved, MarkedPicture(app, black(200), listOf(points(20, 180))).write(target))
        val saved = BitmapFactory.decodeByteArray(written.toByteArray(), 0, written.size())
        // Edges of pixels here: the center of pixel 20 lies at 20.5.
        assertCenter(saved, 0, 20.5)
        assertCenter(saved, 100, 180.5)
    }

    private fun black(side: Int) = Bitmap.createBitmap(side, side, Bitmap.Config.ARGB_8888).apply { eraseColor(Color.BLACK) }

    private fun points(first: Int, last: Int) =
        KeypointView.Points(floatArrayOf(first.toFloat(), first.toFloat(), last.toFloat(), last.toFloat()), intArrayOf())

    /** Of what was drawn in a quarter of the picture, from (`from`, `from`) on. */
    private fun assertCenter(picture: Bitmap, from: Int, expected: Double) {
        var weight = 0.0
        var across = 0.0
        var down = 0.0
        for (y in from until from + picture.height / 2) for (x in from until from + picture.width / 2) {
            val bright = Color.green(picture.getPixel(x, y)).toDouble()
            weight += bright
            across += bright * (x + 0.5)
            down += bright * (y + 0.5)
        }
        assertEquals(expected, across / weight, 0.1)
        assertEquals(expected, down / weight, 0.1)
    }
}
