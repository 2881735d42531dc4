package org.facekp.sample

import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint

/** Draws a face's points, x then y, and lines between pairs of them; `side` is how wide and high they lie apart. */
internal class FacePainter(context: Context) {
    private val density = context.resources.displayMetrics.density
    private val pointPaint = Paint(Paint.ANTI_ALIAS_FLAG).apply { color = context.getColor(R.color.point_left) }
    private val linePaint = Paint(Paint.ANTI_ALIAS_FLAG).apply { color = context.getColor(R.color.line) }

    /** On a screen: no point is large, nor runs into another on a small face. */
    fun onView(canvas: Canvas, points: FloatArray, lines: IntArray, side: Float) =
        draw(canvas, points, lines, minOf(POINT_RADIUS_DP * density, side * POINT_RADIUS_SHARE), density)

    /** In a picture's own pixels, to be looked at in any size. */
    fun inPicture(canvas: Canvas, points: FloatArray, lines: IntArray, side: Float) =
        draw(canvas, points, lines, side * POINT_RADIUS_SHARE, maxOf(1f, side * LINE_SHARE))

    private fun draw(canvas: Canvas, points: FloatArray, lines: IntArray, radius: Float, stroke: Float) {
        linePaint.strokeWidth = stroke
        for (i in lines.indices step 2) {
            val a = 2 * lines[i]
            val b = 2 * lines[i + 1]
            canvas.drawLine(points[a], points[a + 1], points[b], points[b + 1], linePaint)
        }
        for (i in points.indices step 2) canvas.drawCircle(points[i], points[i + 1], radius, pointPaint)
    }

    private companion object {
        const val POINT_RADIUS_DP = 2.5f
        const val POINT_RADIUS_SHARE = 0.015f
        const val LINE_SHARE = 0.005f
    }
}
