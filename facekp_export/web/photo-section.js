// @ts-check
/** A photograph: chosen, dropped or pasted. */

import { isAnimated } from './animated.js'
import { contextOf, drawFaces } from './drawing.js'
import { element, faces, say } from './page.js'

const MOST_PIXELS = 50_000_000
/** @type {HTMLInputElement} */ const photo = element('photo')
/** @type {HTMLInputElement} */ const smallest = element('smallest')
/** @type {HTMLCanvasElement} */ const canvas = element('canvas')

/** @param {Blob} blob @returns {Promise<ImageBitmap>} upright as EXIF says, in its own colors */
async function bitmapOf(blob) {
  try {
    return await createImageBitmap(blob, { imageOrientation: 'from-image', colorSpaceConversion: 'none' })
  } catch (error) {
    throw new Error('This browser cannot read the file as a photograph.', { cause: error })
  }
}

export class PhotoSection {
  /** @param {import('./opened.js').Opened} opened */
  constructor(opened) {
    this.opened = opened
    /** @type {Blob | null} */
    this.shown = null
    photo.addEventListener('change', () => this.take(photo.files?.[0]))
    smallest.addEventListener('change', () => this.opened.next(() => this.again(), 'told'))
  }

  enable() {
    photo.disabled = false
  }

  /** @param {Blob | undefined} blob */
  take(blob) {
    if (blob) this.opened.next(() => this.show(blob), 'told')
  }

  /** The same photograph by another model, or with another smallest face. */
  async again() {
    if (this.shown) await this.show(this.shown)
  }

  /** @param {Blob} blob */
  async show(blob) {
    const { model, finder, detector } = this.opened.ready()
    if (!smallest.checkValidity()) throw new Error('The smallest face is 5 pixels or more, or left empty.')
    const least = smallest.value === '' ? null : smallest.valueAsNumber
    say('told', 'Looking for faces.')
    const bitmap = await bitmapOf(blob)
    const { width, height } = bitmap
    if (width * height > MOST_PIXELS) throw new Error('The photograph is too large for this page; make it smaller.')
    canvas.width = width
    canvas.height = height
    const context = contextOf(canvas)
    context.drawImage(bitmap, 0, 0)
    bitmap.close()
    const begun = performance.now()
    const found = await detector.detect(context.getImageData(0, 0, width, height), {
      boxSource: finder.boxSource, find: (picture) => finder.find(picture, least),
    })
    const text = `${faces(found.length)} in ${Math.round(performance.now() - begun)} ms`
    drawFaces(context, found, model.info.scheme.lines)
    canvas.setAttribute('aria-label', `the photograph with ${text}`)
    canvas.dataset.faces = JSON.stringify(found.map(({ points }) => [...points]))
    this.shown = blob
    const animated = isAnimated(new Uint8Array(await blob.arrayBuffer()))
    say('told', `${text}.${animated ? ' The picture is animated; its first one was looked at.' : ''}`)
  }
}
