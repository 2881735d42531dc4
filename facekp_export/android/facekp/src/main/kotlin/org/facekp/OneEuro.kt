package org.facekp

import kotlin.math.abs

/**
 * How strongly a One-Euro filter smooths; a unit of speed is one face's side a second.
 *
 * @property minCutoff cut-off frequency of a signal at rest, in Hz.
 * @property beta by how many Hz the cut-off rises for each unit of speed.
 * @property speedCutoff cut-off frequency of the estimated speed, in Hz.
 */
data class OneEuro @JvmOverloads constructor(
    val minCutoff: Double = 1.0,
    val beta: Double = 40.0,
    val speedCutoff: Double = 3.0,
) {
    init {
        val good = minCutoff.isFinite() && beta.isFinite() && speedCutoff.isFinite() && minCutoff > 0 && speedCutoff > 0
        demand(good && beta >= 0) { "a One-Euro filter needs positive cut-offs and a beta of 0 or more, not $this" }
    }
}

/** Smooths an array over time, each number by itself (Casiez, Roussel, Vogel, CHI 2012, algorithm 1). */
class OneEuroFilter(val settings: OneEuro) {
    private var last = 0.0
    private var value: DoubleArray? = null
    private var speed = DoubleArray(0)

    /** The smoothed values at a time later than the last one; `scale` is the length of one unit of speed. */
    fun smooth(values: DoubleArray, seconds: Double, scale: Double = 1.0): DoubleArray {
        val before = value
        val passed = seconds - last
        if (before != null) {
            demand(passed > 0) { "time must advance: $seconds s after $last s" }
            demand(values.size == before.size) { "the filter began with ${before.size} values, and now gets ${values.size}" }
        }
        last = seconds
        if (before == null) {
            value = values.copyOf()
            speed = DoubleArray(values.size)
            return values.copyOf()
        }
        for (i in values.indices) {
            val now = (values[i] - before[i]) / (passed * scale)
            speed[i] += weight(settings.speedCutoff, passed) * (now - speed[i])
            before[i] += weight(settings.minCutoff + settings.beta * abs(speed[i]), passed) * (values[i] - before[i])
        }
        return before.copyOf()
    }

    private fun weight(cutoff: Double, passed: Double): Double = 1 / (1 + 1 / (2 * Math.PI * cutoff * passed))
}
