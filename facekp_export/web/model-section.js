// @ts-check
/** The model: one of the folder's files or another that is given, what computes it, and what fell back. */

import { bytesOf, element, say, sentence } from './page.js'
import { hasWebGpu, Model, start } from './runtime.js'

/** @type {HTMLSelectElement} */ const models = element('models')
/** @type {HTMLInputElement} */ const other = element('other')
/** @type {HTMLSelectElement} */ const accelerator = element('accelerator')
/** @type {HTMLSelectElement} */ const threads = element('threads')

/** @typedef {{file: string, bytes: () => Promise<Uint8Array>}} Source */

export class ModelSection {
  /** @param {import('./opened.js').Opened} opened @param {() => Promise<void>} changed called when another model is open */
  constructor(opened, changed) {
    this.opened = opened
    this.changed = changed
    /** @type {Source[]} */
    this.sources = []
    /** The index of the one that is open; -1 for none. */
    this.current = -1
    for (const { file, bytes } of opened.contents.models) {
      this.add({ file, bytes: () => bytesOf(`models/${file}`) }, bytes)
    }
    // What the phone gets, if it is there.
    models.selectedIndex = Math.max(0, opened.contents.models.findIndex(({ kind }) => kind === 'int8'))
    for (const element of [models, accelerator, threads]) element.addEventListener('change', () => this.again())
    other.addEventListener('change', () => this.take(other.files?.[0]))
  }

  get threads() {
    return threads.selectedIndex + 1
  }

  get accelerator() {
    return /** @type {import('./runtime.js').Accelerator} */ (accelerator.value)
  }

  /** Load the engine, and open what is selected. */
  async begin() {
    const { most, note } = await start()
    this.opened.note = note
    for (let count = 1; count <= most; count++) threads.add(new Option(String(count)))
    if (await hasWebGpu()) accelerator.add(new Option('graphics chip (WebGPU)', 'webgpu'))
    await this.open()
    other.disabled = false
  }

  /** A model file that is no part of the folder. @param {File | undefined} file */
  take(file) {
    if (!file) return
    this.add({ file: file.name, bytes: async () => new Uint8Array(await file.arrayBuffer()) }, file.size)
    models.selectedIndex = this.sources.length - 1
    this.again()
  }

  /** @param {Source} source @param {number} bytes */
  add(source, bytes) {
    this.sources.push(source)
    models.add(new Option(`${source.file} (${(bytes / 1e6).toFixed(2)} MB)`))
  }

  again() {
    this.opened.next(async () => {
      await this.open()
      await this.changed()
    }, 'engine')
  }

  /** Open what is selected; the one before stays where that is no model. */
  async open() {
    const index = models.selectedIndex
    const { file, bytes } = this.sources[index]
    say('engine', `${file} is loading.`)
    let model
    try {
      model = await Model.open(await bytes(), this.accelerator, this.threads)
    } catch (error) {
      this.forget(index)
      const before = this.sources[this.current]
      throw new Error(`${file}: ${sentence(error)}${before ? ` ${before.file} stays.` : ''}`, { cause: error })
    }
    this.opened.model?.delete()
    this.opened.model = model
    this.current = index
    const { name, kind, points } = model.info
    const what = model.net.accelerator === 'webgpu' ? 'WebGPU' : `WebAssembly, threads: ${model.net.threads}`
    say('engine', [`${name}, ${kind}, ${points} keypoints; ${what}.`, model.net.fallback, this.opened.note].filter(Boolean).join(' '))
  }

  /** Take what cannot be opened out of the list, and select what is open. @param {number} index */
  forget(index) {
    if (index >= this.opened.contents.models.length && index !== this.current) {
      this.sources.splice(index, 1)
      models.remove(index)
    }
    models.selectedIndex = this.current
  }
}
