package org.facekp

import kotlin.math.abs

/**
 * What a model file says of itself.
 *
 * @property name the model's name.
 * @property scheme of its keypoints.
 * @property kind of file: float32, float16, dynamic, int8, int8_in or int8_io.
 * @property crop how a tight box becomes its input.
 * @property inputType of its input's numbers, `float32`, `uint8` or `int8`; null for files that do not say.
 * @property weightsLicence what the weights may be used for; null where the file does not say.
 * @property confidenceScale scatter of answers at which a face's confidence is one half; null for the default.
 * @property untrained whether its weights are random, for timing alone.
 */
class ModelInfo private constructor(
    val name: String,
    val scheme: Scheme,
    val kind: String,
    val crop: CropRule,
    private val boxes: Map<String, BoxMapping>,
    val inputType: String?,
    val weightsLicence: String?,
    val confidenceScale: Double?,
    val untrained: Boolean,
) {
    /** How a source's boxes become tight ones: as the file says, else as this version knows. */
    fun mapping(source: String): BoxMapping {
        val known = Published.mappings() + boxes
        return known[source]
            ?: throw FacekpException("no box source is called '$source'; there are ${known.keys.sorted().joinToString()}")
    }

    internal companion object {
        const val SCHEMA = 2
        private const val LONGEST_LICENCE = 2000
        private val TYPES = setOf("uint8", "int8", "float32")
        private val SHA256 = Regex("[0-9a-f]{64}")

        /** The document of schema 1 or 2; refused where it is malformed. */
        fun of(text: String): ModelInfo {
            val document = Json.parse(text) as? Map<*, *> ?: refuse("is not a JSON object")
            val schema = whole(document["schema"])
            if (schema == null || schema !in 1..SCHEMA) {
                throw FacekpException(
                    "the model's metadata has schema ${document["schema"].toString().take(40)} and this version of facekp " +
                        "reads schemas 1 to $SCHEMA; upgrade the app, or export the model again",
                )
            }
            val kind: String = typed(document, "kind")
            if (kind !in Published.kinds) refuse("names the unknown kind '${kind.take(40)}'")
            if (!SHA256.matches(typed<String>(document, "checkpoint_sha256"))) refuse("holds no SHA-256 of its checkpoint")
            typed<String>(document, "source")
            val boxes = typed<Map<*, *>>(document, "boxes").entries.associate { (source, values) ->
                source as String to BoxMapping.of(source, values)
            }
            val crop = CropRule.of(typed(document, "crop"))
            val points = typed<Long>(document, "points")
            val first = schema == 1L
            val scheme = if (first) schemeOf(points) else Scheme.of(document["scheme"])
            if (!first) checkSecond(document, scheme, points, boxes)
            return ModelInfo(
                name = typed(document, "name"),
                scheme = scheme,
                kind = kind,
                crop = crop,
                boxes = boxes,
                inputType = if (first) null else inputType(document["input"], crop),
                weightsLicence = if (first) null else licence(document["weights_licence"]),
                confidenceScale = if (first) null else scale(document["confidence"]),
                untrained = !first && flag(document, "untrained"),
            )
        }

        private fun schemeOf(points: Long): Scheme = Scheme.ofCount(if (points in 0..Int.MAX_VALUE) points.toInt() else 0)

        private fun checkSecond(document: Map<*, *>, scheme: Scheme, points: Long, boxes: Map<String, BoxMapping>) {
            val missing = setOf("input", "five_offset", "weights_licence") - document.keys.map { it as String }.toSet()
            if (missing.isNotEmpty()) refuse("lacks ${missing.sorted().joinToString(" and ")}")
            if (points != scheme.points.toLong()) refuse("has ${scheme.points} points by its scheme and another number")
            if (scheme.boxSource !in Published.mappings().keys + boxes.keys) {
                refuse("has no mapping of its scheme's boxes, '${scheme.boxSource}'")
            }
            checkOffset(document["five_offset"], scheme)
        }

        private fun checkOffset(value: Any?, scheme: Scheme) {
            if (value == null) return
            if (scheme.five == null) refuse("has a five_offset, but scheme '${scheme.name}' has no map to five points")
            val pairs = value as? List<*>
            val good = pairs?.size == 5 && pairs.all { pair ->
                pair is List<*> && pair.size == 2 && pair.all { number -> real(number).let { it != null && abs(it) <= 1 } }
            }
            if (!good) refuse("has a five_offset that is not five pairs of numbers within one eye distance")
        }

        private fun inputType(value: Any?, crop: CropRule): String? {
            if (value == null) return null
            val table = value as? Map<*, *>
            if (table?.keys != setOf("type", "side")) refuse("has an input that does not consist of type and side")
            val side = whole(table["side"])
            val type = table["type"] as? String
            if (type !in TYPES || side == null) refuse("has an input that is not ${TYPES.joinToString()} of whole pixels")
            if (side != crop.size.toLong()) refuse("has an input of $side pixels and crops of ${crop.size}")
            return type
        }

        private fun licence(value: Any?): String? {
            if (value == null) return null
            if (value !is String || value.isBlank() || value.codePointCount(0, value.length) > LONGEST_LICENCE) {
                refuse("has a weights_licence that is not a text of 1 to $LONGEST_LICENCE characters")
            }
            return value
        }

        private fun scale(value: Any?): Double? {
            if (value == null) return null
            val table = value as? Map<*, *>
            val scale = if (table?.keys == setOf("scale")) real(table["scale"]) else null
            if (scale == null || !(scale > 0 && scale <= 1)) refuse("has a confidence that is not a scale above 0 and up to 1")
            return scale
        }

        private fun flag(document: Map<*, *>, key: String): Boolean =
            key in document.keys && document[key] as? Boolean ?: refuse("has an '$key' that is neither true nor false")

        private inline fun <reified T> typed(document: Map<*, *>, key: String): T =
            document[key] as? T ?: refuse("lacks '$key' or holds something else there")

        private fun refuse(reason: String): Nothing = throw FacekpException("the model's metadata $reason; export it again")
    }
}
