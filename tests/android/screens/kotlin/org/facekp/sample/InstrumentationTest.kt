package org.facekp.sample

import android.app.Activity
import android.app.Instrumentation
import android.content.Context
import android.content.Intent
import android.os.Bundle
import android.os.Handler
import android.os.Looper
import android.os.PowerManager
import java.io.File
import java.util.concurrent.LinkedBlockingQueue
import org.json.JSONArray
import org.json.JSONObject
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.annotation.Config
import org.robolectric.annotation.Implementation
import org.robolectric.annotation.Implements
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowInstrumentation
import org.robolectric.util.ReflectionHelpers

/** The Android below an instrumentation, which shows its activity and hears how it ended. */
@Implements(Instrumentation::class)
class ToldInstrumentation : ShadowInstrumentation() {
    var left = false
    var shown: ActivityController<RunnerActivity>? = null

    @Volatile
    var said: String? = null

    @Implementation
    fun startActivitySync(intent: Intent): Activity {
        check(Looper.myLooper() != Looper.getMainLooper()) { "Android refuses to wait for the main thread on it" }
        check(intent.component!!.className == RunnerActivity::class.java.name)
        val started = LinkedBlockingQueue<Activity>()
        Handler(Looper.getMainLooper()).post {
            val controller = Robolectric.buildActivity(RunnerActivity::class.java, intent).setup()
            if (left) controller.pause()
            shown = controller
            started.put(controller.get())
        }
        return started.take()
    }

    /** As `am instrument -w -r` prints it. */
    @Implementation
    fun finish(code: Int, results: Bundle) {
        val lines = results.keySet().map { "INSTRUMENTATION_RESULT: $it=${results.getString(it)}" }
        said = (lines + "INSTRUMENTATION_CODE: $code").joinToString("\n", postfix = "\n")
    }
}

/** The instrumentation from its first call to its last, with the arguments that Python gives; Python judges what it says. */
@RunWith(SampleRunner::class)
@Config(sdk = [35], shadows = [ToldInstrumentation::class])
class InstrumentationTest {
    private val given = File(System.getProperty("facekp.runner")!!)

    @Test
    fun everyCase() {
        val context = RuntimeEnvironment.getApplication()
        val folder = context.getExternalFilesDir(null)!!
        val cases = JSONArray(File(given, "cases.json").readText())
        for (i in 0 until cases.length()) {
            val case = cases.getJSONObject(i)
            File(given, "files").copyRecursively(folder, overwrite = true)
            val away = case.getString("folder") to folder.path
            val said = instrument(context, case, away)
            val results = File(given, case.getString("name"))
            folder.copyRecursively(results)
            File(results, "said").writeText(said.replace(away.second, away.first))
            folder.listFiles()!!.forEach { it.deleteRecursively() }
        }
    }

    private fun instrument(context: Context, case: JSONObject, away: Pair<String, String>): String {
        val words = case.getJSONObject("words")
        val arguments = Bundle()
        for (name in words.keys()) arguments.putString(name, words.getString(name).replace(away.first, away.second))
        val power = shadowOf(context.getSystemService(Context.POWER_SERVICE) as PowerManager)
        power.turnScreenOn(case.getString("name") != "dark")
        val instrumentation = RunnerInstrumentation()
        ReflectionHelpers.setField(Instrumentation::class.java, instrumentation, "mAppContext", context)
        val told = Shadow.extract<ToldInstrumentation>(instrumentation)
        told.left = case.getString("name") == "left"
        instrumentation.onCreate(arguments)
        await("its end") { told.said != null }
        told.shown?.let { check(it.get().isFinishing) { "the activity stays in front" } }
        return told.said!!
    }
}
