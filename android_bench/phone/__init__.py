"""Measuring on Android phones through adb."""
