package org.facekp.sample

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Matrix
import android.graphics.Paint
import android.util.AttributeSet
import android.view.MotionEvent
import android.view.ScaleGestureDetector
import android.view.View

/** A photograph as large as fits, with keypoints over it; two fingers zoom, one moves. */
class KeypointView @JvmOverloads constructor(context: Context, attributes: AttributeSet? = null) :
    View(context, attributes) {
    /** One face's points, x then y in pixels of the picture, and pairs of points that lines join. */
    class Points(val coordinates: FloatArray, val lines: IntArray) {
        /** How wide and high the points lie apart, in pixels of the picture. */
        internal val side = maxOf(span(coordinates, 0), span(coordinates, 1))

        private fun span(all: FloatArray, first: Int): Float {
            val values = (first until all.size step 2).map { all[it] }
            return (values.maxOrNull() ?: 0f) - (values.minOrNull() ?: 0f)
        }
    }

    private val picturePaint = Paint(Paint.FILTER_BITMAP_FLAG)
    private val painter = FacePainter(context)
    private val toView = Matrix()
    private val pointsToView = Matrix()
    private var bitmap: Bitmap? = null
    private var faces: List<Points> = emptyList()
    private var mapped = FloatArray(0)
    private var zoom = 1f
    private var shiftX = 0f
    private var shiftY = 0f
    private var lastX = 0f
    private var lastY = 0f
    private var lifted = false

    private val pinch = ScaleGestureDetector(
        context,
        object : ScaleGestureDetector.SimpleOnScaleGestureListener() {
            override fun onScale(detector: ScaleGestureDetector): Boolean {
                zoom(detector.scaleFactor, detector.focusX, detector.focusY)
                return true
            }
        },
    )

    /** Shows a picture, whole, and nothing on it. */
    fun show(picture: Bitmap) {
        bitmap = picture
        faces = emptyList()
        zoom = 1f
        shiftX = 0f
        shiftY = 0f
        invalidate()
    }

    /** Draws faces over the picture. */
    fun mark(found: List<Points>) {
        faces = found
        invalidate()
    }

    /** Zooms so that what lies between the fingers, at a place of the view, stays there. */
    internal fun zoom(factor: Float, focusX: Float, focusY: Float) {
        val before = zoom
        zoom = (zoom * factor).coerceIn(1f, MOST_ZOOM)
        val awayX = focusX - width / 2f
        val awayY = focusY - height / 2f
        shiftX = awayX + (shiftX - awayX) * zoom / before
        shiftY = awayY + (shiftY - awayY) * zoom / before
        invalidate()
    }

    override fun onTouchEvent(event: MotionEvent): Boolean {
        pinch.onTouchEvent(event)
        when (event.actionMasked) {
            MotionEvent.ACTION_MOVE -> if (event.pointerCount == 1 && !pinch.isInProgress && !lifted) {
                shiftX += event.x - lastX
                shiftY += event.y - lastY
                invalidate()
            }
            MotionEvent.ACTION_UP -> performClick()
        }
        // The finger that stays is another one, elsewhere.
        lifted = event.actionMasked == MotionEvent.ACTION_POINTER_UP
        lastX = event.x
        lastY = event.y
        return true
    }

    override fun performClick(): Boolean {
        super.performClick()
        return true
    }

    override fun onDraw(canvas: Canvas) {
        canvas.drawColor(Color.BLACK)
        val picture = bitmap ?: return
        place(picture)
        canvas.drawBitmap(picture, toView, picturePaint)
        for (face in faces) {
            if (mapped.size != face.coordinates.size) mapped = FloatArray(face.coordinates.size)
            pointsToView.mapPoints(mapped, face.coordinates)
            painter.onView(canvas, mapped, face.lines, toView.mapRadius(face.side))
        }
    }

    /** Fits the picture into the view, zoomed and moved, but never away from it. Points name pixels' centers. */
    private fun place(picture: Bitmap) {
        val fit = minOf(width / picture.width.toFloat(), height / picture.height.toFloat())
        val scale = fit * zoom
        val roomX = maxOf(0f, (picture.width * scale - width) / 2)
        val roomY = maxOf(0f, (picture.height * scale - height) / 2)
        shiftX = shiftX.coerceIn(-roomX, roomX)
        shiftY = shiftY.coerceIn(-roomY, roomY)
        toView.setScale(scale, scale)
        toView.postTranslate(
            (width - picture.width * scale) / 2 + shiftX,
            (height - picture.height * scale) / 2 + shiftY,
        )
        pointsToView.set(toView)
        pointsToView.preTranslate(0.5f, 0.5f)
    }

    private companion object {
        const val MOST_ZOOM = 8f
    }
}
