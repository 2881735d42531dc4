package org.facekp.sample.camera

import org.facekp.sample.Statistics

/**
 * What the last frames took.
 *
 * @property inference p50 and p90 of one run of the model inside the engine, in ms; null where no face was looked at.
 * @property frame p50 and p90 from a frame's arrival to its points, in ms.
 * @property perSecond frames that were looked at; 0 before the second one.
 * @property dropped frames that a newer one replaced, since the camera was opened.
 */
internal class Figures(
    val inference: Pair<Double, Double>?,
    val frame: Pair<Double, Double>,
    val perSecond: Double,
    val dropped: Int,
)

/** Collects them, of so many frames. */
internal class FrameFigures(private val frames: Int = 60) {
    private val inferences = ArrayDeque<Double>()
    private val latencies = ArrayDeque<Double>()
    private val ends = ArrayDeque<Long>()

    /** Adds a frame: milliseconds of inference, null where no model ran, and when it arrived and was done, in nanoseconds. */
    fun add(inference: Double?, arrived: Long, done: Long) {
        inference?.let { keep(inferences, it) }
        keep(latencies, (done - arrived) / 1e6)
        keep(ends, done)
    }

    /** Of one frame or more. */
    fun of(dropped: Int): Figures {
        val seconds = (ends.last() - ends.first()) / 1e9
        val perSecond = if (seconds > 0) (ends.size - 1) / seconds else 0.0
        return Figures(if (inferences.isEmpty()) null else middle(inferences), middle(latencies), perSecond, dropped)
    }

    private fun <T> keep(all: ArrayDeque<T>, value: T) {
        if (all.size == frames) all.removeFirst()
        all.addLast(value)
    }

    private fun middle(samples: Collection<Double>): Pair<Double, Double> {
        val sorted = samples.toDoubleArray().sortedArray()
        return Statistics.percentile(sorted, 0.5) to Statistics.percentile(sorted, 0.9)
    }
}
