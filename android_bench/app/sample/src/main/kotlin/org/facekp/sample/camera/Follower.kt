package org.facekp.sample.camera

import android.content.Context
import android.media.Image
import android.os.Handler
import android.os.HandlerThread
import android.os.Looper
import org.facekp.FaceFinder
import org.facekp.FaceTracker
import org.facekp.FacekpException
import org.facekp.TrackedFace
import org.facekp.YuvPicture
import org.facekp.sample.Choice
import org.facekp.sample.OpenModel
import org.facekp.sample.R
import org.facekp.show

/** What was seen on a frame, upright by `rotation`; `ran` says what computed, and is "" before a first face. */
internal class Seen(
    val faces: List<TrackedFace>, val lines: IntArray, val rotation: Int, val ran: String, val figures: Figures,
)

/**
 * Follows the faces on a camera's frames, on a thread of its own: the newest frame alone waits for it.
 *
 * @param seen told on the main thread.
 * @param refused as well: why no model can look at the frames, in a sentence.
 */
internal class Follower(
    private val context: Context,
    private val choice: Choice,
    private val seen: (Seen) -> Unit,
    private val refused: (String) -> Unit,
) {
    private class Frame(val image: Image, val rotation: Int, val arrived: Long) : AutoCloseable {
        override fun close() = image.close()
    }

    private val thread = HandlerThread("keypoints").apply { start() }
    private val there = Handler(thread.looper)
    private val here = Handler(Looper.getMainLooper())
    private val newest = Newest<Frame>()
    private val figures = FrameFigures()
    private val picture = YuvPicture()
    private var model: OpenModel? = null
    private var finder: FaceFinder? = null
    private var tracker: FaceTracker? = null
    private var last = Double.NEGATIVE_INFINITY

    /** Takes over a frame, from any thread; `rotation` brings it upright. */
    fun give(image: Image, rotation: Int) {
        newest.give(Frame(image, rotation, System.nanoTime()))
        there.post(work)
    }

    /** Closes all frames but the one that is looked at; more are not taken. */
    fun stop() {
        newest.close()
        here.removeCallbacksAndMessages(null)
    }

    /** Closes the model, on its own thread, and then calls `after` there; after [stop]. */
    fun close(after: () -> Unit) {
        there.post {
            model?.close()
            finder?.close()
            here.removeCallbacksAndMessages(null)
            after()
        }
        thread.quitSafely()
    }

    private val work = Runnable { newest.take()?.use(::look) }

    private fun look(frame: Frame) {
        val seconds = frame.image.timestamp / 1e9
        if (seconds <= last) return // a camera's clock that stands still
        last = seconds
        try {
            val tracker = tracker ?: opened().also { tracker = it }
            val faces = tracker.update(picture.show(frame.image, frame.rotation), seconds)
            val model = model ?: return
            // The model ran on this frame where it shows a face.
            val inference = model.detector.lastRunNanoseconds?.takeIf { faces.isNotEmpty() }
            figures.add(inference?.let { it / 1e6 }, frame.arrived, System.nanoTime())
            val ran = if (model.detector.lastRunNanoseconds == null) "" else model.ran
            val answer = Seen(faces, model.lines, frame.rotation, ran, figures.of(newest.dropped))
            here.post { seen(answer) }
        } catch (refusal: FacekpException) {
            refuse(refusal.message.orEmpty())
        } catch (_: OutOfMemoryError) {
            refuse(context.getString(R.string.no_memory))
        }
    }

    private fun refuse(sentence: String) {
        newest.close()
        here.post { refused(sentence) }
    }

    private fun opened(): FaceTracker {
        val finder = FaceFinder.fast(context).also { finder = it }
        val model = OpenModel(context, choice).also { model = it }
        return FaceTracker(model.detector, finder)
    }
}
