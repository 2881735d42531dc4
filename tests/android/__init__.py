"""The Android app and its library, without a phone."""
