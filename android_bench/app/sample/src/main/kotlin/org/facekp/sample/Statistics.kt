package org.facekp.sample

import kotlin.math.abs
import kotlin.math.sqrt
import org.json.JSONObject

/** Statistics of samples in milliseconds, as a facekp-bench record has them: those of `android_bench/timing.py`. */
internal object Statistics {
    private const val OUTLIER_LIMIT = 10.0

    /** Of one or more samples: p50_ms, p90_ms, p95_ms, mean_ms, std_ms, min_ms, max_ms and outliers. */
    fun of(samples: DoubleArray): JSONObject {
        val sorted = samples.sortedArray()
        val mean = samples.average()
        val variance = if (samples.size > 1) samples.sumOf { (it - mean) * (it - mean) } / (samples.size - 1) else 0.0
        return JSONObject()
            .put("p50_ms", percentile(sorted, 0.5)).put("p90_ms", percentile(sorted, 0.9))
            .put("p95_ms", percentile(sorted, 0.95)).put("mean_ms", mean).put("std_ms", sqrt(variance))
            .put("min_ms", sorted.first()).put("max_ms", sorted.last()).put("outliers", outliers(sorted))
    }

    /** Between the two nearest samples, linearly. */
    fun percentile(sorted: DoubleArray, share: Double): Double {
        val place = share * (sorted.size - 1)
        val below = place.toInt()
        val above = minOf(below + 1, sorted.size - 1)
        return sorted[below] + (place - below) * (sorted[above] - sorted[below])
    }

    private fun outliers(sorted: DoubleArray): Int {
        val median = percentile(sorted, 0.5)
        val away = DoubleArray(sorted.size) { abs(sorted[it] - median) }.sortedArray()
        val spread = percentile(away, 0.5)
        // Where more than half of the samples are equal, the mean deviation has to do.
        val unit = if (spread > 0) spread / 0.6745 else away.average() * 1.2533
        return if (unit > 0) away.count { it / unit > OUTLIER_LIMIT } else 0
    }
}
