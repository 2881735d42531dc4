"""The Kotlin library for Android, as sources: a model file, a photograph or a camera frame, and keypoints."""
