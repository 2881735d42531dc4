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
    /** @type {Source | null} The one that is open. */
    this.current = null
    for (const { file, bytes } of opened.contents.models) {
      this.add({ file, bytes: () => bytesOf(`models/${file}`) }, bytes)
    }
    // What the phone gets, if it is there.
    models.selectedIndex = Math.max(0, opened.contents.models.findIndex(({ kind }) => kind === 'int8'))
    for (const element of [models, accelerator, threads]) element.addEventListener('change', () => this.again())
    other.addEventListener('change', () => this.take(other.files?.[0]))
  }

  get selected() {
    return this.sources[models.selectedIndex]
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
    await this.open(this.selected)
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
    // By its turn another may be selected.
    const { selected } = this
    this.opened.next(async () => {
      await this.open(selected)
      await this.changed()
    }, 'engine')
  }

  /** Open it; the one before stays where that is no model. @param {Source} source */
  async open(source) {
    const { file, bytes } = source
    say('engine', `${file} is loading.`)
    let model
    try {
      model = await Model.open(await bytes(), this.accelerator, this.threads)
    } catch (error) {
      this.forget(source)
      const stays = this.current ? ` ${this.current.file} stays.` : ''
      throw new Error(`${file}: ${sentence(error)}${stays}`, { cause: error })
    }
    this.opened.model?.delete()
    this.opened.model = model
    this.current = source
    const { name, kind, points } = model.info
    const what = model.net.accelerator === 'webgpu' ? 'WebGPU' : `WebAssembly, threads: ${model.net.threads}`
    say('engine', [`${name}, ${kind}, ${points} keypoints; ${what}.`, model.net.fallback, this.opened.note].filter(Boolean).join(' '))
  }

  /** Take what cannot be opened out of the list; where it was selected, what is open is. @param {Source} source */
  forget(source) {
    const wasSelected = source === this.selected
    const index = this.sources.indexOf(source)
    if (index >= this.opened.contents.models.length && source !== this.current) {
      this.sources.splice(index, 1)
      models.remove(index)
    }
    if (wasSelected) models.selectedIndex = this.current ? this.sources.indexOf(this.current) : -1
  }
}
