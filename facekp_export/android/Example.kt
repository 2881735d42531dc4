package org.facekp.example

import android.content.Context
import android.graphics.Bitmap
import org.facekp.FaceFinder
import org.facekp.KeypointDetector

/** Prints every face of a picture; to be called on one thread, not the main one. */
fun printFaces(context: Context, picture: Bitmap) {
    KeypointDetector.fromAsset(context, "facekp/model_int8.tflite").use { detector ->
        FaceFinder.thorough(context).use { finder ->
            for (face in detector.detect(picture, finder)) {
                println("${face.box} ${face.score} ${face.keypoints.joinToString()}")
            }
        }
    }
}
