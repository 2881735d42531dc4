package org.facekp

/**
 * One way to mark up a face with keypoints, counted from 0.
 *
 * @property name such as `ibug68`.
 * @property names of the points, all different.
 * @property flip `flip[i]` is the keypoint that takes place i in the mirrored picture.
 * @property lines what is drawn, each a run of keypoints; a closed contour ends where it began.
 * @property five the keypoints whose means are left eye, right eye, nose tip and mouth corners; null where none are.
 * @property boxSource whose box the one around all keypoints is.
 */
class Scheme internal constructor(
    val name: String,
    val names: List<String>,
    val flip: IntArray,
    val lines: List<IntArray>,
    val five: List<IntArray>?,
    val boxSource: String,
) {
    /** The number of keypoints. */
    val points: Int get() = names.size

    internal companion object {
        private const val LONGEST_NAME = 64
        private const val MOST_NORMALIZERS = 16
        private const val MOST_LINE_POINTS = 10_000
        private val POINTS = 2..1000
        private val RESERVED = setOf("box", "face_box")
        private val IDENTIFIER = Regex("[A-Za-z0-9][A-Za-z0-9._-]{0,${LONGEST_NAME - 1}}")
        private val KEYS = setOf("name", "names", "flip", "normalisers", "lines", "five", "box_source")
        private val UNPRINTABLE = setOf(
            CharCategory.CONTROL, CharCategory.FORMAT, CharCategory.SURROGATE, CharCategory.PRIVATE_USE,
            CharCategory.UNASSIGNED, CharCategory.LINE_SEPARATOR, CharCategory.PARAGRAPH_SEPARATOR,
        )

        /** The default scheme of a number of points, for files that name none. */
        fun ofCount(points: Int): Scheme {
            val known = Published.schemes()
            return known[points] ?: refuse("no landmark scheme has $points points; there are ${known.keys.joinToString()}")
        }

        /** The scheme that a file carries; refused where it contradicts itself or is out of range. */
        fun of(data: Any?): Scheme {
            if (data !is Map<*, *> || data.keys != KEYS) refuse("a scheme consists of ${KEYS.joinToString()}")
            val normalizers = data["normalisers"] as? Map<*, *> ?: refuse("a scheme's 'normalisers' must be a table by name")
            val scheme = Scheme(
                name = text(data["name"]),
                names = list(data["names"]).map(::text),
                flip = indices(data["flip"]),
                lines = groups(data["lines"]),
                five = data["five"]?.let(::groups),
                boxSource = text(data["box_source"]),
            )
            scheme.check(normalizers.entries.associate { (name, ends) -> text(name) to groups(ends) })
            return scheme
        }

        private fun Scheme.check(normalizers: Map<String, List<IntArray>>) {
            for (word in listOf(name, boxSource) + normalizers.keys) {
                if (!IDENTIFIER.matches(word)) {
                    refuse("a scheme's '${word.take(40)}' is not 1 to $LONGEST_NAME letters, digits, '.', '_' or '-'")
                }
            }
            if (points !in POINTS) refuse("scheme '$name' has $points points; ${POINTS.first} to ${POINTS.last} are allowed")
            if (names.toSet().size < points) refuse("two points of scheme '$name' share a name")
            if (!names.all(::isName)) refuse("a point of scheme '$name' has no name of 1 to $LONGEST_NAME printable characters")
            val order = flip.size == points && flip.all { it in 0 until points } && flip.indices.all { flip[flip[it]] == it }
            if (!order) refuse("the flip order of scheme '$name' is not one in which two points change places or one stays")
            checkGroups(normalizers)
        }

        private fun Scheme.checkGroups(normalizers: Map<String, List<IntArray>>) {
            if (normalizers.size > MOST_NORMALIZERS || normalizers.keys.any { it in RESERVED }) {
                refuse("scheme '$name' has over $MOST_NORMALIZERS normalizers, or one that every scheme has")
            }
            for ((normalizer, ends) in normalizers) {
                within("normalizer '$normalizer'", ends, 2)
                if (ends[0].toSet() == ends[1].toSet()) refuse("normalizer '$normalizer' of scheme '$name' has no length")
            }
            if (lines.sumOf { it.size } > MOST_LINE_POINTS) refuse("the lines of scheme '$name' are too many to draw")
            within("lines", lines, null)
            if (lines.any { it.size < 2 }) refuse("a line of scheme '$name' has a single point")
            five?.let { within("map to five points", it, 5) }
        }

        private fun Scheme.within(what: String, groups: List<IntArray>, wanted: Int?) {
            val known = groups.all { group -> group.isNotEmpty() && group.all { it in 0 until points } }
            if (!known || (wanted != null && groups.size != wanted)) {
                refuse("the $what of scheme '$name' names points that it does not have")
            }
        }

        private fun isName(name: String): Boolean {
            var at = 0
            var length = 0
            while (at < name.length) {
                val point = name.codePointAt(at)
                val kind = Character.getType(point)
                val printable = UNPRINTABLE.none { it.value == kind } &&
                    (point == ' '.code || kind != Character.SPACE_SEPARATOR.toInt())
                if (!printable) return false
                at += Character.charCount(point)
                length++
            }
            return length in 1..LONGEST_NAME
        }

        private fun list(value: Any?): List<*> = value as? List<*> ?: refuse("a scheme must hold a list in some place")

        private fun text(value: Any?): String = value as? String ?: refuse("a scheme must hold a name in some place")

        private fun indices(value: Any?): IntArray = list(value).map { index ->
            val number = whole(index) ?: refuse("a scheme's points are whole numbers, counted from 0")
            if (number in Int.MIN_VALUE..Int.MAX_VALUE) number.toInt() else -1
        }.toIntArray()

        private fun groups(value: Any?): List<IntArray> = list(value).map(::indices)

        private fun refuse(reason: String): Nothing =
            throw FacekpException("the model's metadata is malformed: $reason; export it again")
    }
}
