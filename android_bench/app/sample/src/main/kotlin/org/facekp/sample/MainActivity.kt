package org.facekp.sample

import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.net.Uri
import android.os.Build
import android.os.Bundle
import android.provider.MediaStore
import android.view.Menu
import android.view.MenuItem
import android.view.View
import android.widget.AdapterView
import android.widget.ArrayAdapter
import android.widget.Spinner
import android.widget.TextView

/** A photograph, the demo's or one that the user picks, with the keypoints that the chosen model finds on it. */
class MainActivity : Activity() {
    private lateinit var view: KeypointView
    private lateinit var status: TextView
    private lateinit var models: BundledModels
    private lateinit var worker: Worker
    private var picture: Picture? = null
    private var uri: Uri? = null
    private var chosen = 0

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.main)
        findViewById<View>(R.id.root).avoidSystemBars()
        view = findViewById(R.id.photo)
        status = findViewById(R.id.status)
        models = BundledModels.of(assets)
        worker = Worker(applicationContext)
        chosen = savedInstanceState?.getInt(MODEL) ?: models.default
        uri = savedInstanceState?.getString(PHOTO)?.let(Uri::parse)
        findViewById<View>(R.id.choose).setOnClickListener { choose() }
        offerModels()
        open(uri)
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putInt(MODEL, chosen)
        outState.putString(PHOTO, uri?.toString())
    }

    override fun onDestroy() {
        worker.close()
        super.onDestroy()
    }

    override fun onCreateOptionsMenu(menu: Menu): Boolean {
        menuInflater.inflate(R.menu.main, menu)
        return true
    }

    override fun onOptionsItemSelected(item: MenuItem): Boolean = when (item.itemId) {
        R.id.demo -> true.also { open(null) }
        R.id.benchmark -> true.also { startActivity(Intent(this, BenchmarkActivity::class.java)) }
        R.id.about -> true.also { startActivity(Intent(this, AboutActivity::class.java)) }
        else -> super.onOptionsItemSelected(item)
    }

    @Deprecated("What androidx puts in its place is not part of the framework")
    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
        val picked = data?.data
        if (requestCode == PICK && resultCode == RESULT_OK && picked != null) open(picked)
    }

    private fun offerModels() {
        val spinner = findViewById<Spinner>(R.id.model)
        spinner.adapter = ArrayAdapter(this, android.R.layout.simple_spinner_dropdown_item, models.models)
        spinner.setSelection(chosen)
        spinner.onItemSelectedListener = object : AdapterView.OnItemSelectedListener {
            override fun onItemSelected(parent: AdapterView<*>, row: View?, position: Int, id: Long) {
                if (position != chosen) {
                    chosen = position
                    look()
                }
            }

            override fun onNothingSelected(parent: AdapterView<*>) = Unit
        }
    }

    /** The system's own picker: it grants the one picture, so that no permission is asked for. */
    private fun choose() {
        val intent = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
            Intent(MediaStore.ACTION_PICK_IMAGES)
        } else {
            Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE)
        }
        try {
            @Suppress("DEPRECATION")
            startActivityForResult(intent.setType("image/*"), PICK)
        } catch (_: ActivityNotFoundException) {
            status.setText(R.string.no_picker)
        }
    }

    /** Shows a picture, the demo photo where there is no [chosenUri]; the one before stays if it cannot be read. */
    private fun open(chosenUri: Uri?) {
        try {
            val read = if (chosenUri == null) Picture.of(assets, DEMO) else Picture.of(contentResolver, chosenUri)
            uri = chosenUri
            picture = read
            view.show(read.bitmap)
            look()
        } catch (refusal: PictureException) {
            status.setText(refusal.sentence)
        }
    }

    private fun look() {
        val shown = picture ?: return
        val model = models.models[chosen]
        status.setText(R.string.looking)
        view.mark(emptyList())
        worker.detect(
            model.asset,
            shown.bitmap,
            found = { if (picture === shown) report(it, model, shown) },
            failed = { status.text = getString(R.string.model_failed, model.title, it) },
        )
    }

    private fun report(answer: Worker.Answer, model: BundledModel, shown: Picture) {
        view.mark(answer.faces.map { KeypointView.Points(it.keypoints, answer.lines) })
        val count = answer.faces.size
        val found = if (count == 0) {
            getString(R.string.no_face)
        } else {
            resources.getQuantityString(R.plurals.found, count, count, model.title, answer.milliseconds)
        }
        status.text = if (shown.shrink == 1) found else found + getString(R.string.made_smaller, shown.shrink)
    }

    private companion object {
        const val DEMO = "demo/astronaut.png"
        const val MODEL = "model"
        const val PHOTO = "photo"
        const val PICK = 1
    }
}
