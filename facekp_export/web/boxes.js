// @ts-check
/** Boxes: from a finder's to the tight one that a net was trained on, and to the second crop's. */

/** @typedef {import('./crops.js').Box} Box */
/** @typedef {{dx: number, dy: number, scale: number}} Mapping in units of the box's longer side */

// Between two looks at one face its box moves little; an answer beyond this is a failed one.
const LARGEST_GROWTH = 2.5
const LARGEST_SHIFT = 0.6
// Keypoints that span less of the face than this say less about its box than a finder does.
const LEAST_SPAN = 0.7

/** The square tight box that a box stands for. @param {Mapping} mapping @param {Box} box @returns {Box} */
export function toTight(mapping, [x, y, width, height]) {
  const side = Math.max(width, height)
  const tight = mapping.scale * side
  const centerX = x + width / 2 + mapping.dx * side
  const centerY = y + height / 2 + mapping.dy * side
  return [centerX - tight / 2, centerY - tight / 2, tight, tight]
}

/** The smallest box around points x0, y0, ... @param {ArrayLike<number>} points @returns {Box} */
export function tightBox(points) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (let i = 0; i < points.length; i += 2) {
    left = Math.min(left, points[i])
    right = Math.max(right, points[i])
    top = Math.min(top, points[i + 1])
    bottom = Math.max(bottom, points[i + 1])
  }
  return [left, top, right - left, bottom - top]
}

/** Whether keypoints with this mapping reach far enough over a face to tell its box. @param {Mapping} mapping */
export function refines(mapping) {
  return mapping.scale * LEAST_SPAN <= 1
}

/**
 * The tight box for a second crop, from the first answer; the first box where that is not to be trusted.
 * @param {ArrayLike<number>} points @param {Box} first @param {Mapping} mapping @returns {Box}
 */
export function refinedBox(points, first, mapping) {
  const box = tightBox(points)
  if (!box.every(Number.isFinite) || Math.max(box[2], box[3]) <= 0 || !refines(mapping)) return first
  const found = toTight(mapping, box)
  const before = Math.max(first[2], first[3])
  if (found[2] < before / LARGEST_GROWTH || found[2] > before * LARGEST_GROWTH) return first
  const shiftX = found[0] + found[2] / 2 - first[0] - first[2] / 2
  const shiftY = found[1] + found[2] / 2 - first[1] - first[3] / 2
  return Math.hypot(shiftX, shiftY) <= LARGEST_SHIFT * before ? found : first
}

/** @param {Box} one @param {Box} other */
function shared(one, other) {
  const width = Math.min(one[0] + one[2], other[0] + other[2]) - Math.max(one[0], other[0])
  const height = Math.min(one[1] + one[3], other[1] + other[3]) - Math.max(one[1], other[1])
  return Math.max(width, 0) * Math.max(height, 0)
}

/** Intersection over union. @param {Box} one @param {Box} other */
export function overlap(one, other) {
  const both = shared(one, other)
  return both / Math.max(one[2] * one[3] + other[2] * other[3] - both, 1e-12)
}

/** Whether a box shares more than half of the smaller one's area with another. @param {Box} box @param {Box[]} others */
export function overlapping(box, others) {
  return others.some((other) => shared(box, other) > 0.5 * Math.min(box[2] * box[3], other[2] * other[3]))
}
