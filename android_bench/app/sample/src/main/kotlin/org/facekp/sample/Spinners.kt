package org.facekp.sample

import android.app.Activity
import android.view.View
import android.widget.AdapterView
import android.widget.ArrayAdapter
import android.widget.Spinner

/** Offers choices in a spinner, one of them chosen, and tells when people choose another. */
internal fun Activity.offer(id: Int, choices: List<Any>, chosen: Int, changed: (Int) -> Unit = {}): Spinner {
    val spinner = findViewById<Spinner>(id)
    var last = chosen
    spinner.onItemSelectedListener = null // that of the choices before
    spinner.adapter = ArrayAdapter(this, android.R.layout.simple_spinner_dropdown_item, choices)
    spinner.setSelection(chosen)
    spinner.onItemSelectedListener = object : AdapterView.OnItemSelectedListener {
        override fun onItemSelected(parent: AdapterView<*>, row: View?, position: Int, id: Long) {
            if (position == last) return // what was set here is told as well
            last = position
            changed(position)
        }

        override fun onNothingSelected(parent: AdapterView<*>) = Unit
    }
    return spinner
}

/** "1 thread", "2 threads", ... up to all cores. */
internal fun Activity.threadChoices(): List<String> =
    (1..Choices.mostThreads).map { resources.getQuantityString(R.plurals.threads, it, it) }
