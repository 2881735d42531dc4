package org.facekp.sample

import android.app.Activity
import android.os.Bundle
import android.view.View
import android.widget.TextView

/** What the app is, what it does with pictures, which models are inside, and everybody's licences. */
class AboutActivity : Activity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.about)
        findViewById<View>(R.id.root).avoidSystemBars()
        val version = packageManager.getPackageInfo(packageName, 0).versionName
        val models = BundledModels.of(assets).models.map { getString(R.string.about_model, it.title, it.sha256) }
        val licences = assets.list(LICENCES).orEmpty().sorted().map { name ->
            assets.open("$LICENCES/$name").use { it.readBytes().decodeToString() }
        }
        val parts = listOf(getString(R.string.about_text, version)) + models + getString(R.string.licences) + licences
        findViewById<TextView>(R.id.text).text = parts.joinToString("\n\n")
    }

    private companion object {
        const val LICENCES = "licences"
    }
}
