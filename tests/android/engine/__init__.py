"""The ARM libraries out of the APK, in an emulated processor on Android 6's own C library."""
