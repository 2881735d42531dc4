package org.facekp.sample.camera

import android.content.Context
import android.os.Build
import android.os.PowerManager
import android.os.SystemClock
import org.facekp.sample.R

/** How warm the phone says it is. */
internal class Heat(private val context: Context) {
    private val power = context.getSystemService(Context.POWER_SERVICE) as PowerManager
    private var asked = 0L
    private var headroom = Float.NaN

    /** Status and headroom in words, as far as this Android tells them. */
    fun told(): String {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.Q) return context.getString(R.string.heat_unknown)
        val names = context.resources.getStringArray(R.array.heat)
        val status = names.getOrElse(power.currentThermalStatus) { names.last() }
        val left = headroom()
        return if (left.isNaN()) {
            context.getString(R.string.heat_status, status)
        } else {
            context.getString(R.string.heat_headroom, status, left)
        }
    }

    /** 1 is where the phone begins to throttle severely. Asked more often, Android answers NaN. */
    private fun headroom(): Float {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.R) return Float.NaN
        val now = SystemClock.elapsedRealtime()
        if (asked == 0L || now - asked >= if (headroom.isNaN()) SHORT_PAUSE else PAUSE) {
            asked = now
            headroom = power.getThermalHeadroom(0)
        }
        return headroom
    }

    private companion object {
        const val PAUSE = 10_000L
        const val SHORT_PAUSE = 1_000L
    }
}
