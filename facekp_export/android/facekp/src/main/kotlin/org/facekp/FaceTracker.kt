package org.facekp

import kotlin.math.hypot

/**
 * One face on one frame.
 *
 * @property track its number, from 1, the same on every frame.
 * @property keypoints x0, y0, ... in pixels of the frame, smoothed.
 * @property box the tight box around them.
 * @property score 0 to 1, how well two looks at it agree; a face below 0.5 is lost and not listed.
 * @property mayBe other tracks whose face this may be; empty where its identity is sure.
 * @property confidence as a `Face`'s, from those two looks.
 */
class TrackedFace(
    val track: Int,
    val keypoints: FloatArray,
    val box: Box,
    val score: Double,
    val mayBe: List<Int>,
    val confidence: Double,
)

/**
 * Follows the faces of one video or camera: the box follows the keypoints, is found anew when lost, and is smoothed.
 *
 * Each frame is looked at twice around each face, the second time mirrored: where both answers differ, it is lost.
 */
class FaceTracker internal constructor(
    private val detector: Looks,
    private val finder: Finder,
    private val smoothing: OneEuro?,
    private val lookEvery: Double,
    private val remember: Double,
) {
    /**
     * @param smoothing of the keypoints; null leaves them as the net gives them.
     * @param lookEvery seconds between two searches of the whole frame for faces that have come in.
     * @param remember seconds for which a lost face keeps its number.
     */
    @JvmOverloads
    constructor(
        detector: KeypointDetector, finder: Finder, smoothing: OneEuro? = OneEuro(),
        lookEvery: Double = 0.5, remember: Double = 1.0,
    ) : this(detector as Looks, finder, smoothing, lookEvery, remember)

    private val own = detector.mapping(detector.scheme.boxSource)
    private var tracks = ArrayList<Track>()
    private var count = 0
    private var now = Double.NEGATIVE_INFINITY
    private var searched = Double.NEGATIVE_INFINITY

    init {
        demand(lookEvery >= 0 && lookEvery.isFinite() && remember >= 0 && remember.isFinite()) {
            "lookEvery and remember must be seconds, 0 or more"
        }
    }

    /** Follow the faces onto the next frame, whose time is later than the last one's. */
    fun update(frame: Picture, seconds: Double): List<TrackedFace> {
        demand(now < seconds && seconds < Double.POSITIVE_INFINITY) {
            "a frame's time must be finite and later than the last one's, not $seconds s"
        }
        now = seconds
        tracks.removeAll { it.lost && !remembered(it.seconds) }
        follow(frame, live())
        part()
        val live = live()
        if (live.size < tracks.size || live.isEmpty() || now - searched >= lookEvery) search(frame, live)
        return live().map { it.face() }
    }

    private fun live() = tracks.filter { !it.lost }

    /** Two passes around each tight box: the mean of their keypoints, and how well they agree. */
    private fun look(frame: Picture, boxes: List<Box>): List<Look> {
        val firsts = boxes.map { detector.look(frame, it, mirrored = false) }
        val again = boxes.indices.map { boxOf(firsts[it].doubles(), boxes[it]) }
        val seconds = again.map { detector.look(frame, it, mirrored = true) }
        return boxes.indices.map { agreed(frame, firsts[it], seconds[it], again[it]) }
    }

    private fun agreed(frame: Picture, first: FloatArray, second: FloatArray, box: Box): Look {
        val points = DoubleArray(first.size) { (first[it].toDouble() + second[it]) / 2 }
        var away = 0.0
        for (i in first.indices step 2) {
            away += hypot((first[i] - second[i]).toDouble(), (first[i + 1] - second[i + 1]).toDouble())
        }
        val share = away / (first.size / 2) / box.side / LOST_AT
        val sure = detector.confidence(frame, listOf(first, second), box)
        return Look(points, boxOf(points, box), 1 / (1 + share * share), sure)
    }

    /** The tight box that the keypoints stand for; `otherwise` where they all fell into one. */
    private fun boxOf(points: DoubleArray, otherwise: Box): Box {
        val around = tightBox(points)
        return if (around.side > 0) own.toTight(around) else otherwise
    }

    /** Look again where each face should be by now; those not seen there are lost. */
    private fun follow(frame: Picture, live: List<Track>) {
        val looks = look(frame, live.map { it.last().boxAt(now) })
        for ((track, look) in live.zip(looks)) {
            val stayed = apart(look.box, track.look.box) < REACH || now - track.seconds <= Last.FORESEEN
            if (stayed && look.seen(frame)) track.see(look, now) else lose(track, live - track)
        }
    }

    /** A face that vanishes behind another may come back as that other. */
    private fun lose(track: Track, others: List<Track>) {
        track.lost = true
        others.filter { overlapping(track.look.box, listOf(it.look.box)) }.forEach { track.doubt(it) }
    }

    /** Of two tracks on one face, the one whose face was expected elsewhere is lost. */
    private fun part() {
        val live = live()
        for ((number, one) in live.withIndex()) {
            for (other in live.drop(number + 1)) {
                if (one.lost || other.lost || !one.look.same(other.look)) continue
                (if (other.surprise > one.surprise) other else one).lost = true
                one.doubt(other)
            }
        }
    }

    /** Find faces that no live track has: lost ones come back, others begin a track. */
    private fun search(frame: Picture, live: List<Track>) {
        searched = now
        val mapping = detector.mapping(finder.boxSource)
        val known = live.map { it.look.box }
        val fresh = suppressed(finder.find(frame)).map { mapping.toTight(it.box) }.filter { !overlapping(it, known) }
        // A finder's box is rougher than one that followed: one more look brings it there.
        val firsts = fresh.map { detector.look(frame, it, mirrored = false) }
        val looks = look(frame, fresh.indices.map { boxOf(firsts[it].doubles(), fresh[it]) })
        val taken = live.mapTo(ArrayList()) { it.look }
        for (look in looks) {
            if (look.seen(frame) && taken.none { look.same(it) }) {
                taken += look
                place(look)
            }
        }
    }

    /** Give a face that was found to the lost track that is nearest, or to a new one. */
    private fun place(look: Look) {
        val away = tracks.mapNotNull { track -> lost(track)?.let { track to distance(it, look) } }
        val near = away.filter { it.second < PERHAPS }.sortedBy { it.second }
        val back = near.firstOrNull { (track, far) -> track.lost && far < 1 && remembered(track.seconds) }?.first
        val track = back ?: Track(++count, look, now, smoothing).also { tracks += it }
        near.map { it.first }.filter { it !== track }.forEach { track.doubt(it) }
        track.see(look, now)
    }

    /** The track as it was lost, where the face may be one that is found now. */
    private fun lost(track: Track): Last? =
        if (track.lost) track.last() else track.left?.takeIf { remembered(it.seconds) }

    /** Whether a face lost then may still have its number back. */
    private fun remembered(then: Double): Boolean = now - then <= remember

    /** How far a face lies from where a lost one may be; beyond 1 it is taken for another. */
    private fun distance(lost: Last, look: Look): Double {
        val growth = look.box.side / lost.look.box.side
        if (!(growth >= 1 / LARGEST_GROWTH && growth <= LARGEST_GROWTH)) return Double.POSITIVE_INFINITY
        val reach = REACH + REACH_SPEED * (now - lost.seconds)
        // It may have stood still or gone on as it went.
        return minOf(apart(look.box, lost.look.box), apart(look.box, lost.boxAt(now))) / reach
    }

    private companion object {
        // Mean distance of the two answers over the face's side, at which a face counts as half lost.
        const val LOST_AT = 0.04
        // A lost face may come back this many sides away, and farther the longer it is away (sides a second).
        const val REACH = 0.3
        const val REACH_SPEED = 0.5
        const val LARGEST_GROWTH = 1.6
        // Up to this many times as far, a new number may still be the lost face's, and says so.
        const val PERHAPS = 4.0
    }
}
