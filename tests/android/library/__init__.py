"""The Kotlin library on this machine's JVM, against what Python computes."""
