package org.facekp.sample.camera

import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.ColorFilter
import android.graphics.Matrix
import android.graphics.Paint
import android.graphics.PixelFormat
import android.graphics.Rect
import android.graphics.drawable.Drawable
import android.view.Surface
import android.view.TextureView
import android.view.View
import android.widget.TextView
import org.facekp.Orientation
import org.facekp.sample.R
import org.facekp.sample.await
import org.facekp.sample.text

/** Gives the front camera one and the same frame until its face is shown, and draws the preview as Android would. */
internal fun CameraActivity.seeing() {
    previewed()
    await("an open camera") { TestCameras.open == 1 }
    @Suppress("DEPRECATION")
    val display = if (windowManager.defaultDisplay.rotation == Surface.ROTATION_90) 90 else 0
    val rotation = Orientation.upright(270, display, front = true)
    val scene = if (rotation % 180 == 0) TestImage.scene(640, 480) else TestImage.scene(480, 640)
    var frames = 0
    await("figures") {
        val image = TestImage(scene, rotation, 1_000_000_000L + 33_000_000L * frames++)
        TestReader.last.give(image)
        await("a frame's end") { image.closed }
        "inference: p50" in text(R.id.figures)
    }
    val figures = findViewById<TextView>(R.id.figures)
    // No run takes as long as another; Android tells the headroom or not, by when it was asked last.
    val language = resources.configuration.locales[0]
    val nothing = "%.1f".format(language, 0f)
    figures.text = text(R.id.figures).replace(Regex("[\\p{Nd}.٫]+(?=, p90|\u00A0ms| frames)"), nothing)
        .replace(Regex("\\p{Nd}+ dropped"), "%d dropped".format(language, 0))
        .replace(Regex(", headroom [\\p{Nd}.٫]+"), "")
    // What the sensor saw, upright for the phone's natural orientation, as in a mirror.
    val natural = scene.turned(-display).mirrored()
    val preview = findViewById<TextureView>(R.id.preview)
    preview.isOpaque = false // it would be drawn black over that
    (preview.parent as View).background = Preview(natural, preview)
    await("its layout") { !window.decorView.isLayoutRequested }
}

/** Robolectric draws no textures: this draws one, stretched over its view and moved by the view's own matrix. */
private class Preview(private val frame: Bitmap, private val view: TextureView) : Drawable() {
    override fun draw(canvas: Canvas) {
        canvas.drawColor(android.graphics.Color.BLACK)
        canvas.save()
        canvas.concat(view.getTransform(Matrix()))
        canvas.drawBitmap(frame, null, Rect(0, 0, view.width, view.height), Paint(Paint.FILTER_BITMAP_FLAG))
        canvas.restore()
    }

    override fun setAlpha(alpha: Int) = Unit

    override fun setColorFilter(filter: ColorFilter?) = Unit

    @Deprecated("Android asks for it no more")
    override fun getOpacity() = PixelFormat.OPAQUE
}

private fun Bitmap.mirrored(): Bitmap =
    Bitmap.createBitmap(this, 0, 0, width, height, Matrix().apply { postScale(-1f, 1f) }, false)
