// @ts-check
/**
 * Pictures and the crops of them, read as the toolkit reads them with OpenCV: bilinear on a grid `finer` times
 * finer, positions rounded to 1/32 pixel, each block then averaged.
 */

/** @typedef {{width: number, height: number, data: Uint8Array | Uint8ClampedArray}} Picture RGBA, row by row */
/** @typedef {{x: number, y: number, side: number}} Square by its center, in pixels */
/** @typedef {[number, number, number, number]} Box x, y, width, height in pixels */

const FINEST = 16
const BITS = 5
const STEPS = 1 << BITS
const MASK = STEPS - 1
// Positions are summed in 1/1024 pixel and then rounded to 1/32.
const ONE = 1024
const HALF = 16
const DROPPED = 5

/** Rounded to the nearest whole number, halves to the even one. @param {number} value */
export function rint(value) {
  const low = Math.floor(value)
  const rest = value - low
  return rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1
}

/** The square to cut around a tight box. @param {{scale: number}} rule @param {Box} tight @returns {Square} */
export function squareOf(rule, [x, y, width, height]) {
  return { x: x + width / 2, y: y + height / 2, side: rule.scale * Math.max(width, height) }
}

/** Points in [0, 1] of a square as pixels of the picture. @param {Square} square @param {ArrayLike<number>} shares */
export function toPicture({ x, y, side }, shares) {
  return Float32Array.from(shares, (share, i) => (i % 2 ? y : x) - side / 2 + side * share)
}

/**
 * The crop of a square, RGB row by row.
 * @param {Picture} picture @param {Square} square @param {{size: number, border: number}} rule
 */
export function cut(picture, { x, y, side }, rule) {
  if (![x, y, side].every(Number.isFinite) || side <= 0) throw new Error('a crop needs a box of a positive size')
  return read(picture, side, side, x - side / 2, y - side / 2, rule.size, rule.border)
}

/** A crop's mirror image. @param {Uint8Array} crop RGB row by row @param {number} size */
export function flipped(crop, size) {
  const width = 3 * size
  return crop.map((_, i) => {
    const x = i % width
    return crop[i - x + width - 3 - x + 2 * (x % 3)]
  })
}

/**
 * The crop whose [0, 1] spans `wide` x `high` pixels from (`left`, `top`) on.
 * @param {Picture} picture @param {number} wide @param {number} high @param {number} left @param {number} top
 * @param {number} size @param {number} border
 */
export function read({ width, height, data }, wide, high, left, top, size, border) {
  const finer = Math.min(FINEST, Math.max(1, Math.ceil(Math.sqrt(wide * high) / size)))
  const fine = size * finer
  const stepX = wide / fine
  const stepY = high / fine
  const startX = rint((left + stepX * 0.5) * ONE) + HALF
  const pixels = new Uint8Array(size * size * 3)
  const sums = new Int32Array(size * 3)
  const columns = Int32Array.from({ length: fine }, (_, x) => (startX + rint(stepX * x * ONE)) >> DROPPED)
  /** @param {number} x @param {number} y @param {number} channel */
  const at = (x, y, channel) =>
    x >= 0 && y >= 0 && x < width && y < height ? data[4 * (y * width + x) + channel] : border
  for (let y = 0; y < size; y++) {
    sums.fill(0)
    for (let line = y * finer; line < (y + 1) * finer; line++) {
      const row = (rint((stepY * line + (top + stepY * 0.5)) * ONE) + HALF) >> DROPPED
      const down = row & MASK
      const upper = row >> BITS
      for (let x = 0; x < fine; x++) {
        const right = columns[x] & MASK
        const column = columns[x] >> BITS
        const place = 3 * Math.floor(x / finer)
        for (let channel = 0; channel < 3; channel++) {
          const above = at(column, upper, channel) * (STEPS - right) + at(column + 1, upper, channel) * right
          const below = at(column, upper + 1, channel) * (STEPS - right) + at(column + 1, upper + 1, channel) * right
          sums[place + channel] += (above * (STEPS - down) + below * down + (STEPS * STEPS) / 2) >> (2 * BITS)
        }
      }
    }
    const share = Math.fround(1 / (finer * finer))
    for (let i = 0; i < sums.length; i++) {
      const mean = finer === 1 ? sums[i] : finer === 2 ? (sums[i] + 2) >> 2 : rint(Math.fround(sums[i] * share))
      pixels[y * sums.length + i] = mean
    }
  }
  return pixels
}
