"""The adb server, its devices, and a shell on one of them."""
