package org.facekp.sample.camera

import android.content.Context
import android.graphics.ImageFormat
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureRequest
import android.media.Image
import android.media.ImageReader
import android.os.Handler
import android.util.Size
import android.view.Surface
import android.view.TextureView
import java.util.concurrent.ConcurrentLinkedQueue
import org.facekp.sample.R
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Implementation
import org.robolectric.annotation.Implements
import org.robolectric.annotation.RealObject
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowCameraCaptureSessionImpl
import org.robolectric.shadows.ShadowCameraCharacteristics
import org.robolectric.shadows.ShadowCameraManager
import org.robolectric.shadows.ShadowNativeSurface
import org.robolectric.shadows.StreamConfigurationMapBuilder
import org.robolectric.util.ReflectionHelpers
import org.robolectric.util.ReflectionHelpers.ClassParameter

/** What goes wrong when a camera is opened: an exception, an error code that is told later, or no answer yet. */
internal class Fault(val thrown: Exception? = null, val code: Int? = null)

/** Cameras that can fail. */
@Implements(CameraManager::class)
class TestCameras : ShadowCameraManager() {
    @RealObject
    private lateinit var manager: CameraManager

    @Implementation
    fun openCamera(id: String, callback: CameraDevice.StateCallback, handler: Handler?) {
        val fault = fault
        fault?.thrown?.let { throw it }
        last = callback
        asking = handler
        if (fault == null) opened(id, callback, handler)
        fault?.code?.let { opened(id, Failing(callback, it), handler) }
    }

    private fun opened(id: String, callback: CameraDevice.StateCallback, handler: Handler?) {
        Shadow.directlyOn<Unit, CameraManager>(
            manager, CameraManager::class.java, "openCamera",
            ClassParameter.from(String::class.java, id),
            ClassParameter.from(CameraDevice.StateCallback::class.java, callback),
            ClassParameter.from(Handler::class.java, handler),
        )
    }

    private class Failing(private val told: CameraDevice.StateCallback, private val code: Int) : CameraDevice.StateCallback() {
        override fun onOpened(camera: CameraDevice) = told.onError(camera, code)

        override fun onDisconnected(camera: CameraDevice) = told.onDisconnected(camera)

        override fun onError(camera: CameraDevice, error: Int) = told.onError(camera, error)

        override fun onClosed(camera: CameraDevice) = told.onClosed(camera)
    }

    companion object {
        internal var fault: Fault? = null
        internal var last: CameraDevice.StateCallback? = null

        /** Whose thread is answered, as by the system. */
        internal var asking: Handler? = null

        /** The device that was opened last. */
        internal val device: CameraDevice?
            get() = ReflectionHelpers.getStaticField(ShadowCameraManager::class.java, "lastDevice")

        internal fun isClosed(device: CameraDevice): Boolean = ReflectionHelpers.getField(Shadow.extract<Any>(device), "closed")

        /** How many are open; of those that a test made. */
        internal val open: Int
            get() = ReflectionHelpers.getStaticField<Set<CameraDevice>>(ShadowCameraManager::class.java, "createdCameras")
                .toList().count { !isClosed(it) }

        internal fun denied(reason: Int) = Fault(CameraAccessException(reason))
    }
}

/** Sessions that cannot stream. */
@Implements(className = "android.hardware.camera2.impl.CameraCaptureSessionImpl")
class TestSession : ShadowCameraCaptureSessionImpl() {
    @Implementation
    override fun setRepeatingRequest(
        request: CaptureRequest?, listener: CameraCaptureSession.CaptureCallback?, handler: Handler?,
    ): Int = thrown?.let { throw it } ?: super.setRepeatingRequest(request, listener, handler)

    companion object {
        internal var thrown: Exception? = null
    }
}

/** Gives the frames that a test gives to it. */
@Implements(ImageReader::class)
class TestReader {
    @RealObject
    private lateinit var reader: ImageReader
    private val frames = ConcurrentLinkedQueue<Image>()
    private var listener: ImageReader.OnImageAvailableListener? = null

    /** Of the camera's thread. */
    internal lateinit var handler: Handler
        private set

    @Volatile
    internal var closed = false

    @Implementation
    fun getSurface(): Surface = Shadow.newInstanceOf(Surface::class.java)

    @Implementation
    fun setOnImageAvailableListener(listener: ImageReader.OnImageAvailableListener?, handler: Handler?) {
        this.listener = listener
        handler?.let { this.handler = it }
    }

    @Implementation
    fun acquireNextImage(): Image? = frames.poll()

    /** With the frames that nobody acquired. */
    @Implementation
    @Synchronized
    fun close() {
        closed = true
        generateSequence(frames::poll).forEach(Image::close)
    }

    @Synchronized
    internal fun give(image: Image) {
        if (closed) return image.close()
        frames += image
        handler.post { listener?.onImageAvailable(reader) }
    }

    companion object {
        /** The one that was made last. */
        internal lateinit var last: TestReader

        @JvmStatic
        @Implementation
        fun newInstance(width: Int, height: Int, format: Int, most: Int): ImageReader {
            check(width > 0 && height > 0 && format == ImageFormat.YUV_420_888 && most > 1)
            return Shadow.newInstanceOf(ImageReader::class.java).also { last = Shadow.extract(it) }
        }
    }
}

/** Surfaces of textures, without anything behind them. */
@Implements(Surface::class)
class TestSurface : ShadowNativeSurface() {
    @RealObject
    private lateinit var surface: Surface
    private var empty = false

    @Implementation
    fun __constructor__(texture: SurfaceTexture) {
        checkNotNull(texture)
        empty = true
    }

    @Implementation
    fun release() {
        if (!empty) Shadow.directlyOn<Unit, Surface>(surface, Surface::class.java, "release")
    }
}

/** Textures that tell how large their pictures are, and whether they were given back. */
@Implements(SurfaceTexture::class)
class TestTexture {
    @Volatile
    internal var released = false

    @Volatile
    internal var size = Size(0, 0)

    @Implementation
    fun setDefaultBufferSize(width: Int, height: Int) {
        check(width > 0 && height > 0 && !released)
        size = Size(width, height)
    }

    @Implementation
    fun release() {
        released = true
    }
}

internal fun addCamera(id: String, side: Int, sensor: Int) {
    val size = Size(640, 480)
    val streams = StreamConfigurationMapBuilder.newBuilder()
        .addOutputSize(ImageFormat.YUV_420_888, size).addOutputSize(size).build()
    val told = ShadowCameraCharacteristics.newCameraCharacteristics()
    val shadow = Shadow.extract<ShadowCameraCharacteristics>(told)
    shadow.set(CameraCharacteristics.LENS_FACING, side)
    shadow.set(CameraCharacteristics.SENSOR_ORIENTATION, sensor)
    shadow.set(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP, streams)
    cameras().addCamera(id, told)
}

internal fun cameras(): TestCameras =
    Shadow.extract(RuntimeEnvironment.getApplication().getSystemService(Context.CAMERA_SERVICE))

/** Robolectric draws no textures, so it gives none to the preview either. */
internal fun CameraActivity.previewed(): SurfaceTexture {
    val preview = findViewById<TextureView>(R.id.preview)
    val texture = Shadow.newInstanceOf(SurfaceTexture::class.java)
    preview.surfaceTextureListener!!.onSurfaceTextureAvailable(texture, preview.width, preview.height)
    return texture
}
