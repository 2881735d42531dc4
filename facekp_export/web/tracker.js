// @ts-check
/** Faces through a video: the box follows the keypoints, is found anew when lost, and is smoothed. */

import { overlapping, tightBox, toTight } from './boxes.js'
import { suppressed } from './blazeface.js'
import { DEFAULTS } from './one-euro.js'
import { apart, boxAt, centerOf, FORESEEN, meanDistance, same, sideOf, Track } from './track.js'

/** @typedef {import('./crops.js').Box} Box */
/** @typedef {import('./crops.js').Picture} Picture */
/** @typedef {import('./track.js').Look} Look */
/**
 * @typedef {{mappings: Record<string, import('./boxes.js').Mapping>, boxSource: string,
 *   look: (picture: Picture, tight: Box, mirrored?: boolean) => Promise<Float32Array>}} Looks
 */

// Mean distance of the two answers over the face's side, at which a face counts as half lost.
const LOST_AT = 0.04
// A lost face may come back this many sides away, and farther the longer it is away (sides a second).
const REACH = 0.3
const REACH_SPEED = 0.5
const LARGEST_GROWTH = 1.6
// Up to this many times as far, a new number may still be the lost face's, and says so.
const PERHAPS = 4
// Seconds between two searches of the whole frame for faces that have come in.
const LOOK_EVERY = 0.5
// Seconds for which a lost face keeps its number.
const REMEMBER = 1

/**
 * Follows the faces of one video, frame by frame. Each frame is looked at twice around each face, the second time
 * mirrored: where both answers differ, it is lost.
 */
export class Tracker {
  /**
   * @param {Looks} detector @param {import('./detector.js').Finder} finder
   * @param {import('./one-euro.js').OneEuro | null} smoothing null leaves the points as the net gives them
   */
  constructor(detector, finder, smoothing = DEFAULTS) {
    this.detector = detector
    this.finder = finder
    this.smoothing = smoothing
    this.own = detector.mappings[detector.boxSource]
    /** @type {Track[]} */
    this.tracks = []
    this.count = 0
    this.now = -Infinity
    this.searched = -Infinity
  }

  get live() {
    return this.tracks.filter((track) => !track.lost)
  }

  /** Follow the faces onto the next frame, whose time is later than the last one's. @param {Picture} frame @param {number} seconds */
  async update(frame, seconds) {
    if (!(this.now < seconds && seconds < Infinity)) throw new Error('a frame\'s time must be later than the last one\'s')
    this.now = seconds
    this.tracks = this.tracks.filter((track) => !track.lost || this.remembered(track.seconds))
    await this.follow(frame, this.live)
    this.part()
    const live = this.live
    if (live.length < this.tracks.length || !live.length || seconds - this.searched >= LOOK_EVERY) await this.search(frame, live)
    return this.live.map((track) => track.face())
  }

  /** Two passes around each tight box: the mean of their points, and how well they agree. @param {Picture} frame @param {Box[]} boxes */
  async look(frame, boxes) {
    const firsts = await this.pass(frame, boxes, false)
    const again = firsts.map((first, i) => this.boxOf(first, boxes[i]))
    const seconds = await this.pass(frame, again, true)
    return again.map((box, i) => {
      const points = Float64Array.from(firsts[i], (value, at) => (value + seconds[i][at]) / 2)
      const away = meanDistance(firsts[i], seconds[i]) / sideOf(box)
      return { points, box: this.boxOf(points, box), score: 1 / (1 + (away / LOST_AT) ** 2) }
    })
  }

  /** @param {Picture} frame @param {Box[]} boxes @param {boolean} mirrored */
  async pass(frame, boxes, mirrored) {
    const answers = []
    for (const box of boxes) answers.push(await this.detector.look(frame, box, mirrored))
    return answers
  }

  /** The tight box that the points stand for; `otherwise` where they all fell into one. @param {ArrayLike<number>} points @param {Box} otherwise */
  boxOf(points, otherwise) {
    const around = tightBox(points)
    return sideOf(around) > 0 ? toTight(this.own, around) : otherwise
  }

  /** Look again where each face should be by now; those not seen there are lost. @param {Picture} frame @param {Track[]} live */
  async follow(frame, live) {
    const looks = await this.look(frame, live.map((track) => boxAt(track.last(), this.now)))
    live.forEach((track, i) => {
      const stayed = apart(looks[i].box, track.look.box) < REACH || this.now - track.seconds <= FORESEEN
      if (stayed && seen(looks[i], frame)) track.see(looks[i], this.now)
      else lose(track, live)
    })
  }

  /** Of two tracks on one face, the one whose face was expected elsewhere is lost. */
  part() {
    const live = this.live
    live.forEach((one, number) => {
      for (const other of live.slice(number + 1)) {
        if (one.lost || other.lost || !same(one.look, other.look)) continue
        const loser = other.surprise > one.surprise ? other : one
        loser.lost = true
        one.doubt(other)
      }
    })
  }

  /** Find faces that no live track has: lost ones come back, others begin a track. @param {Picture} frame @param {Track[]} live */
  async search(frame, live) {
    this.searched = this.now
    const mapping = this.detector.mappings[this.finder.boxSource]
    const known = live.map((track) => track.look.box)
    const found = suppressed(await this.finder.find(frame)).map(({ box }) => toTight(mapping, box))
    const fresh = found.filter((box) => !overlapping(box, known))
    // A finder's box is rougher than one that followed: one more look brings it there.
    const firsts = await this.pass(frame, fresh, false)
    const taken = live.map((track) => track.look)
    for (const look of await this.look(frame, firsts.map((points, i) => this.boxOf(points, fresh[i])))) {
      if (!seen(look, frame) || taken.some((other) => same(look, other))) continue
      taken.push(look)
      this.place(look)
    }
  }

  /** Give a face that was found to the lost track that is nearest, or to a new one. @param {Look} look */
  place(look) {
    const away = this.tracks.map((track) => ({ track, far: this.distance(this.lost(track), look) }))
    const near = away.filter(({ far }) => far < PERHAPS).sort((a, b) => a.far - b.far)
    const back = near.find(({ track, far }) => track.lost && far < 1 && this.remembered(track.seconds))
    const track = back?.track ?? this.begun(look)
    for (const other of near) if (other.track !== track) track.doubt(other.track)
    track.see(look, this.now)
  }

  /** A new track. @param {Look} look */
  begun(look) {
    this.count += 1
    const track = new Track(this.count, look, this.now, this.smoothing)
    this.tracks.push(track)
    return track
  }

  /** The track as it was lost, where the face may be one that is found now. @param {Track} track */
  lost(track) {
    if (track.lost) return track.last()
    return track.left && this.remembered(track.left.seconds) ? track.left : null
  }

  /** Whether a face lost then may still have its number back. @param {number} then */
  remembered(then) {
    return this.now - then <= REMEMBER
  }

  /** How far a face lies from where a lost one may be; beyond 1 it is taken for another. @param {import('./track.js').Last | null} lost @param {Look} look */
  distance(lost, look) {
    if (!lost) return Infinity
    const growth = sideOf(look.box) / sideOf(lost.look.box)
    if (!(growth >= 1 / LARGEST_GROWTH && growth <= LARGEST_GROWTH)) return Infinity
    const reach = REACH + REACH_SPEED * (this.now - lost.seconds)
    // It may have stood still or gone on as it went.
    return Math.min(apart(look.box, lost.look.box), apart(look.box, boxAt(lost, this.now))) / reach
  }
}

/** A face that vanishes behind another may come back as that other. @param {Track} track @param {Track[]} live */
function lose(track, live) {
  track.lost = true
  for (const other of live) if (other !== track && overlapping(track.look.box, [other.look.box])) track.doubt(other)
}

/** Whether a face is there, with its center on the frame. @param {Look} look @param {Picture} frame */
function seen(look, { width, height }) {
  const [x, y] = centerOf(look.box)
  return look.score >= 0.5 && x >= -0.5 && x <= width - 0.5 && y >= -0.5 && y <= height - 0.5
}
