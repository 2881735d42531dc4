package org.facekp

/** What was refused, and what helps, in one sentence. */
class FacekpException(message: String, cause: Throwable? = null) : RuntimeException(message, cause)

internal inline fun demand(holds: Boolean, sentence: () -> String) {
    if (!holds) throw FacekpException(sentence())
}
