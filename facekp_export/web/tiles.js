// @ts-check
/**
 * Where on a photograph a small face could hide, and the square tiles in which to look for it: what has edges in two
 * directions at once, on a small gray copy, as the toolkit measures it with OpenCV.
 */

import { rint } from './crops.js'

/** @typedef {import('./crops.js').Picture} Picture */
/** @typedef {{width: number, height: number, data: Uint8Array}} Mask 1 where a face of one level could have its center */

// Shares of the longer side that the tiles of the first levels span; each further one is FINER of it.
const SHARES = [0.4, 0.25, 0.14]
const FINER = 0.57
// A tile spans at least this many pixels; a smaller one would only magnify.
const SMALLEST_TILE = 160
// Down to this share of the shorter side, tiles get smaller: on a strip the longer one says nothing.
const OF_THE_SHORTER = 0.25
// A net sees faces from this share of a view.
const SMALLEST_SEEN = 0.13
// Neighbors overlap by the largest face that only their level sees.
const STEP = 0.768
/** The side of a tile in pixels of a mask, where a level's smallest face has six. */
export const TILE_ON_MASK = 6 / SMALLEST_SEEN
// Structure is a mean over windows of five pixels; below this there are no eyes and no mouth.
const REACH = 2
const LEAST_STRUCTURE = 0.02 ** 2
// Sobel's weights, the window's mean and the range of gray, of a product of two.
const UNIT = (4 * 5 * 255) ** 2
const TILE_THRESHOLD = 0.7
const FINER_THRESHOLD = 0.75
// A face hides no other in the middle of its box, by this share of the side.
const COVERED = 0.8
// What is less sure than this may be no face and hide one.
const SURE = 0.7

/**
 * The sides of the tiles of each level, from large to small.
 * @param {number} width @param {number} height
 * @param {number | null} smallest side of the smallest face to be found for sure; null goes as far as most photographs warrant
 * @returns {number[]}
 */
export function tileSides(width, height, smallest = null) {
  const [longer, shorter] = [Math.max(width, height), Math.min(width, height)]
  const finest = Math.max(SMALLEST_TILE, Math.min(SHARES[SHARES.length - 1] * longer, OF_THE_SHORTER * shorter))
  const sides = []
  let [share, larger] = [SHARES[0], longer]
  for (let level = 1; ; level++) {
    const side = share * longer
    if ((smallest === null ? side < finest : SMALLEST_SEEN * larger <= smallest) || side < 1) return sides
    // No face is larger than the photograph.
    if (SMALLEST_SEEN * side < shorter) sides.push(side)
    larger = side
    share = SHARES[level] ?? share * FINER
  }
}

/** What a face on a tile must score: a strip is cut into many, and asks for more. @param {number} longer @param {number} side */
export function leastScore(longer, side) {
  return side >= SHARES[SHARES.length - 1] * longer ? TILE_THRESHOLD : FINER_THRESHOLD
}

/**
 * Where faces that only tiles of one side can show may have their centers.
 * @param {import('./pyramid.js').Pyramid} photo @param {number} side in pixels
 * @param {import('./blazeface.js').FoundFace[]} found so far @returns {Mask}
 */
export function hidingPlaces(photo, side, found) {
  const { width, height } = photo.picture
  const mask = widened(structured(photo.shrunk(TILE_ON_MASK / side)))
  const edge = (1 - COVERED) / 2
  for (const { box: [x, y, wide, high], score } of found) {
    if (score < SURE) continue
    /** @param {number} from @param {number} length @param {number} shrink @param {number} share */
    const place = (from, length, shrink, share) => Math.max(0, rint((from + share * length) * shrink))
    const [across, down] = [mask.width / width, mask.height / height]
    const [left, right] = [edge, 1 - edge].map((share) => place(x, wide, across, share))
    const [top, bottom] = [edge, 1 - edge].map((share) => place(y, high, down, share))
    for (let row = top; row < Math.min(bottom, mask.height); row++) {
      mask.data.fill(0, row * mask.width + Math.min(left, mask.width), row * mask.width + Math.min(right, mask.width))
    }
  }
  return mask
}

/** Where a picture has edges in two directions: the smaller eigenvalue of its structure tensor. @param {Picture} picture @returns {Mask} */
function structured(picture) {
  const { width, height } = picture
  const { xx, xy, yy } = products(picture)
  for (const values of [xx, xy, yy]) sumWindows(values, width, height)
  const data = Uint8Array.from(xx, (first, i) => {
    const [half, apart] = [(first + yy[i]) / 2, (first - yy[i]) / 2]
    return half - Math.sqrt(apart * apart + xy[i] * xy[i]) > LEAST_STRUCTURE * UNIT ? 1 : 0
  })
  return { width, height, data }
}

/** Products of Sobel's derivatives of the gray picture. @param {Picture} picture */
function products({ width, height, data }) {
  const gray = Int32Array.from({ length: width * height }, (_, i) =>
    (9798 * data[4 * i] + 19235 * data[4 * i + 1] + 3735 * data[4 * i + 2] + 16384) >> 15)
  const [xx, xy, yy] = [0, 1, 2].map(() => new Float64Array(gray.length))
  for (let y = 0; y < height; y++) {
    const [above, here, below] = [-1, 0, 1].map((step) => width * mirrored(y + step, height))
    for (let x = 0; x < width; x++) {
      const [left, right] = [mirrored(x - 1, width), mirrored(x + 1, width)]
      /** @param {number} column */
      const down = (column) => gray[below + column] - gray[above + column]
      /** @param {number} row */
      const across = (row) => gray[row + right] - gray[row + left]
      const dx = across(above) + 2 * across(here) + across(below)
      const dy = down(left) + 2 * down(x) + down(right)
      xx[here + x] = dx * dx
      xy[here + x] = dx * dy
      yy[here + x] = dy * dy
    }
  }
  return { xx, xy, yy }
}

/** A place beyond an edge, mirrored at the edge's pixel. @param {number} at @param {number} length */
function mirrored(at, length) {
  const inside = Math.abs(at)
  return Math.max(0, inside < length ? inside : 2 * length - 2 - inside)
}

/** The sum over the window around each place, in its place. @param {Float64Array} values @param {number} width @param {number} height */
function sumWindows(values, width, height) {
  for (let y = 0; y < height; y++) sumLine(values, y * width, 1, width)
  for (let x = 0; x < width; x++) sumLine(values, x, width, height)
}

/** @param {Float64Array} values @param {number} start @param {number} step @param {number} length */
function sumLine(values, start, step, length) {
  const line = Float64Array.from({ length }, (_, i) => values[start + i * step])
  for (let i = 0; i < length; i++) {
    let sum = 0
    for (let at = i - REACH; at <= i + REACH; at++) sum += line[mirrored(at, length)]
    values[start + i * step] = sum
  }
}

/** With the windows around every place. @param {Mask} mask @returns {Mask} */
function widened({ width, height, data }) {
  const wide = new Uint8Array(data.length)
  data.forEach((filled, i) => {
    if (!filled) return
    const [x, y] = [i % width, Math.floor(i / width)]
    for (let row = Math.max(0, y - REACH); row <= Math.min(height - 1, y + REACH); row++) {
      wide.fill(1, row * width + Math.max(0, x - REACH), row * width + Math.min(width, x + REACH + 1))
    }
  })
  return { width, height, data: wide }
}

/**
 * Tiles so that around every place of a mask a face of the level lies inside one, in few.
 * @param {Mask} mask @returns {[number, number][]} the left and top edge of each in pixels of the mask
 */
export function covering({ width, height, data }) {
  const rows = along(height, (row) => data.subarray(row * width, (row + 1) * width).includes(1))
  return rows.flatMap(({ start: top, first, end }) => {
    /** @param {number} column */
    const filled = (column) => {
      for (let row = first; row < end; row++) if (data[row * width + column]) return true
      return false
    }
    return along(width, filled).map(({ start: left }) => /** @type {[number, number]} */ ([left, top]))
  })
}

/** Tiles along an edge: where each starts, the first place that it covers, and the next that it does not. @param {number} length @param {(place: number) => boolean} filled */
function along(length, filled) {
  const found = []
  for (let first = 0; first < length;) {
    if (!filled(first)) {
      first++
      continue
    }
    const { start, beyond } = tileFrom(first, length)
    const end = Math.min(Math.ceil(beyond), length)
    found.push({ start, first, end })
    first = end
  }
  return found
}

/** Where the tile starts that covers a place and as many beyond as it can, and what it does not. @param {number} place @param {number} length */
function tileFrom(place, length) {
  const last = length - TILE_ON_MASK
  if (last <= 0) return { start: last / 2, beyond: Infinity }
  const room = (TILE_ON_MASK * (1 - STEP)) / 2
  const start = Math.max(place - room, 0)
  return start >= last ? { start: last, beyond: Infinity } : { start, beyond: start + TILE_ON_MASK - room }
}
