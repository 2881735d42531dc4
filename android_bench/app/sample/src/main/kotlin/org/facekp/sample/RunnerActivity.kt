package org.facekp.sample

import android.app.Activity
import android.app.KeyguardManager
import android.content.Context
import android.os.Bundle
import android.os.PowerManager
import android.view.WindowManager
import java.io.File
import java.io.IOException

/** What is in front while a model is timed; it says so when it was left. */
class RunnerActivity : Activity() {
    @Volatile
    private var left = false

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        window.addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        setContentView(R.layout.runner)
    }

    override fun onPause() {
        left = true
        super.onPause()
    }

    /** Why this process is none of an app in front, in a sentence; null where it is. */
    fun disturbed(): String? {
        if (left) return "the app was left while it measured; leave it in front until it is done"
        val cpuset = cpuset()
        val front = cpuset == null || "top-app" in cpuset
        return if (front) null else "Android runs the app as '$cpuset', not as the app in front; close other apps"
    }

    /** Which processors Android gives to this process; null where it does not say. */
    private fun cpuset(): String? = try {
        File("/proc/self/cpuset").readText().trim().takeIf { it.isNotEmpty() && it != "/" }
    } catch (_: IOException) {
        null
    }

    companion object {
        /** Why no activity comes to the front just now, in a sentence; null where one does. */
        fun hidden(context: Context): String? {
            val power = context.getSystemService(Context.POWER_SERVICE) as PowerManager
            val guard = context.getSystemService(Context.KEYGUARD_SERVICE) as KeyguardManager
            val seen = power.isInteractive && !guard.isKeyguardLocked
            return if (seen) null else "the phone's screen is dark or locked; unlock it and leave it on"
        }
    }
}
