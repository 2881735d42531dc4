// @ts-check
/** Faces and their keypoints, as the toolkit's detector finds them: two looks at each face. */

import { overlapping, refinedBox, refines, tightBox, toTight } from './boxes.js'
import { suppressed } from './blazeface.js'
import { cut, flipped, squareOf, toPicture } from './crops.js'

/** @typedef {import('./crops.js').Picture} Picture */
/** @typedef {import('./crops.js').Box} Box */
/** @typedef {{points: Float32Array, box: Box, score: number}} Face points x0, y0, ... in pixels of the picture */
/** @typedef {{boxSource: string, find: (picture: Picture) => Promise<{box: Box, score: number}[]>}} Finder */

export class Detector {
  /**
   * @param {{info: import('./document.js').ModelInfo, predict: (crop: Uint8Array) => Promise<Float32Array>}} model
   * @param {Record<string, import('./boxes.js').Mapping>} mappings that this page knows; the model's own go first
   */
  constructor(model, mappings) {
    this.model = model
    this.mappings = { ...mappings, ...model.info.boxes }
    this.boxSource = model.info.scheme.box_source
  }

  /** Faces by falling score. @param {Picture} picture @param {Finder} finder @returns {Promise<Face[]>} */
  async detect(picture, finder) {
    /** @type {Face[]} */
    const kept = []
    for (const { box, score } of suppressed(await finder.find(picture))) {
      const points = await this.pointsOf(picture, toTight(this.mappings[finder.boxSource], box))
      // Two finds may turn out to be one face.
      if (!overlapping(tightBox(points), kept.map((face) => tightBox(face.points)))) kept.push({ points, box, score })
    }
    return kept
  }

  /** Keypoints around a tight box, looked at twice. @param {Picture} picture @param {Box} tight */
  async pointsOf(picture, tight) {
    const own = this.mappings[this.boxSource]
    const first = await this.look(picture, tight)
    return refines(own) ? this.look(picture, refinedBox(first, tight, own)) : first
  }

  /** One pass around a tight box, or of its mirror image, turned back. @param {Picture} picture @param {Box} tight */
  async look(picture, tight, mirrored = false) {
    const { crop: rule, scheme } = this.model.info
    const square = squareOf(rule, tight)
    const crop = cut(picture, square, rule)
    if (!mirrored) return toPicture(square, await this.model.predict(crop))
    const shares = await this.model.predict(flipped(crop, rule.size))
    return toPicture(square, shares.map((_, i) => {
      const share = shares[2 * scheme.flip[i >> 1] + (i % 2)]
      return i % 2 ? share : 1 - share
    }))
  }
}
