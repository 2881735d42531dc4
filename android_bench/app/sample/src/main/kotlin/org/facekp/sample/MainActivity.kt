package org.facekp.sample

import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.ClipData
import android.content.Intent
import android.net.Uri
import android.os.Build
import android.os.Bundle
import android.os.Parcelable
import android.provider.MediaStore
import android.view.Menu
import android.view.MenuItem
import android.view.View
import android.widget.TextView
import org.facekp.sample.camera.CameraActivity

/** A photograph, the demo's or one that people pick or share with the app, with the keypoints found on it. */
class MainActivity : Activity() {
    private lateinit var view: KeypointView
    private lateinit var status: TextView
    private lateinit var choices: Choices
    private lateinit var worker: Worker
    private var picture: Picture? = null
    private var uri: Uri? = null
    private var shownUri: Uri? = null
    private var looked: Choice? = null
    private var marked: MarkedPicture? = null
    private var saveTo: Uri? = null

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.main)
        findViewById<View>(R.id.root).avoidSystemBars()
        view = findViewById(R.id.photo)
        status = findViewById(R.id.status)
        choices = Choices(this)
        worker = Worker(applicationContext)
        findViewById<View>(R.id.choose).setOnClickListener { choose() }
        findViewById<View>(R.id.camera).setOnClickListener { go(CameraActivity::class.java) }
        open(savedInstanceState?.let { it.getString(PHOTO)?.let(Uri::parse) } ?: given().takeIf { savedInstanceState == null })
    }

    override fun onStart() {
        super.onStart()
        offerModels()
        // Another screen may have chosen otherwise.
        if (looked != choices.now) look()
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putString(PHOTO, uri?.toString())
    }

    override fun onDestroy() {
        worker.close()
        super.onDestroy()
    }

    override fun onTrimMemory(level: Int) {
        super.onTrimMemory(level)
        worker.release()
    }

    override fun onCreateOptionsMenu(menu: Menu): Boolean {
        menuInflater.inflate(R.menu.main, menu)
        return true
    }

    override fun onOptionsItemSelected(item: MenuItem): Boolean {
        when (item.itemId) {
            R.id.demo -> open(null)
            R.id.model_screen -> go(ModelActivity::class.java)
            R.id.save -> save()
            R.id.share_picture -> share()
            R.id.benchmark -> go(BenchmarkActivity::class.java)
            R.id.about -> go(AboutActivity::class.java)
            else -> return super.onOptionsItemSelected(item)
        }
        return true
    }

    @Deprecated("What androidx puts in its place is not part of the framework")
    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
        val picked = data?.data
        if (resultCode != RESULT_OK || picked == null) return
        if (requestCode == PICK) open(picked)
        if (requestCode == SAVE) {
            saveTo = picked
            marked?.let(::write)
        }
    }

    private fun go(screen: Class<out Activity>) = startActivity(Intent(this, screen))

    private fun offerModels() {
        val models = choices.models
        offer(R.id.model, models, models.indexOf(choices.now.model)) {
            choices.now = choices.now.copy(model = models[it])
            look()
        }
    }

    /** What another app shared with this one, where that is what it says. */
    private fun given(): Uri? = try {
        @Suppress("DEPRECATION") // its successor is Android 13's
        intent.takeIf { it.action == Intent.ACTION_SEND }?.getParcelableExtra<Parcelable>(Intent.EXTRA_STREAM) as? Uri
    } catch (_: RuntimeException) { // an object of the other app's own
        null
    }

    /** The system's own picker: it grants the one picture, so that no permission is asked for. */
    private fun choose() {
        val intent = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
            Intent(MediaStore.ACTION_PICK_IMAGES)
        } else {
            Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE)
        }
        ask(intent.setType("image/*"), PICK, R.string.no_picker)
    }

    /** The system asks where to, so that no permission is needed. */
    private fun save() {
        val intent = Intent(Intent.ACTION_CREATE_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE)
        ask(intent.setType(SharedPictures.TYPE).putExtra(Intent.EXTRA_TITLE, SharedPictures.NAME), SAVE, R.string.no_files)
    }

    private fun ask(intent: Intent, code: Int, otherwise: Int) {
        try {
            @Suppress("DEPRECATION")
            startActivityForResult(intent, code)
        } catch (_: ActivityNotFoundException) {
            status.setText(otherwise)
        }
    }

    private fun write(drawn: MarkedPicture) {
        val target = saveTo ?: return
        saveTo = null
        worker.run({ drawn.write(target) }) { status.setText(it) }
    }

    private fun share() {
        val drawn = marked ?: return status.setText(R.string.nothing_yet)
        worker.run(drawn::share) { if (it == null) send() else status.setText(it) }
    }

    private fun send() {
        val intent = Intent(Intent.ACTION_SEND).setType(SharedPictures.TYPE)
            .putExtra(Intent.EXTRA_STREAM, SharedPictures.URI).addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
        intent.clipData = ClipData.newRawUri(null, SharedPictures.URI) // what the grant goes by
        try {
            startActivity(Intent.createChooser(intent, getString(R.string.share)))
        } catch (_: ActivityNotFoundException) {
            status.setText(R.string.no_sharing)
        }
    }

    /** Shows a picture, the demo photo where there is no [chosenUri]; the one before stays if it cannot be read. */
    private fun open(chosenUri: Uri?) {
        uri = chosenUri
        saveTo = null // it was chosen for the picture before
        status.setText(R.string.looking)
        worker.run({ read(chosenUri) }) { (read, sentence) ->
            if (read == null) {
                if (uri == chosenUri) uri = shownUri
                status.setText(sentence)
            } else {
                picture = read
                shownUri = chosenUri
                view.show(read.bitmap)
                look()
            }
        }
    }

    /** A picture, or the string that says why there is none. It may come from far away: not for the main thread. */
    private fun read(from: Uri?): Pair<Picture?, Int> = try {
        (if (from == null) Picture.of(assets, DEMO) else Picture.of(contentResolver, from)) to 0
    } catch (refusal: PictureException) {
        null to refusal.sentence
    }

    private fun look() {
        val shown = picture ?: return
        val choice = choices.now
        looked = choice
        marked = null
        status.setText(R.string.looking)
        view.mark(emptyList())
        worker.detect(
            choice,
            shown.bitmap,
            found = { if (picture === shown) report(it, choice, shown) },
            failed = { status.text = getString(R.string.model_failed, choice.model.title, it) },
        )
    }

    private fun report(answer: Worker.Answer, choice: Choice, shown: Picture) {
        val faces = answer.faces.map { KeypointView.Points(it.keypoints, answer.lines) }
        view.mark(faces)
        val count = faces.size
        val title = choice.model.title
        val found = if (count == 0) {
            getString(R.string.no_face)
        } else {
            resources.getQuantityString(R.plurals.found, count, count, title, answer.milliseconds, answer.ran)
        }
        val smaller = if (shown.shrink == 1) "" else getString(R.string.made_smaller, shown.shrink)
        status.text = found + smaller + if (shown.animated) getString(R.string.animated) else ""
        marked = MarkedPicture(applicationContext, shown.bitmap, faces).also(::write)
    }

    private companion object {
        const val DEMO = "demo/astronaut.png"
        const val PHOTO = "photo"
        const val PICK = 1
        const val SAVE = 2
    }
}
