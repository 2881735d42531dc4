package org.facekp

import java.math.BigInteger

/**
 * JSON of RFC 8259 for text that may be hostile: maps, lists, strings, Long, BigInteger, Double, Boolean, null.
 *
 * Not Android's own, which also takes NaN, comments and unquoted text, and nests until the stack ends.
 */
internal class Json private constructor(private val text: String) {
    private var at = 0

    private fun value(depth: Int): Any? {
        if (depth > DEEPEST) refuse()
        blank()
        return when (peek()) {
            '{' -> table(depth)
            '[' -> list(depth)
            '"' -> string()
            't' -> word("true", true)
            'f' -> word("false", false)
            'n' -> word("null", null)
            else -> number()
        }
    }

    private fun table(depth: Int): Map<String, Any?> {
        val entries = LinkedHashMap<String, Any?>()
        at++
        blank()
        if (peek() == '}') return entries.also { at++ }
        while (true) {
            blank()
            if (peek() != '"') refuse()
            val key = string()
            blank()
            if (peek() != ':') refuse()
            at++
            entries[key] = value(depth + 1)
            if (ended('}')) return entries
        }
    }

    private fun list(depth: Int): List<Any?> {
        val items = ArrayList<Any?>()
        at++
        blank()
        if (peek() == ']') return items.also { at++ }
        while (true) {
            items += value(depth + 1)
            if (ended(']')) return items
        }
    }

    private fun ended(mark: Char): Boolean {
        blank()
        val next = peek()
        if (next != mark && next != ',') refuse()
        at++
        return next == mark
    }

    private fun string(): String {
        val made = StringBuilder()
        at++
        while (true) {
            val letter = peek()
            at++
            when {
                letter == '"' -> return made.toString()
                letter < ' ' -> refuse()
                letter == '\\' -> made.append(escaped())
                else -> made.append(letter)
            }
        }
    }

    private fun escaped(): Char {
        val mark = peek()
        at++
        if (mark == 'u') {
            val digits = text.substring(at, minOf(at + 4, text.length))
            if (digits.length < 4 || !digits.all { it in '0'..'9' || it in 'a'..'f' || it in 'A'..'F' }) refuse()
            at += 4
            return digits.toInt(16).toChar()
        }
        val place = "\"\\/bfnrt".indexOf(mark)
        if (place < 0) refuse()
        return "\"\\/\b\u000c\n\r\t"[place]
    }

    private fun number(): Number {
        val found = NUMBER.find(text, at)
        if (found == null || found.range.first != at) refuse()
        at = found.range.last + 1
        val digits = found.value
        if (found.groupValues[1].isNotEmpty() || found.groupValues[2].isNotEmpty()) return digits.toDouble()
        if (digits.length > MOST_DIGITS) refuse()
        return digits.toLongOrNull() ?: BigInteger(digits)
    }

    private fun <T> word(word: String, value: T): T {
        if (!text.startsWith(word, at)) refuse()
        at += word.length
        return value
    }

    private fun blank() {
        while (at < text.length && text[at] in " \t\n\r") at++
    }

    private fun peek(): Char = if (at < text.length) text[at] else refuse()

    private fun refuse(): Nothing = throw FacekpException("the model's metadata is not valid JSON")

    companion object {
        private const val DEEPEST = 200
        private const val MOST_DIGITS = 4300
        private val NUMBER = Regex("""-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?""")

        /** What a text holds; refused where it is no JSON, or is nested deeper than 200. */
        fun parse(text: String): Any? {
            val reader = Json(text)
            val value = reader.value(0)
            reader.blank()
            if (reader.at != text.length) reader.refuse()
            return value
        }
    }
}

/** A whole number of JSON; null for anything else, truth values and 1.0 included. */
internal fun whole(value: Any?): Long? = value as? Long

/** A number of JSON; null for anything else. */
internal fun real(value: Any?): Double? = (value as? Number)?.toDouble()
