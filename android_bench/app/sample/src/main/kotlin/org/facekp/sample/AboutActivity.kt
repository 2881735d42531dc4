package org.facekp.sample

import android.app.Activity
import android.graphics.Typeface
import android.os.Bundle
import android.text.SpannableStringBuilder
import android.text.Spanned
import android.text.style.StyleSpan
import android.view.View
import android.widget.TextView

/** What the app is, what it does with pictures, which models are inside, and everybody's licenses. */
class AboutActivity : Activity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.about)
        findViewById<View>(R.id.root).avoidSystemBars()
        val version = packageManager.getPackageInfo(packageName, 0).versionName
        val models = BundledModels.of(assets).models.map { getString(R.string.about_model, it.title, it.sha256) }
        val text = SpannableStringBuilder(getString(R.string.about_text, version))
        text.section(R.string.unseen, listOf(getString(R.string.unseen_text)))
        text.section(R.string.models, models)
        text.section(R.string.licenses, listOf(getString(R.string.licenses_text)) + licenses())
        findViewById<TextView>(R.id.text).text = text
    }

    private fun SpannableStringBuilder.section(heading: Int, paragraphs: List<String>) {
        append("\n\n")
        append(getString(heading), StyleSpan(Typeface.BOLD), Spanned.SPAN_EXCLUSIVE_EXCLUSIVE)
        paragraphs.forEach { append("\n\n").append(it) }
    }

    private fun licenses() = assets.list(LICENSES).orEmpty().sorted().map { name ->
        unwrapped(assets.open("$LICENSES/$name").use { it.readBytes().decodeToString() }).trim()
    }

    internal companion object {
        private const val LICENSES = "licences"

        /** Lines at least this long end where their file's page does, and not where a paragraph does. */
        private const val FULL_LINE = 60

        /** A text whose lines end where a page of 80 letters did, with lines for a screen of any width. */
        fun unwrapped(text: String): String {
            val lines = text.lines()
            return lines.withIndex().joinToString("") { (at, line) ->
                val goesOn = line.trimEnd().length >= FULL_LINE && !lines.getOrNull(at + 1).isNullOrBlank()
                line.trim() + if (goesOn) ' ' else '\n'
            }
        }
    }
}
