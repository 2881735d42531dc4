import android.content.Context;
import android.graphics.Bitmap;
import android.media.Image;
import java.util.List;
import org.facekp.Face;
import org.facekp.FaceFinder;
import org.facekp.FaceTracker;
import org.facekp.Frames;
import org.facekp.KeypointDetector;
import org.facekp.Options;
import org.facekp.Orientation;
import org.facekp.Processor;
import org.facekp.TrackedFace;
import org.facekp.ViewMap;
import org.facekp.YuvPicture;

/** The library as an app in Java calls it. */
final class Caller {
    List<Face> photo(Context context, Bitmap picture) {
        Options options = new Options(2, Processor.GPU);
        try (KeypointDetector detector = KeypointDetector.fromAsset(context, "facekp/model_int8.tflite", options);
                FaceFinder finder = FaceFinder.thorough(context)) {
            return detector.detect(picture, finder);
        }
    }

    void camera(Image image, FaceTracker tracker, double seconds) {
        YuvPicture frame = Frames.show(new YuvPicture(), image, Orientation.upright(90, 0, true));
        ViewMap view = new ViewMap(frame.getWidth(), frame.getHeight(), 1080, 1920, true, true);
        for (TrackedFace face : tracker.update(frame, seconds)) {
            float[] points = new float[face.getKeypoints().length];
            view.toView(face.getKeypoints(), points);
        }
    }

    FaceTracker tracker(KeypointDetector detector, FaceFinder finder) {
        return new FaceTracker(detector, finder);
    }
}
