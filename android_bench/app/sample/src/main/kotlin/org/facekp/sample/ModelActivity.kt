package org.facekp.sample

import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.view.View
import android.widget.TextView
import org.facekp.ModelInfo
import org.facekp.Options
import org.facekp.Processor

/** Which model computes, a bundled one or a file, and on what; says what then really did. */
class ModelActivity : Activity() {
    private lateinit var choices: Choices
    private lateinit var worker: Worker
    private lateinit var result: TextView

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.model)
        findViewById<View>(R.id.root).avoidSystemBars()
        choices = Choices(this)
        worker = Worker(applicationContext)
        result = findViewById(R.id.result)
        val options = choices.now.options
        offer(R.id.processor, resources.getStringArray(R.array.processors).toList(), options.processor.ordinal) {
            choose { was -> was.copy(options = was.options.copy(processor = Processor.values()[it])) }
        }
        offer(R.id.threads, threadChoices(), options.threads - 1) {
            choose { was -> was.copy(options = Options(it + 1, was.options.processor)) }
        }
        findViewById<View>(R.id.choose).setOnClickListener { pick() }
        offerModels()
        describe()
    }

    override fun onDestroy() {
        worker.close()
        super.onDestroy()
    }

    @Deprecated("What androidx puts in its place is not part of the framework")
    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
        val picked = data?.data
        if (requestCode == PICK && resultCode == RESULT_OK && picked != null) choose(picked)
    }

    private fun offerModels() {
        val models = choices.models
        offer(R.id.model, models, models.indexOf(choices.now.model)) {
            choose { was -> was.copy(model = models[it]) }
        }
    }

    private fun pick() {
        val intent = Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType("*/*")
        try {
            @Suppress("DEPRECATION")
            startActivityForResult(intent, PICK)
        } catch (_: ActivityNotFoundException) {
            result.setText(R.string.no_files)
        }
    }

    /** A file, which stays the choice where it can be used alone. */
    private fun choose(file: Uri) {
        result.setText(R.string.opening)
        worker.run({ contentResolver.name(file) }) { choose(file, it ?: file.lastPathSegment ?: file.toString()) }
    }

    private fun choose(file: Uri, title: String) {
        val wanted = choices.now.copy(model = ChosenModel(title, file.toString()))
        try {
            contentResolver.takePersistableUriPermission(file, Intent.FLAG_GRANT_READ_URI_PERMISSION)
        } catch (_: SecurityException) {
            // It can be read until the app ends; afterwards the library says that it cannot.
        }
        describe(wanted) {
            choices.now = wanted
            offerModels()
        }
    }

    private fun choose(change: (Choice) -> Choice) {
        choices.now = change(choices.now)
        describe()
    }

    private fun describe(choice: Choice = choices.now, usable: () -> Unit = {}) {
        result.setText(R.string.opening)
        worker.describe(
            choice,
            told = { info, ran ->
                usable()
                result.text = described(info, ran)
            },
            failed = { result.text = getString(R.string.model_failed, choice.model.title, it) },
        )
    }

    private fun described(info: ModelInfo, ran: String): String {
        val points = info.scheme.points
        val facts = resources.getQuantityString(R.plurals.model_facts, points, info.name, info.kind, points, info.scheme.name)
        val license = info.weightsLicence?.let { getString(R.string.model_license, it) }
        return listOfNotNull(facts, getString(R.string.model_ran, ran), license).joinToString("\n\n")
    }

    private companion object {
        const val PICK = 1
    }
}
