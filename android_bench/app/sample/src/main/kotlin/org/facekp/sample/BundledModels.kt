package org.facekp.sample

import android.content.res.AssetManager
import org.json.JSONObject

/** A model that came with the app: its asset, what people choose it by, and the hash of its file. */
data class BundledModel(val asset: String, val title: String, val sha256: String) {
    override fun toString(): String = title
}

/** The bundled models, and which of them the app opens with. */
data class BundledModels(val models: List<BundledModel>, val default: Int) {
    companion object {
        private const val LIST = "facekp/models.json"

        /** The list that the build wrote of `models.toml`. */
        fun of(assets: AssetManager): BundledModels {
            val document = JSONObject(assets.open(LIST).use { it.readBytes().decodeToString() })
            val entries = document.getJSONArray("models")
            val models = (0 until entries.length()).map {
                val entry = entries.getJSONObject(it)
                BundledModel(entry.getString("asset"), entry.getString("title"), entry.getString("sha256"))
            }
            return BundledModels(models, models.indexOfFirst { it.asset == document.getString("default") })
        }
    }
}
