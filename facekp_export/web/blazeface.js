// @ts-check
/** BlazeFace, MediaPipe's face finder: anchors, decoding, weighted merging, and the looks at a photograph. */

import { overlap, overlapping } from './boxes.js'
import { Pyramid } from './crops.js'

/** @typedef {import('./crops.js').Box} Box */
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
// Shares of the longer edge that the tiles of the first levels span; each further one is FINER of it.
const SHARES = [0.4, 0.25, 0.14]
const FINER = 0.57
const SMALLEST_TILE = 160
// Down to this share of the shorter edge, tiles get smaller.
const OF_THE_SHORTER = 0.25
// A net sees faces from this share of a view.
const SMALLEST_SEEN = 0.13
const STEP = 0.768
const TILE_THRESHOLD = 0.7
const FINER_THRESHOLD = 0.75
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
 * @param {Candidate[]} candidates @param {Square} view @param {number} [least]
 */
export function sureAndInside(candidates, view, least = TILE_THRESHOLD) {
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

/** Square tiles, level by level, as fine as the resolution warrants. @param {number} width @param {number} height */
export function tiles(width, height) {
  /** @type {Square[]} */
  const found = []
  for (const side of sides(Math.max(width, height), Math.min(width, height))) {
    for (const y of centers(height, side)) {
      for (const x of centers(width, side)) found.push({ x, y, side })
    }
  }
  return found
}

/** The sides of the tiles of each level; no face is larger than the photograph. @param {number} longer @param {number} shorter */
function sides(longer, shorter) {
  const last = SHARES[SHARES.length - 1]
  const finest = Math.max(SMALLEST_TILE, Math.min(last * longer, OF_THE_SHORTER * shorter))
  const levels = SHARES.map((share) => share * longer)
  for (let side = last * FINER * longer; side >= finest; side *= FINER) levels.push(side)
  return levels.filter((side) => side >= finest && SMALLEST_SEEN * side < shorter)
}

/** Centers of tiles along one edge, STEP of their side apart or a little less. @param {number} length @param {number} side */
function centers(length, side) {
  if (length <= side) return [(length - 1) / 2]
  const count = Math.ceil((length - side) / (STEP * side) - 1e-9) + 1
  const [first, last] = [side / 2 - 0.5, length - side / 2 - 0.5]
  return Array.from({ length: count }, (_, i) => first + ((last - first) * i) / (count - 1))
}

/** What a face on a tile must score: a strip is cut into many, and asks for more. @param {number} longer @param {Square} tile */
function leastScore(longer, tile) {
  return tile.side >= SHARES[SHARES.length - 1] * longer ? TILE_THRESHOLD : FINER_THRESHOLD
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
  async look(net, photo, view) {
    const { variant, run, anchors } = this.nets[net]
    const outputs = await run(Float32Array.from(photo.read(view, variant.size), (byte) => byte / 127.5 - 1))
    const raw = outputs.find((output) => output.length === 16 * anchors.length)
    const logits = outputs.find((output) => output.length === anchors.length)
    if (!raw || !logits) throw new Error(`${variant.file} is not the BlazeFace net of that name`)
    return decoded(variant, anchors, view, raw, logits)
  }

  /** Faces by falling score. @param {import('./crops.js').Picture} picture */
  async find(picture) {
    return this.among(picture, tiles(picture.width, picture.height))
  }

  /** The same without looking for small faces at tiles: quick enough for a camera. @param {import('./crops.js').Picture} picture */
  async glance(picture) {
    return this.among(picture, [])
  }

  /** @param {import('./crops.js').Picture} picture @param {Square[]} tiles */
  async among(picture, tiles) {
    const photo = new Pyramid(picture)
    const whole = wholeView(picture.width, picture.height)
    const candidates = await this.look(0, photo, whole)
    // A face that fills the frame is seen only with some room around it.
    candidates.push(...(await this.look(0, photo, { ...whole, side: 2 * whole.side })))
    for (const tile of tiles) {
      candidates.push(...sureAndInside(await this.look(0, photo, tile), tile, leastScore(whole.side, tile)))
    }
    const faces = merged(candidates)
    const { 'blazeface-full': full, blazeface: short } = this.mappings
    // The short-range net's boxes vary less around the keypoints: the other only adds faces.
    const added = merged(asShortRange(await this.look(1, photo, whole), full, short))
    const known = faces.map(({ box }) => box)
    return [...faces, ...added.filter(({ box }) => !overlapping(box, known))].sort((a, b) => b.score - a.score)
  }
}
