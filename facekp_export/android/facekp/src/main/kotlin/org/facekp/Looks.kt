package org.facekp

/** What a tracker needs of a detector. */
interface Looks {
    val scheme: Scheme

    fun mapping(source: String): BoxMapping

    /** Keypoints x0, y0, ... in pixels, from one crop around a tight box or from its mirror image, turned back. */
    fun look(picture: Picture, tight: Box, mirrored: Boolean): FloatArray

    /** How far they are to be believed, from several looks at a face; `box` is the tight box of the last one. */
    fun confidence(picture: Picture, answers: List<FloatArray>, box: Box): Double
}

/** Anything that finds faces. */
interface Finder {
    /** Names whose boxes it gives; the model file says how they become tight ones. */
    val boxSource: String

    /** The faces on a picture, by falling score; empty where there is none. */
    fun find(picture: Picture): List<FoundFace>
}
