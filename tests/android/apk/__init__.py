"""The APK and its build."""
