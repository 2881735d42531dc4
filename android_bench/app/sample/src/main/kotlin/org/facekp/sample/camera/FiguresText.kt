package org.facekp.sample.camera

import android.os.SystemClock
import android.widget.TextView
import org.facekp.sample.Choice
import org.facekp.sample.R

/** The figures of a camera's frames in words, often enough to be read. */
internal class FiguresText(private val view: TextView) {
    private var title = ""
    private var shown = 0L

    /** A camera was opened, of which nothing is known yet. */
    fun opened(choice: Choice) {
        title = choice.model.title
        shown = 0
        view.setText(R.string.camera_opening)
    }

    /** Nothing is told any more. */
    fun clear() {
        view.text = ""
    }

    /** Tells a frame's figures, twice a second. */
    fun show(seen: Seen, heat: Heat) {
        val now = SystemClock.elapsedRealtime()
        if (shown != 0L && now - shown < PAUSE) return
        shown = now
        val context = view.context
        val figures = seen.figures
        val (half, most) = figures.frame
        val inference = figures.inference?.let { context.getString(R.string.camera_inference, it.first, it.second) }
            ?: context.getString(R.string.camera_no_face)
        view.text = listOf(
            inference,
            context.getString(R.string.camera_frame, half, most),
            context.getString(R.string.camera_rate, figures.perSecond, figures.dropped),
            heat.told(),
            listOf(title, seen.ran).filter(String::isNotEmpty).joinToString(" · "),
        ).joinToString("\n")
    }

    private companion object {
        const val PAUSE = 500L
    }
}
