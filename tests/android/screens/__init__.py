"""The sample app on this machine's JVM, on real Android code (Robolectric), with real models."""
