package org.facekp.sample.camera

import android.content.Context
import android.graphics.ImageFormat
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraManager
import android.media.ImageReader
import android.os.Handler
import android.os.Looper
import android.view.Surface
import org.facekp.sample.Choice

/**
 * A camera with its preview, and the faces on its frames, until [close].
 *
 * @param seen told on the main thread, as the others are, and not after [close].
 * @param failed why there are no frames any more.
 * @param refused why no model can look at them, in a sentence.
 */
internal class LiveCamera(
    context: Context,
    val camera: Camera,
    choice: Choice,
    private val texture: SurfaceTexture,
    seen: (Seen) -> Unit,
    failed: (CameraProblem) -> Unit,
    refused: (String) -> Unit,
) {
    /** Clockwise degrees that bring frames upright. */
    @Volatile
    var rotation = 0

    private val here = Handler(Looper.getMainLooper())
    private val reader =
        ImageReader.newInstance(camera.size.width, camera.size.height, ImageFormat.YUV_420_888, MOST_IMAGES)
    private val preview: Surface
    private val follower = Follower(context, choice, seen, refused)
    private val stream: CameraStream

    init {
        sizePreview()
        preview = Surface(texture)
        val manager = context.getSystemService(Context.CAMERA_SERVICE) as CameraManager
        stream = CameraStream(manager, camera, listOf(preview, reader.surface)) { here.post { failed(it) } }
        reader.setOnImageAvailableListener(::take, stream.handler)
        stream.open()
    }

    /** Has the preview as large as the frames; a TextureView makes it as large as itself whenever its own size changes. */
    fun sizePreview() = texture.setDefaultBufferSize(camera.size.width, camera.size.height)

    /** Gives the camera back at once, and the rest when it is closed and the frame that is looked at is done. */
    fun close() {
        reader.setOnImageAvailableListener(null, null)
        here.removeCallbacksAndMessages(null)
        follower.stop()
        stream.close()
        afterwards {
            follower.close {
                // Not before: a frame's memory goes with its reader.
                reader.close()
                preview.release()
            }
        }
    }

    /** Does something once the camera writes into the preview no more, after [close]. */
    fun afterwards(action: () -> Unit) = stream.afterwards(action)

    private fun take(from: ImageReader) {
        val image = try {
            from.acquireNextImage()
        } catch (_: IllegalStateException) { // closed meanwhile
            null
        }
        if (image != null) follower.give(image, rotation)
    }

    private companion object {
        /** One that is looked at, one that waits, one that takes its place. */
        const val MOST_IMAGES = 3
    }
}
