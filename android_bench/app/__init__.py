"""The Android sample app, and its build from registry packages alone: no SDK, no Gradle, no NDK."""
