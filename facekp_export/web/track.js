// @ts-check
/** One face through a video: where it was last seen, how fast it goes, its smoothed keypoints. */

import { tightBox } from './boxes.js'
import { OneEuroFilter } from './one-euro.js'

/** @typedef {import('./crops.js').Box} Box */
/** @typedef {{points: Float64Array, box: Box, score: number}} Look where a face seems to be, and how well two looks agree */
/** @typedef {{look: Look, seconds: number, speed: [number, number]}} Last what a track was when it was last seen */
/** @typedef {{track: number, points: Float32Array, box: Box, score: number, mayBe: number[]}} TrackedFace */

// A speed says nothing after so many seconds; on frames so far apart only a face that stayed is the same.
export const FORESEEN = 1
// Share of a new speed in a track's: one frame's noise must not throw the box.
const SPEED_SHARE = 0.5
// Two tracks whose keypoints lie closer than this, in sides, look at one and the same face.
const SAME = 0.25

/** @param {Box} box @returns {[number, number]} */
export const centerOf = ([x, y, width, height]) => [x + width / 2, y + height / 2]
/** @param {Box} box */
export const sideOf = ([, , width, height]) => Math.max(width, height)

/** How far the centers of two boxes lie apart. @param {Box} one @param {Box} other */
function distance(one, other) {
  const [x, y] = centerOf(one)
  const [otherX, otherY] = centerOf(other)
  return Math.hypot(x - otherX, y - otherY)
}

/** The same in sides of the larger. @param {Box} one @param {Box} other */
export const apart = (one, other) => distance(one, other) / Math.max(sideOf(one), sideOf(other))

/** Whether two looks ended on one and the same face. @param {Look} one @param {Look} other */
export function same(one, other) {
  return meanDistance(one.points, other.points) < SAME * Math.min(sideOf(one.box), sideOf(other.box))
}

/** Mean distance of the points of two answers. @param {ArrayLike<number>} one @param {ArrayLike<number>} other */
export function meanDistance(one, other) {
  let away = 0
  for (let i = 0; i < one.length; i += 2) away += Math.hypot(one[i] - other[i], one[i + 1] - other[i + 1])
  return away / (one.length / 2)
}

/** Where a face's box should be by now, if it goes on as it went. @param {Last} last @param {number} now @returns {Box} */
export function boxAt({ look, seconds, speed }, now) {
  const passed = now - seconds
  const [x, y, width, height] = look.box
  const foreseen = passed <= FORESEEN ? passed : 0
  return [x + speed[0] * foreseen, y + speed[1] * foreseen, width, height]
}

export class Track {
  /** @param {number} number @param {Look} look @param {number} seconds @param {import('./one-euro.js').OneEuro | null} smoothing */
  constructor(number, look, seconds, smoothing) {
    this.number = number
    this.look = look
    this.seconds = seconds
    this.smoothing = smoothing
    this.filter = smoothing && new OneEuroFilter(smoothing)
    this.smoothed = look.points
    /** @type {[number, number]} */
    this.speed = [0, 0]
    this.surprise = 0
    this.lost = false
    /** @type {Last | null} What it was when it was last lost, if it came back: someone else may have come back for it. */
    this.left = null
    /** @type {Set<number>} */
    this.mayBe = new Set()
  }

  /** @returns {Last} */
  last() {
    return { look: this.look, seconds: this.seconds, speed: this.speed }
  }

  /** Take over what was seen. @param {Look} look @param {number} now */
  see(look, now) {
    const expected = boxAt(this.last(), now)
    const side = sideOf(look.box)
    this.surprise = distance(look.box, expected) / sideOf(expected) + Math.abs(Math.log(side / sideOf(expected)))
    if (this.lost) {
      // After a loss nobody knows how it moved meanwhile.
      this.left = this.last()
      this.speed = [0, 0]
      this.filter = this.smoothing && new OneEuroFilter(this.smoothing)
    } else if (now > this.seconds) {
      const [x, y] = centerOf(look.box)
      const [beforeX, beforeY] = centerOf(this.look.box)
      const passed = now - this.seconds
      const [speedX, speedY] = this.speed
      this.speed = [
        speedX + SPEED_SHARE * ((x - beforeX) / passed - speedX),
        speedY + SPEED_SHARE * ((y - beforeY) / passed - speedY),
      ]
    }
    this.look = look
    this.seconds = now
    this.lost = false
    this.smoothed = this.filter ? this.filter.smooth(look.points, now, side) : look.points
  }

  /** Note that either track's face may be the other's, or one that the other may be. @param {Track} other */
  doubt(other) {
    const together = new Set([...this.mayBe, ...other.mayBe, this.number, other.number])
    for (const track of [this, other]) {
      track.mayBe = new Set(together)
      track.mayBe.delete(track.number)
    }
  }

  /** @returns {TrackedFace} */
  face() {
    const points = Float32Array.from(this.smoothed)
    const mayBe = [...this.mayBe].sort((a, b) => a - b)
    return { track: this.number, points, box: tightBox(points), score: this.look.score, mayBe }
  }
}
