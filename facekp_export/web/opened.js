// @ts-check
/** What the page's sections share: the folder's contents, the open model and finder, and whose turn it is to compute. */

import { Detector } from './detector.js'
import { say, sentence } from './page.js'

/** @typedef {{file: string, name: string, kind: string, sha256: string, bytes: number}} Entry a model of the folder */
/** @typedef {{wasm: number, webgpu: number, px: number | null}} Allowed differences: the largest, in crops; the mean, in pixels */
/**
 * @typedef {{models: Entry[], boxes: Record<string, import('./boxes.js').Mapping>, engines: Record<string, string>,
 *   parity: {count: number, reference: string, answers: Record<string, number[][]>, allowed: Record<string, Allowed>}}} Contents
 */

export class Opened {
  /** @param {Contents} contents */
  constructor(contents) {
    this.contents = contents
    /** @type {import('./runtime.js').Model | null} */
    this.model = null
    /** @type {import('./blazeface.js').BlazeFace | null} */
    this.finder = null
    /** Why there are fewer threads than processors; '' where there are not. */
    this.note = ''
    /** @type {Promise<unknown>} */
    this.busy = Promise.resolve()
  }

  /** One thing at a time: what is asked for meanwhile waits. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  turn(work) {
    const done = this.busy.then(work)
    this.busy = done.catch(() => {})
    return done
  }

  /** The same; an error is said. @param {() => Promise<void>} work @param {string} id of the element that says it */
  async next(work, id) {
    await this.turn(work).catch((error) => say(id, sentence(error)))
  }

  /** A detector of the open model, and the finder. */
  ready() {
    if (!this.model || !this.finder) throw new Error('No model is open; choose one above.')
    return { model: this.model, finder: this.finder, detector: new Detector(this.model, this.contents.boxes) }
  }
}
