package org.facekp

import java.util.TreeSet
import kotlin.math.abs
import kotlin.math.hypot
import kotlin.math.ln

/** Where a face seems to be: keypoints in pixels, their box, what the two looks say of it. */
internal class Look(val keypoints: DoubleArray, val box: Box, val score: Double, val confidence: Double) {
    /** Whether a face is there, with its center on the picture. */
    fun seen(picture: Picture): Boolean = score >= 0.5 &&
        box.centerX >= -0.5 && box.centerX <= picture.width - 0.5 &&
        box.centerY >= -0.5 && box.centerY <= picture.height - 0.5

    /** Whether two looks ended on one and the same face. */
    fun same(other: Look): Boolean {
        var away = 0.0
        for (i in keypoints.indices step 2) {
            away += hypot(keypoints[i] - other.keypoints[i], keypoints[i + 1] - other.keypoints[i + 1])
        }
        return away / (keypoints.size / 2) < SAME * minOf(box.side, other.box.side)
    }

    private companion object {
        // Two tracks whose keypoints lie closer than this, in sides, look at one and the same face.
        const val SAME = 0.25
    }
}

/** What a track was when it was last lost: where, when, how fast. */
internal class Last(val look: Look, val seconds: Double, private val speedX: Double, private val speedY: Double) {
    /** Where its box should be by now, if it goes on as it went. */
    fun boxAt(now: Double): Box {
        val passed = (now - seconds).let { if (it <= FORESEEN) it else 0.0 }
        return Box(look.box.x + speedX * passed, look.box.y + speedY * passed, look.box.width, look.box.height)
    }

    companion object {
        // A speed says nothing after so many seconds; on frames so far apart only a face that stayed is the same.
        const val FORESEEN = 1.0
    }
}

internal class Track(val number: Int, var look: Look, var seconds: Double, private val smoothing: OneEuro?) {
    private var filter = smoothing?.let(::OneEuroFilter)
    private var smoothed = look.keypoints
    private var speedX = 0.0
    private var speedY = 0.0
    var surprise = 0.0
        private set
    var lost = false

    /** What it was when it was last lost, if it came back: someone else may have come back for it. */
    var left: Last? = null
        private set
    private val mayBe = TreeSet<Int>()

    fun last() = Last(look, seconds, speedX, speedY)

    /** Take over what was seen. */
    fun see(look: Look, now: Double) {
        val passed = now - seconds
        val nowX = if (passed > 0) (look.box.centerX - this.look.box.centerX) / passed else speedX
        val nowY = if (passed > 0) (look.box.centerY - this.look.box.centerY) / passed else speedY
        val expected = last().boxAt(now)
        val away = hypot(look.box.centerX - expected.centerX, look.box.centerY - expected.centerY)
        surprise = away / expected.side + abs(ln(look.box.side / expected.side))
        if (lost) left = last()
        // After a loss nobody knows how it moved meanwhile.
        speedX = if (lost) 0.0 else speedX + SPEED_SHARE * (nowX - speedX)
        speedY = if (lost) 0.0 else speedY + SPEED_SHARE * (nowY - speedY)
        if (lost) filter = smoothing?.let(::OneEuroFilter)
        this.look = look
        seconds = now
        lost = false
        smoothed = filter?.smooth(look.keypoints, now, look.box.side) ?: look.keypoints
    }

    /** Note that either track's face may be the other's, or one that the other may be. */
    fun doubt(other: Track) {
        val together = mayBe + other.mayBe + setOf(number, other.number)
        mayBe.addAll(together - number)
        other.mayBe.addAll(together - other.number)
    }

    fun face(): TrackedFace {
        val keypoints = FloatArray(smoothed.size) { smoothed[it].toFloat() }
        return TrackedFace(number, keypoints, tightBox(keypoints.doubles()), look.score, mayBe.toList(), look.confidence)
    }

    private companion object {
        // Share of a new speed in a track's: one frame's noise must not throw the box.
        const val SPEED_SHARE = 0.5
    }
}
