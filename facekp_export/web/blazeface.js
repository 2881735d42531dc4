// @ts-check
/** BlazeFace, MediaPipe's face finder: anchors, decoding, weighted merging, and the looks at a photograph. */

import { overlap, overlapping } from './boxes.js'
import { rint } from './crops.js'
import { Pyramid } from './pyramid.js'
import { covering, hidingPlaces, leastScore, TILE_ON_MASK, tileSides } from './tiles.js'

/** @typedef {import('./crops.js').Box} Box */
/** @typedef {import('./crops.js').Picture} Picture */
/** @typedef {import('./crops.js').Square} Square */
/** @typedef {import('./boxes.js').Mapping} Mapping */
/** @typedef {{box: Box, score: number}} FoundFace */
/** @typedef {{center: Box, score: number}} Candidate center x, center y, width, height */
/** @typedef {{file: string, boxSource: string, size: number, cells: [number, number][], threshold: number}} Variant */
/** @typedef {(input: Float32Array<ArrayBuffer>) => Promise<Float32Array[]>} Run */

/** @type {Variant} */
export const SHORT_RANGE = {
  file: 'face_detection_short_range.tflite', boxSource: 'blazeface', size: 128, cells: [[8, 2], [16, 6]], threshold: 0.5,
}
/** @type {Variant} */
export const FULL_RANGE = {
  file: 'face_detection_full_range_sparse.tflite', boxSource: 'blazeface-full', size: 192, cells: [[4, 1]], threshold: 0.6,
}
// Candidates that overlap by more than this share of their union are one face.
const SAME_FACE = 0.3
const LOGIT_LIMIT = 100

/** Centers x, y in [0, 1], row by row. @param {Variant} variant @returns {[number, number][]} */
export function anchorsOf({ size, cells }) {
  /** @type {[number, number][]} */
  const found = []
  for (const [stride, count] of cells) {
    const side = Math.floor(size / stride)
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        for (let each = 0; each < count; each++) found.push([((x + 0.5) * stride) / size, ((y + 0.5) * stride) / size])
      }
    }
  }
  return found
}

/**
 * Everything above the threshold in a view, before it is merged.
 * @param {Variant} variant @param {[number, number][]} anchors @param {Square} view
 * @param {ArrayLike<number>} raw sixteen numbers an anchor @param {ArrayLike<number>} logits @returns {Candidate[]}
 */
export function decoded(variant, anchors, view, raw, logits) {
  /** @type {Candidate[]} */
  const found = []
  anchors.forEach(([x, y], i) => {
    const score = 1 / (1 + Math.exp(-Math.min(Math.max(logits[i], -LOGIT_LIMIT), LOGIT_LIMIT)))
    if (score < variant.threshold) return
    const [right, down, width, height] = [0, 1, 2, 3].map((each) => raw[16 * i + each] / variant.size)
    const centerX = view.x - view.side / 2 + view.side * (right + x)
    const centerY = view.y - view.side / 2 + view.side * (down + y)
    found.push({ center: [centerX, centerY, width * view.side, height * view.side], score })
  })
  return found
}

/** One face for each group of overlapping candidates: their mean weighted by score. @param {Candidate[]} candidates */
export function merged(candidates) {
  let rest = [...candidates].sort((a, b) => b.score - a.score)
  /** @type {FoundFace[]} */
  const faces = []
  while (rest.length) {
    const first = corner(rest[0])
    const same = rest.filter((each, i) => i === 0 || overlap(corner(each), first) > SAME_FACE)
    const total = same.reduce((sum, { score }) => sum + score, 0)
    const [x, y, width, height] = [0, 1, 2, 3].map(
      (place) => same.reduce((sum, { center, score }) => sum + center[place] * score, 0) / total,
    )
    faces.push({ box: [x - width / 2, y - height / 2, width, height], score: rest[0].score })
    rest = rest.filter((each) => !same.includes(each))
  }
  return suppressed(faces.filter(({ box }) => Math.min(box[2], box[3]) > 0))
}

/** Faces by falling score, without those that overlap one before them. @param {FoundFace[]} faces */
export function suppressed(faces) {
  /** @type {FoundFace[]} */
  const kept = []
  for (const face of [...faces].sort((a, b) => b.score - a.score)) {
    if (!overlapping(face.box, kept.map(({ box }) => box))) kept.push(face)
  }
  return kept
}

/** @param {Candidate} candidate @returns {Box} */
function corner({ center: [x, y, width, height] }) {
  return [x - width / 2, y - height / 2, width, height]
}

/**
 * A tile's candidates of at least that score, without those that its edge cuts.
 * @param {Candidate[]} candidates @param {Square} view @param {number} least
 */
export function sureAndInside(candidates, view, least) {
  return candidates.filter(({ center: [x, y, width, height], score }) => {
    const reach = Math.max(Math.abs(x - view.x) + width / 2, Math.abs(y - view.y) + height / 2)
    return reach <= view.side / 2 && score >= least
  })
}

/**
 * The full-range net's boxes as the short-range net would have drawn them.
 * @param {Candidate[]} candidates @param {Mapping} full @param {Mapping} short @returns {Candidate[]}
 */
export function asShortRange(candidates, full, short) {
  const growth = full.scale / short.scale
  return candidates.map(({ center: [x, y, width, height], score }) => ({
    center: [
      x + width * (full.dx - growth * short.dx), y + height * (full.dy - growth * short.dy), width * growth, height * growth,
    ],
    score,
  }))
}

/** The smallest square around a photograph. @param {number} width @param {number} height @returns {Square} */
export function wholeView(width, height) {
  return { x: (width - 1) / 2, y: (height - 1) / 2, side: Math.max(width, height) }
}

/** A square of a picture, RGB row by row, black where it reaches beyond. @param {Picture} level @param {number} left @param {number} top @param {number} size */
function partOf({ width, height, data }, left, top, size) {
  const part = new Uint8Array(3 * size * size)
  for (let y = Math.max(top, 0); y < Math.min(top + size, height); y++) {
    for (let x = Math.max(left, 0); x < Math.min(left + size, width); x++) {
      const [to, from] = [3 * ((y - top) * size + x - left), 4 * (y * width + x)]
      for (let channel = 0; channel < 3; channel++) part[to + channel] = data[from + channel]
    }
  }
  return part
}

/** Where a square of a shrunk copy lies on the photograph. @param {Picture} photo @param {Picture} level @param {number} left @param {number} top @param {number} size @returns {Square} */
function levelView(photo, level, left, top, size) {
  const [across, down] = [photo.width / level.width, photo.height / level.height]
  const side = (size * Math.max(photo.width, photo.height)) / Math.max(level.width, level.height)
  return { x: (left + size / 2) * across - 0.5, y: (top + size / 2) * down - 0.5, side }
}

/** Both nets, and several looks: at the whole photograph, from farther away, and at tiles of it. */
export class BlazeFace {
  /** @param {Run} short @param {Run} full @param {Record<string, Mapping>} mappings */
  constructor(short, full, mappings) {
    this.boxSource = SHORT_RANGE.boxSource
    this.mappings = mappings
    this.nets = [SHORT_RANGE, FULL_RANGE].map((variant, i) => ({
      variant, run: [short, full][i], anchors: anchorsOf(variant),
    }))
  }

  /** @param {number} net @param {Pyramid} photo @param {Square} view */
  look(net, photo, view) {
    return this.see(net, photo.read(view, this.nets[net].variant.size), view)
  }

  /** @param {number} net @param {Uint8Array} crop that was read from the view @param {Square} view */
  async see(net, crop, view) {
    const { variant, run, anchors } = this.nets[net]
    const outputs = await run(Float32Array.from(crop, (byte) => byte / 127.5 - 1))
    const raw = outputs.find((output) => output.length === 16 * anchors.length)
    const logits = outputs.find((output) => output.length === anchors.length)
    if (!raw || !logits) throw new Error(`${variant.file} is not the BlazeFace net of that name`)
    return decoded(variant, anchors, view, raw, logits)
  }

  /** Faces by falling score. @param {Picture} picture @param {number | null} smallest side in pixels of the smallest to look for */
  async find(picture, smallest = null) {
    return this.among(picture, tileSides(picture.width, picture.height, smallest))
  }

  /** The same without looking for small faces at tiles: quick enough for a camera. @param {Picture} picture */
  async glance(picture) {
    return this.among(picture, [])
  }

  /** @param {Picture} picture @param {number[]} sides of the tiles to look at */
  async among(picture, sides) {
    const photo = new Pyramid(picture)
    const whole = wholeView(picture.width, picture.height)
    const candidates = await this.look(0, photo, whole)
    // A face that fills the frame is seen only with some room around it.
    candidates.push(...(await this.look(0, photo, { ...whole, side: 2 * whole.side })))
    for (const side of sides) candidates.push(...(await this.lookAtTiles(photo, side, merged(candidates))))
    const faces = merged(candidates)
    const { 'blazeface-full': full, blazeface: short } = this.mappings
    // The short-range net's boxes vary less around the keypoints: the other only adds faces.
    const added = merged(asShortRange(await this.look(1, photo, whole), full, short))
    const known = faces.map(({ box }) => box)
    return [...faces, ...added.filter(({ box }) => !overlapping(box, known))].sort((a, b) => b.score - a.score)
  }

  /** Looks at those tiles of one side in which a face that is not found yet could hide. @param {Pyramid} photo @param {number} side @param {FoundFace[]} found */
  async lookAtTiles(photo, side, found) {
    const places = covering(hidingPlaces(photo, side, found))
    if (!places.length) return []
    const { size } = SHORT_RANGE
    const level = photo.shrunk(size / side)
    const least = leastScore(Math.max(photo.picture.width, photo.picture.height), side)
    /** @type {Candidate[]} */
    const candidates = []
    for (const place of places) {
      const [left, top] = place.map((edge) => rint((edge * size) / TILE_ON_MASK))
      const view = levelView(photo.picture, level, left, top, size)
      candidates.push(...sureAndInside(await this.see(0, partOf(level, left, top, size), view), view, least))
    }
    return candidates
  }
}
