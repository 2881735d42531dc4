package org.facekp.sample

import android.Manifest
import android.app.Activity
import android.content.pm.PackageManager
import android.hardware.camera2.CameraMetadata
import android.os.Build
import android.view.View
import android.view.ViewGroup
import android.widget.ScrollView
import android.widget.TextView
import org.facekp.sample.camera.CameraActivity
import org.facekp.sample.camera.TestCameras
import org.facekp.sample.camera.TestReader
import org.facekp.sample.camera.TestSurface
import org.facekp.sample.camera.TestTexture
import org.facekp.sample.camera.addCamera
import org.facekp.sample.camera.seeing
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Every screen, as every kind of phone shows it. */
@RunWith(SampleRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class ScreensTest {
    private class Look(val name: String, val qualifiers: String, val font: Float = 1f)

    @Test
    @Config(sdk = [35])
    fun everyScreenOnEveryKindOfPhone() {
        for (look in LOOKS) {
            RuntimeEnvironment.setQualifiers(look.qualifiers)
            RuntimeEnvironment.setFontScale(look.font)
            show(MainActivity::class.java, "photo-${look.name}") { it.timeless() }
            show(BenchmarkActivity::class.java, "benchmark-${look.name}") {}
            show(AboutActivity::class.java, "about-${look.name}") {}
            show(ModelActivity::class.java, "model-${look.name}") { it.described() }
        }
    }

    @Test
    @Config(sdk = [35], shadows = [TestCameras::class, TestReader::class, TestSurface::class, TestTexture::class])
    fun theCameraOnEveryKindOfPhone() {
        TestCameras.fault = null
        addCamera("0", CameraMetadata.LENS_FACING_BACK, 90)
        addCamera("1", CameraMetadata.LENS_FACING_FRONT, 270)
        val application = shadowOf(RuntimeEnvironment.getApplication())
        for (look in LOOKS) {
            RuntimeEnvironment.setQualifiers(look.qualifiers)
            RuntimeEnvironment.setFontScale(look.font)
            application.denyPermissions(Manifest.permission.CAMERA)
            show(CameraActivity::class.java, "camera-refused-${look.name}") { it.refused() }
            application.grantPermissions(Manifest.permission.CAMERA)
            show(CameraActivity::class.java, "camera-${look.name}") {
                it.seeing()
                if (look.font == 1f) it.linesAreWhole()
            }
        }
    }

    /** Its icons are dark on light and light on dark; before Android 15 a dark color lies behind them. */
    @Test
    @Config(sdk = [34, 35])
    fun theStatusBarCanBeRead() {
        for (night in listOf("notnight", "night")) {
            RuntimeEnvironment.setQualifiers("+$night")
            Robolectric.buildActivity(AboutActivity::class.java).use { controller ->
                val told = controller.setup().get().theme.obtainStyledAttributes(intArrayOf(android.R.attr.windowLightStatusBar))
                assertEquals(night == "notnight" && Build.VERSION.SDK_INT >= 35, told.getBoolean(0, false))
            }
        }
    }

    @Test
    @GraphicsMode(GraphicsMode.Mode.LEGACY) // all that Robolectric has for it
    @Config(sdk = [24], qualifiers = "w360dp-h640dp")
    fun theOldestAndroid() = works()

    @Test
    @Config(sdk = [34], qualifiers = "w360dp-h640dp")
    fun anotherAndroid() = works()

    private fun works() {
        Robolectric.buildActivity(MainActivity::class.java).use { controller ->
            val said = controller.setup().get().answered()
            assertTrue(said, said.startsWith("1 face"))
        }
        Robolectric.buildActivity(AboutActivity::class.java).use { controller ->
            val said = controller.setup().get().text(R.id.text)
            assertTrue(said, "Apache License" in said && "SHA-256" in said)
            // A screen breaks lines where it ends, not where a page of 80 letters did.
            assertTrue(said, "to any person obtaining a copy of this software and associated" in said)
            assertTrue(said, "The MIT License (MIT)\nCopyright" in said && "1. Definitions.\n\n" in said)
        }
    }

    /** No run takes as long as another, and what it took may not decide where a line breaks. */
    private fun MainActivity.timeless() {
        val said = answered()
        findViewById<TextView>(R.id.status).text = said.replace(Regex("\\p{Nd}+ ms"), "%d ms".format(resources.configuration.locales[0], 0))
        await("its layout") { !window.decorView.isLayoutRequested }
    }

    private fun ModelActivity.described() {
        await("what computed") { "Computed by" in text(R.id.result) }
        await("its layout") { !window.decorView.isLayoutRequested }
    }

    private fun CameraActivity.refused() {
        onRequestPermissionsResult(1, arrayOf(Manifest.permission.CAMERA), intArrayOf(PackageManager.PERMISSION_DENIED))
        await("its layout") { !window.decorView.isLayoutRequested }
    }

    /** Each figure has one line, with its unit. */
    private fun CameraActivity.linesAreWhole() {
        val figures = findViewById<TextView>(R.id.figures)
        assertEquals("${figures.text}", figures.text.lines().size, figures.layout.lineCount)
    }

    private fun <T : Activity> show(screen: Class<T>, name: String, ready: (T) -> Unit) {
        Robolectric.buildActivity(screen).use { controller ->
            val activity = controller.setup().get()
            ready(activity)
            activity.shoot(name)
            touchable(activity.findViewById(R.id.root))
        }
    }

    /** What can be touched, and does not scroll, is 48 dp high, within the window, and says what it is. */
    private fun touchable(view: View) {
        if (view is ScrollView || !view.isShown) return
        if (view is ViewGroup && !view.isClickable) {
            for (i in 0 until view.childCount) touchable(view.getChildAt(i))
        }
        if (!view.isClickable) return
        val name = view.resources.getResourceEntryName(view.id)
        assertTrue("$name is ${view.height} px high", view.height >= 48 * view.resources.displayMetrics.density)
        assertNotEquals("$name is not on the screen", 0, view.width)
        val said = view.contentDescription ?: (view as? TextView)?.text
        assertTrue("$name says nothing", !said.isNullOrEmpty())
        val place = IntArray(2).also(view::getLocationInWindow)
        assertTrue("$name leaves the window", place[1] + view.height <= view.rootView.height)
    }

    private companion object {
        val LOOKS = listOf(
            Look("light", "en-w360dp-h640dp-port-notnight-mdpi"),
            Look("dark", "en-w360dp-h640dp-port-night-mdpi"),
            Look("landscape", "en-w640dp-h360dp-land-notnight-mdpi"),
            Look("landscape-dark", "en-w640dp-h360dp-land-night-mdpi"),
            Look("small", "en-w320dp-h480dp-port-notnight-mdpi"),
            Look("tablet", "en-sw800dp-w1280dp-h800dp-land-notnight-mdpi"),
            Look("rtl", "ar-ldrtl-w360dp-h640dp-port-notnight-mdpi"),
            Look("large-font", "en-w360dp-h640dp-port-notnight-mdpi", font = 2f),
        )
    }
}
