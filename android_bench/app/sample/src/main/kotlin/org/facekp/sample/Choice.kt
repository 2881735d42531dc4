package org.facekp.sample

import android.content.Context
import android.net.Uri
import org.facekp.FacekpException
import org.facekp.KeypointDetector
import org.facekp.Options
import org.facekp.Processor

/** A model that can be chosen: what people read, and a bundled one's asset or a file's content URI. */
data class ChosenModel(val title: String, val place: String) {
    val isFile: Boolean get() = place.startsWith("content:")

    override fun toString(): String = title
}

/** Which model computes, and on what. */
data class Choice(val model: ChosenModel, val options: Options) {
    /** Opens the model for the calling thread. Throws FacekpException with a sentence for people. */
    fun open(context: Context): KeypointDetector = try {
        if (model.isFile) {
            KeypointDetector.fromUri(context, Uri.parse(model.place), options)
        } else {
            KeypointDetector.fromAsset(context, model.place, options)
        }
    } catch (error: FacekpException) {
        // The library puts the file's address before it, of which people know the title.
        throw error.cause as? FacekpException ?: error
    } catch (error: OutOfMemoryError) {
        throw FacekpException(context.getString(R.string.no_memory), error)
    }
}

/** What was chosen last, for every screen, and what there is to choose from. */
class Choices(context: Context) {
    private val kept = context.getSharedPreferences("choice", Context.MODE_PRIVATE)
    private val bundled = BundledModels.of(context.assets)

    /** The bundled models, and the file where one was chosen. */
    val models: List<ChosenModel>
        get() {
            val place = kept.getString(FILE, null)
            val file = place?.let { ChosenModel(kept.getString(FILE_TITLE, null) ?: it, it) }
            return bundled.models.map { ChosenModel(it.title, it.asset) } + listOfNotNull(file)
        }

    /** The default where nothing was chosen, or what was chosen came with another version of the app. */
    var now: Choice
        get() {
            val models = models
            val model = models.find { it.place == kept.getString(MODEL, null) } ?: models[bundled.default]
            val processor = Processor.values().find { it.name == kept.getString(PROCESSOR, null) } ?: Processor.CPU
            return Choice(model, Options(kept.getInt(THREADS, 1).coerceIn(1, mostThreads), processor))
        }
        set(choice) {
            val edit = kept.edit()
                .putString(MODEL, choice.model.place)
                .putString(PROCESSOR, choice.options.processor.name)
                .putInt(THREADS, choice.options.threads)
            if (choice.model.isFile) edit.putString(FILE, choice.model.place).putString(FILE_TITLE, choice.model.title)
            edit.apply()
        }

    companion object {
        private const val MODEL = "model"
        private const val FILE = "file"
        private const val FILE_TITLE = "file_title"
        private const val PROCESSOR = "processor"
        private const val THREADS = "threads"

        /** As many as this phone has cores. */
        val mostThreads: Int get() = Runtime.getRuntime().availableProcessors()
    }
}
