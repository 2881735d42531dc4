package org.facekp.sample.camera

import android.Manifest
import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.content.pm.PackageManager
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraManager
import android.hardware.display.DisplayManager
import android.net.Uri
import android.os.Bundle
import android.os.Handler
import android.os.Looper
import android.provider.Settings
import android.view.Display
import android.view.Menu
import android.view.MenuItem
import android.view.Surface
import android.view.TextureView
import android.view.View
import android.view.WindowManager
import android.widget.Button
import android.widget.LinearLayout
import android.widget.TextView
import org.facekp.sample.Choices
import org.facekp.sample.ModelActivity
import org.facekp.sample.R
import org.facekp.sample.avoidSystemBars

/** A camera's preview with the keypoints of the faces on it, and what that takes of the phone. */
class CameraActivity : Activity(), TextureView.SurfaceTextureListener, DisplayManager.DisplayListener {
    private lateinit var preview: TextureView
    private lateinit var overlay: FaceOverlay
    private lateinit var figures: FiguresText
    private lateinit var switch: View
    private lateinit var heat: Heat
    private var cameras: List<Camera> = emptyList()
    private var chosen: String? = null
    private var asked = false
    private var live: LiveCamera? = null
    private var last: LiveCamera? = null
    private var placement: Placement? = null

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.camera)
        findViewById<View>(R.id.root).avoidSystemBars()
        window.addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        preview = findViewById(R.id.preview)
        overlay = findViewById(R.id.overlay)
        figures = FiguresText(findViewById(R.id.figures))
        // Large letters need more of the screen.
        (findViewById<View>(R.id.panel).layoutParams as LinearLayout.LayoutParams).apply {
            if (height == 0) weight *= resources.configuration.fontScale
        }
        switch = findViewById(R.id.switch_camera)
        chosen = savedInstanceState?.getString(CHOSEN)
        asked = savedInstanceState?.getBoolean(ASKED) ?: false
        switch.setOnClickListener { other() }
        preview.surfaceTextureListener = this
        overlay.addOnLayoutChangeListener { _, _, _, _, _, _, _, _, _ -> place() }
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putString(CHOSEN, chosen)
        outState.putBoolean(ASKED, asked)
    }

    override fun onStart() {
        super.onStart()
        displays().registerDisplayListener(this, Handler(Looper.getMainLooper()))
        begin()
    }

    /** Another app may want the camera: it is given back whenever the screen is not seen. */
    override fun onStop() {
        displays().unregisterDisplayListener(this)
        end()
        super.onStop()
    }

    override fun onCreateOptionsMenu(menu: Menu): Boolean {
        menuInflater.inflate(R.menu.camera, menu)
        return true
    }

    override fun onOptionsItemSelected(item: MenuItem): Boolean {
        if (item.itemId != R.id.model_screen) return super.onOptionsItemSelected(item)
        chooseModel()
        return true
    }

    override fun onRequestPermissionsResult(requestCode: Int, permissions: Array<String>, grantResults: IntArray) {
        super.onRequestPermissionsResult(requestCode, permissions, grantResults)
        // Without an answer the question was interrupted, and nothing was refused.
        val refused = grantResults.firstOrNull() == PackageManager.PERMISSION_DENIED
        val forGood = refused && !shouldShowRequestPermissionRationale(Manifest.permission.CAMERA)
        if (forGood) fail(CameraProblem.REFUSED_FOR_GOOD) else begin()
    }

    private fun begin() {
        if (live != null) return
        if (checkSelfPermission(Manifest.permission.CAMERA) != PackageManager.PERMISSION_GRANTED) {
            fail(CameraProblem.NOT_ALLOWED)
            if (!asked) ask()
            return
        }
        val manager = getSystemService(CAMERA_SERVICE) as CameraManager
        cameras = try {
            Camera.all(manager)
        } catch (error: CameraAccessException) {
            return fail(CameraProblem.of(error))
        }
        if (cameras.isEmpty()) return fail(CameraProblem.ABSENT)
        arrange(problem = false)
        preview.surfaceTexture?.takeIf { preview.isAvailable }?.let(::open)
    }

    private fun ask() {
        asked = true
        requestPermissions(arrayOf(Manifest.permission.CAMERA), ASK)
    }

    /** The camera that was chosen, or the first where that is not there any more. */
    private fun open(texture: SurfaceTexture) {
        if (live != null || cameras.isEmpty()) return
        val camera = cameras.find { it.id == chosen } ?: cameras.first()
        val choice = Choices(this).now
        heat = Heat(this)
        figures.opened(choice)
        // What a camera that was closed had still to tell is not told of the one after it.
        lateinit var opened: LiveCamera
        opened = LiveCamera(
            applicationContext, camera, choice, texture,
            seen = { if (live === opened) show(it) },
            failed = { if (live === opened) fail(it) },
            refused = { if (live === opened) refuse(getString(R.string.model_failed, choice.model.title, it)) },
        )
        live = opened
        last = opened
        place()
    }

    private fun end() {
        live?.close()
        live = null
        placement = null
        overlay.clear()
    }

    private fun other() {
        val shown = cameras.indexOfFirst { it.id == chosen }.coerceAtLeast(0)
        chosen = cameras[(shown + 1) % cameras.size].id
        end()
        begin()
    }

    /** Puts preview and points where the view now is, as the display is now turned. */
    private fun place() {
        val live = live ?: return
        if (overlay.width == 0 || overlay.height == 0) return
        val now = Placement(live.camera, degrees(), overlay.width, overlay.height)
        placement = now
        live.rotation = now.rotation
        preview.setTransform(now.preview())
        overlay.clear()
    }

    private fun show(seen: Seen) {
        // A frame from before the screen was turned lies elsewhere.
        val placed = placement?.takeIf { it.rotation == seen.rotation } ?: return
        overlay.show(seen.faces, seen.lines, placed.map)
        figures.show(seen, heat)
    }

    private fun fail(problem: CameraProblem) {
        tell(getString(problem.sentence), problem.remedy) {
            when (problem) {
                CameraProblem.NOT_ALLOWED -> ask()
                CameraProblem.REFUSED_FOR_GOOD -> openSettings()
                CameraProblem.ABSENT -> finish()
                else -> begin()
            }
        }
    }

    private fun refuse(sentence: String) = tell(sentence, R.string.choose_model, ::chooseModel)

    /** A sentence in place of the preview, with a button that helps. */
    private fun tell(sentence: String, remedy: Int, help: () -> Unit) {
        end()
        findViewById<TextView>(R.id.sentence).text = sentence
        findViewById<Button>(R.id.remedy).apply {
            setText(remedy)
            setOnClickListener { help() }
        }
        figures.clear()
        arrange(problem = true)
    }

    /** Where a problem takes the preview's place, what is of no use beside it goes. */
    private fun arrange(problem: Boolean) {
        val shown = { yes: Boolean -> if (yes) View.VISIBLE else View.GONE }
        findViewById<View>(R.id.problem).visibility = shown(problem)
        switch.visibility = shown(cameras.size > 1)
        findViewById<View>(R.id.panel).visibility = shown(!problem || cameras.size > 1)
    }

    private fun chooseModel() = startActivity(Intent(this, ModelActivity::class.java))

    private fun openSettings() {
        val settings = Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, Uri.fromParts("package", packageName, null))
        try {
            startActivity(settings)
        } catch (_: ActivityNotFoundException) { // whoever manages this phone has taken them away
            findViewById<TextView>(R.id.sentence).setText(R.string.no_settings)
        }
    }

    private fun displays() = getSystemService(DISPLAY_SERVICE) as DisplayManager

    private fun degrees(): Int {
        @Suppress("DEPRECATION") // its successor is Android 11's
        val display: Display = windowManager.defaultDisplay
        return when (display.rotation) {
            Surface.ROTATION_90 -> 90
            Surface.ROTATION_180 -> 180
            Surface.ROTATION_270 -> 270
            else -> 0
        }
    }

    override fun onSurfaceTextureAvailable(surface: SurfaceTexture, width: Int, height: Int) = open(surface)

    override fun onSurfaceTextureSizeChanged(surface: SurfaceTexture, width: Int, height: Int) {
        live?.sizePreview()
        place()
    }

    override fun onSurfaceTextureDestroyed(surface: SurfaceTexture): Boolean {
        end()
        // A camera that is closing writes into it until then.
        val last = last ?: return true
        last.afterwards(surface::release)
        return false
    }

    override fun onSurfaceTextureUpdated(surface: SurfaceTexture) = Unit

    /** Turned upside down, a phone's screen changes in nothing else. */
    override fun onDisplayChanged(displayId: Int) = place()

    override fun onDisplayAdded(displayId: Int) = Unit

    override fun onDisplayRemoved(displayId: Int) = Unit

    private companion object {
        const val CHOSEN = "camera"
        const val ASKED = "asked"
        const val ASK = 1
    }
}
