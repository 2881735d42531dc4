package org.facekp.sample.camera

/** What one thread gives and another takes: only the newest waits; what it replaces is closed and counted. */
internal class Newest<T : AutoCloseable> : AutoCloseable {
    private var waiting: T? = null
    private var closed = false

    /** How many were replaced before anybody took them. */
    @get:Synchronized
    var dropped = 0
        private set

    @Synchronized
    fun give(item: T) {
        if (closed) return item.close()
        waiting?.let {
            it.close()
            dropped++
        }
        waiting = item
    }

    /** The newest, which is the caller's to close; null where none came since. */
    @Synchronized
    fun take(): T? = waiting.also { waiting = null }

    /** Closes what waits, and from now on all that is given. */
    @Synchronized
    override fun close() {
        closed = true
        waiting?.close()
        waiting = null
    }
}
