package org.facekp.sample

import android.content.Context
import java.io.Closeable
import org.facekp.Processor

/** A chosen model, open for the thread that made this. Throws FacekpException with a sentence for people. */
internal class OpenModel(private val context: Context, val choice: Choice) : Closeable {
    private val mark = DelegateLog.mark()
    val detector = choice.open(context)

    /** Pairs of points that lines join. */
    val lines: IntArray = detector.info.scheme.lines
        .flatMap { line -> (1 until line.size).flatMap { listOf(line[it - 1], line[it]) } }.toIntArray()

    /** What computed, in words, after a first run: of the GPU and NNAPI what the engine's log proves. */
    val ran: String
        get() {
            val fallback = detector.fallback // it may come with any run
            return when {
                fallback != null -> context.getString(R.string.ran_fallback, cpu, fallback)
                detector.ran == Processor.CPU -> cpu
                else -> proven
            }
        }

    private val cpu = context.resources.getQuantityString(R.plurals.ran_cpu, choice.options.threads, choice.options.threads)

    private val proven by lazy { proven(detector.ran) }

    override fun close() = detector.close()

    private fun proven(processor: Processor): String {
        val (taken, all) = DelegateLog.nodes(DelegateLog.since(mark), processor.name.lowercase())
            ?: return context.getString(R.string.ran_unproven, processor.name)
        return context.getString(R.string.ran_nodes, processor.name, taken, all)
    }
}
