package org.facekp.sample

import android.content.Context
import android.graphics.Bitmap
import android.os.Handler
import android.os.HandlerThread
import android.os.Looper
import android.os.SystemClock
import org.facekp.ArgbPicture
import org.facekp.Box
import org.facekp.Face
import org.facekp.FaceFinder
import org.facekp.FacekpException
import org.facekp.ModelInfo

/** The one thread that detector and finder belong to. Answers come on the main thread, none after [close]. */
class Worker(private val context: Context) {
    /** What was found on one picture, in how many milliseconds, by what, and the pairs of points that lines join. */
    class Answer(val faces: List<Face>, val milliseconds: Long, val ran: String, val lines: IntArray)

    private val thread = HandlerThread("keypoints").apply { start() }
    private val there = Handler(thread.looper)
    private val here = Handler(Looper.getMainLooper())
    private var finder: FaceFinder? = null
    private var model: OpenModel? = null

    /** Finds the faces of a picture; a newer call takes the place of one that waits. */
    fun detect(choice: Choice, bitmap: Bitmap, found: (Answer) -> Unit, failed: (String) -> Unit) =
        newest(failed, found) {
            val finder = finder ?: FaceFinder.thorough(context).also { finder = it }
            val model = opened(choice)
            val start = SystemClock.elapsedRealtime()
            val faces = model.detector.detect(bitmap, finder)
            Answer(faces, SystemClock.elapsedRealtime() - start, model.ran, model.lines)
        }

    /** Opens a model and runs it once, on a gray picture; what it says of itself, and what computed. */
    fun describe(choice: Choice, told: (ModelInfo, String) -> Unit, failed: (String) -> Unit) =
        newest(failed, { (info, ran) -> told(info, ran) }) {
            val model = opened(choice)
            val side = model.detector.info.crop.size
            val gray = ArgbPicture(IntArray(side * side) { GRAY }, side, side)
            model.detector.detect(gray, listOf(Box(0.0, 0.0, side.toDouble(), side.toDouble())))
            model.detector.info to model.ran
        }

    /** Does something else on this thread, after what waits; what it answers is told. */
    fun <T> run(work: () -> T, told: (T) -> Unit) {
        there.post {
            val answer = work()
            here.post { told(answer) }
        }
    }

    /** Gives back the memory of model and finder, which are opened again when they are needed. */
    fun release() {
        there.post(::closeAll)
    }

    /** Closes the model, on its own thread, and drops what was not answered yet. */
    fun close() {
        there.removeCallbacksAndMessages(DETECT)
        here.removeCallbacksAndMessages(null)
        there.post {
            closeAll()
            here.removeCallbacksAndMessages(null)
        }
        thread.quitSafely()
    }

    private fun <T> newest(failed: (String) -> Unit, told: (T) -> Unit, work: () -> T) {
        there.removeCallbacksAndMessages(DETECT)
        val task = Runnable {
            try {
                val answer = work()
                here.post { told(answer) }
            } catch (refusal: FacekpException) {
                here.post { failed(refusal.message.orEmpty()) }
            } catch (_: OutOfMemoryError) {
                closeAll()
                here.post { failed(context.getString(R.string.no_memory)) }
            }
        }
        there.postAtTime(task, DETECT, SystemClock.uptimeMillis())
    }

    private fun opened(choice: Choice): OpenModel {
        model?.takeIf { it.choice == choice }?.let { return it }
        model?.close()
        model = null
        return OpenModel(context, choice).also { model = it }
    }

    private fun closeAll() {
        model?.close()
        finder?.close()
        model = null
        finder = null
    }

    private companion object {
        /** Marks the tasks of which only the newest counts. */
        val DETECT = Any()
        const val GRAY = 0x808080
    }
}
