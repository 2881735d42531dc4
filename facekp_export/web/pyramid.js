// @ts-check
/** A picture at every scale, so that many views of it are cheap to read. */

import { read, rint } from './crops.js'

/** @typedef {import('./crops.js').Picture} Picture */
/** @typedef {import('./crops.js').Square} Square */

// Below this side no picture is halved any more.
const SMALLEST = 256
// Weights of bilinear reading are rounded to 1/2048, as OpenCV does.
const ONE = 2048

/** A picture and its halvings, made once. */
export class Pyramid {
  /** @param {Picture} picture */
  constructor(picture) {
    this.levels = [picture]
    while (Math.max(this.last.width, this.last.height) >= SMALLEST) this.levels.push(halved(this.last))
  }

  get last() {
    return this.levels[this.levels.length - 1]
  }

  get picture() {
    return this.levels[0]
  }

  /** A view from the level whose pixels are just finer than its own. @param {Square} view @param {number} size */
  read(view, size) {
    const picture = this.finerThan(view.side / size)
    const acrossX = picture.width / this.picture.width
    const acrossY = picture.height / this.picture.height
    const left = (view.x - view.side / 2) * acrossX + 0.5 * acrossX - 0.5
    const top = (view.y - view.side / 2) * acrossY + 0.5 * acrossY - 0.5
    return read(picture, view.side * acrossX, view.side * acrossY, left, top, size, 0)
  }

  /** The whole picture, each side `ratio` times as long, at least a pixel. @param {number} ratio */
  shrunk(ratio) {
    const { width, height } = this.picture
    // Between one and two of the level's pixels become one: bilinear reading leaves none out.
    return resized(this.finerThan(1 / ratio), Math.max(1, rint(ratio * width)), Math.max(1, rint(ratio * height)))
  }

  /** The level of which a pixel spans just less than so many of the picture. @param {number} span */
  finerThan(span) {
    return this.levels[Math.trunc(Math.min(Math.max(Math.log2(span), 0), this.levels.length - 1))]
  }
}

/** A picture of another size, read bilinearly in whole numbers. @param {Picture} from @param {number} width @param {number} height @returns {Picture} */
function resized(from, width, height) {
  const data = new Uint8Array(4 * width * height).fill(255)
  const [across, down] = [weights(from.width, width), weights(from.height, height)]
  for (let y = 0; y < height; y++) {
    const [upper, lower, high, low] = down[y]
    for (let x = 0; x < width; x++) {
      const [left, right, near, far] = across[x]
      for (let channel = 0; channel < 3; channel++) {
        /** @param {number} row */
        const along = (row) => {
          const start = 4 * row * from.width + channel
          return (from.data[start + 4 * left] * near + from.data[start + 4 * right] * far) >> 4
        }
        data[4 * (y * width + x) + channel] = (((along(upper) * high) >> 16) + ((along(lower) * low) >> 16) + 2) >> 2
      }
    }
  }
  return { width, height, data }
}

/** Between which two pixels each of other ones lies, and the weight of either. @param {number} from @param {number} to */
function weights(from, to) {
  return Array.from({ length: to }, (_, at) => {
    const place = Math.fround((at + 0.5) * (from / to) - 0.5)
    const first = Math.min(Math.max(Math.floor(place), 0), from - 1)
    const rest = first === Math.floor(place) && first < from - 1 ? Math.fround(place - first) : 0
    return [first, Math.min(first + 1, from - 1), rint(Math.fround(1 - rest) * ONE), rint(rest * ONE)]
  })
}

/** The mean over the area that each pixel of half the size covers. @param {Picture} from @returns {Picture} */
function halved(from) {
  const width = (from.width + 1) >> 1
  const height = (from.height + 1) >> 1
  const data = new Uint8Array(4 * width * height).fill(255)
  const even = from.width === 2 * width && from.height === 2 * height
  const across = shares(from.width, width)
  const down = shares(from.height, height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0
        for (const [row, high] of down[y]) {
          for (const [column, wide] of across[x]) {
            sum += high * wide * from.data[4 * (row * from.width + column) + channel]
          }
        }
        // OpenCV rounds a plain mean of four half up, and any other to the even number.
        data[4 * (y * width + x) + channel] = even ? Math.floor(sum + 0.5) : rint(Math.fround(sum))
      }
    }
  }
  return { width, height, data }
}

/** Which pixels each of fewer pixels covers, and their shares of it. @param {number} from @param {number} to */
function shares(from, to) {
  const across = from / to
  return Array.from({ length: to }, (_, at) => {
    const low = at * across
    const high = Math.min(low + across, from)
    /** @type {[number, number][]} */
    const found = []
    for (let source = Math.floor(low); source < Math.min(from, Math.ceil(low + across)); source++) {
      found.push([source, (Math.min(source + 1, high) - Math.max(source, low)) / (high - low)])
    }
    return found
  })
}
