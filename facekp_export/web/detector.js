// @ts-check
/** Faces and their keypoints, as the toolkit's detector finds them: two looks at each face. */

import { overlapping, refinedBox, refines, tightBox, toTight } from './boxes.js'
import { suppressed } from './blazeface.js'
import { cut, squareOf, toPicture } from './crops.js'

/** @typedef {import('./crops.js').Picture} Picture */
/** @typedef {import('./crops.js').Box} Box */
/** @typedef {{points: Float32Array, box: Box, score: number}} Face points x0, y0, ... in pixels of the picture */

export class Detector {
  /**
   * @param {{info: import('./metadata.js').ModelInfo, predict: (crop: Uint8Array) => Promise<Float32Array>}} model
   * @param {{boxSource: string, find: (picture: Picture) => Promise<{box: Box, score: number}[]>}} finder
   * @param {Record<string, import('./boxes.js').Mapping>} mappings that this page knows; the model's own go first
   */
  constructor(model, finder, mappings) {
    this.model = model
    this.finder = finder
    this.mappings = { ...mappings, ...model.info.boxes }
  }

  /** Faces by falling score. @param {Picture} picture @returns {Promise<Face[]>} */
  async detect(picture) {
    /** @type {Face[]} */
    const kept = []
    for (const { box, score } of suppressed(await this.finder.find(picture))) {
      const points = await this.pointsOf(picture, toTight(this.mappings[this.finder.boxSource], box))
      // Two finds may turn out to be one face.
      if (!overlapping(tightBox(points), kept.map((face) => tightBox(face.points)))) kept.push({ points, box, score })
    }
    return kept
  }

  /** Keypoints around a tight box, looked at twice. @param {Picture} picture @param {Box} tight */
  async pointsOf(picture, tight) {
    const own = this.mappings[this.model.info.scheme.box_source]
    const first = await this.look(picture, tight)
    return refines(own) ? this.look(picture, refinedBox(first, tight, own)) : first
  }

  /** @param {Picture} picture @param {Box} tight */
  async look(picture, tight) {
    const rule = this.model.info.crop
    const square = squareOf(rule, tight)
    return toPicture(square, await this.model.predict(cut(picture, square, rule)))
  }
}
