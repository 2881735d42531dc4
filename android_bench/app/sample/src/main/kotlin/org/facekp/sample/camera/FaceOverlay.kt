package org.facekp.sample.camera

import android.content.Context
import android.graphics.Canvas
import android.util.AttributeSet
import android.view.View
import org.facekp.TrackedFace
import org.facekp.ViewMap
import org.facekp.sample.FacePainter

/** The keypoints of a camera's faces, over its preview. */
internal class FaceOverlay @JvmOverloads constructor(context: Context, attributes: AttributeSet? = null) :
    View(context, attributes) {
    private val painter = FacePainter(context)
    private var faces: List<TrackedFace> = emptyList()
    private var lines = IntArray(0)
    private var map: ViewMap? = null
    private var mapped = FloatArray(0)

    /** Draws faces: their points in pixels of the upright frame, and the pairs of points that lines join. */
    fun show(found: List<TrackedFace>, pairs: IntArray, onto: ViewMap) {
        faces = found
        lines = pairs
        map = onto
        invalidate()
    }

    /** Draws nothing. */
    fun clear() {
        faces = emptyList()
        invalidate()
    }

    override fun onDraw(canvas: Canvas) {
        val map = map ?: return
        for (face in faces) {
            if (mapped.size != face.keypoints.size) mapped = FloatArray(face.keypoints.size)
            map.toView(face.keypoints, mapped)
            painter.onView(canvas, mapped, lines, map.scale * maxOf(face.box.width, face.box.height).toFloat())
        }
    }
}
