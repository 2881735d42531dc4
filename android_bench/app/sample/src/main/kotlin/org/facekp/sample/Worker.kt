package org.facekp.sample

import android.content.Context
import android.graphics.Bitmap
import android.os.Handler
import android.os.HandlerThread
import android.os.Looper
import android.os.SystemClock
import org.facekp.Face
import org.facekp.FaceFinder
import org.facekp.FacekpException
import org.facekp.KeypointDetector

/** The one thread that detector and finder belong to. Answers come on the main thread, none after [close]. */
class Worker(private val context: Context) {
    /** What was found on one picture, in how many milliseconds, and the pairs of points that lines join. */
    class Answer(val faces: List<Face>, val milliseconds: Long, val lines: IntArray)

    private val thread = HandlerThread("keypoints").apply { start() }
    private val there = Handler(thread.looper)
    private val here = Handler(Looper.getMainLooper())
    private var finder: FaceFinder? = null
    private var detector: KeypointDetector? = null
    private var opened: String? = null

    /** Finds the faces of a picture with a bundled model; a newer call takes the place of one that waits. */
    fun detect(asset: String, bitmap: Bitmap, found: (Answer) -> Unit, failed: (String) -> Unit) {
        there.removeCallbacksAndMessages(null)
        there.post {
            try {
                val answer = answer(asset, bitmap)
                here.post { found(answer) }
            } catch (refusal: FacekpException) {
                here.post { failed(refusal.message.orEmpty()) }
            }
        }
    }

    /** Closes the model, on its own thread, and drops what was not answered yet. */
    fun close() {
        there.removeCallbacksAndMessages(null)
        here.removeCallbacksAndMessages(null)
        there.post {
            detector?.close()
            finder?.close()
            here.removeCallbacksAndMessages(null)
        }
        thread.quitSafely()
    }

    private fun answer(asset: String, bitmap: Bitmap): Answer {
        val finder = finder ?: FaceFinder.thorough(context).also { finder = it }
        val detector = opened(asset)
        val start = SystemClock.elapsedRealtime()
        val faces = detector.detect(bitmap, finder)
        return Answer(faces, SystemClock.elapsedRealtime() - start, pairs(detector.info.scheme.lines))
    }

    private fun opened(asset: String): KeypointDetector {
        detector?.takeIf { opened == asset }?.let { return it }
        detector?.close()
        detector = null
        return KeypointDetector.fromAsset(context, asset).also {
            detector = it
            opened = asset
        }
    }

    private fun pairs(lines: List<IntArray>): IntArray =
        lines.flatMap { line -> (1 until line.size).flatMap { listOf(line[it - 1], line[it]) } }.toIntArray()
}
