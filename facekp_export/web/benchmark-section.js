// @ts-check
/** The benchmark: every file of the folder, its times in a table and as a document to save. */

import { clockStep, parityOf, recordOf, timed } from './benchmark.js'
import { bytesOf, element, say, sentence } from './page.js'
import { Model } from './runtime.js'

/** @type {HTMLButtonElement} */ const measure = element('measure')
/** @type {HTMLAnchorElement} */ const save = element('save')
/** @type {HTMLTableElement} */ const table = element('times')

const RUNTIMES = { tflite: 'litert', onnx: 'onnxruntime' }

/** @typedef {ReturnType<typeof recordOf>} Measured */

export class BenchmarkSection {
  /** @param {import('./opened.js').Opened} opened @param {import('./model-section.js').ModelSection} models @param {() => void} before what else computes ends */
  constructor(opened, models, before) {
    this.opened = opened
    this.models = models
    this.before = before
    measure.addEventListener('click', () => opened.next(async () => { await this.run() }, 'progress'))
  }

  enable() {
    measure.disabled = false
  }

  /** Measure, and give the document to whoever serves the page and waits for it. */
  async send() {
    const answer = await fetch('benchmark', { method: 'POST', body: await this.run() })
    if (!answer.ok) throw new Error(`The document was not taken: ${await answer.text()}`)
    say('progress', 'Measured; the computer has the document.')
  }

  /** The document of all files. */
  async run() {
    this.before()
    const { models } = this.opened.contents
    const records = []
    /** @type {string[]} */
    const left = []
    const step = clockStep()
    const crops = await bytesOf('parity.bin')
    for (const [number, entry] of models.entries()) {
      say('progress', `Measuring ${entry.file}, ${number + 1} of ${models.length}. Keep this page in front: others slow it down.`)
      const file = await bytesOf(`models/${entry.file}`)
      try {
        const model = await Model.open(file, this.models.accelerator, this.models.threads)
        records.push(await this.record(model, entry, crops, step).finally(() => model.delete()))
      } catch (error) {
        left.push(`${entry.file} was left out: ${sentence(error)}`)
      }
      show(records)
    }
    const text = `${JSON.stringify({ schema: 'facekp-bench/1', records }, null, 2)}\n`
    URL.revokeObjectURL(save.href)
    save.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
    save.hidden = false
    const files = records.length === 1 ? '1 file' : `${records.length} files`
    say('progress', [`Measured ${files}.`, ...left, ...records.flatMap(doubts)].join(' '))
    return text
  }

  /** @param {Model} model @param {import('./opened.js').Entry} entry @param {Uint8Array} crops @param {number} step of the clock, ms */
  async record(model, entry, crops, step) {
    const started = new Date().toISOString()
    const { count, answers: wanted, allowed, reference } = this.opened.contents.parity
    const size = model.info.crop.size
    const each = 3 * size * size
    const cut = Array.from({ length: count }, (_, i) => crops.subarray(each * i, each * (i + 1)))
    const given = model.encoded(cut[0])
    const times = await timed(() => model.net.run(given))
    const answers = []
    for (const crop of cut) answers.push(await model.predict(crop))
    const { maxAbs, meanPx } = parityOf(answers, wanted[entry.file], size)
    const { accelerator, threads, fallback } = model.net
    const { [accelerator]: tolerance, px } = allowed[entry.file]
    const parity = {
      inputs: count, source: 'crops of the demo photo', reference, max_abs: maxAbs, mean_px: meanPx,
      tolerance, tolerance_px: px, ok: maxAbs <= tolerance && (px === null || meanPx <= px),
    }
    const runtime = RUNTIMES[model.format]
    const place = {
      accelerator, threads, runtime, version: this.opened.contents.engines[runtime],
      agent: navigator.userAgent, cores: navigator.hardwareConcurrency || 1, started, step,
    }
    return recordOf(entry, model.input, times, place, parity, [this.opened.note, fallback].filter(Boolean))
  }
}

/** What speaks against a record, in sentences. @param {Measured} record */
function doubts({ model, invalid_reasons: reasons }) {
  return reasons.map((why) => `${model}: ${why}.`)
}

/** @param {Measured[]} records */
function show(records) {
  const body = table.tBodies[0]
  body.replaceChildren()
  for (const record of records) {
    const row = body.insertRow()
    const name = document.createElement('th')
    name.scope = 'row'
    name.textContent = record.model
    row.append(name)
    const times = [record.p50_ms, record.p90_ms, record.p95_ms, record.first_ms].map((ms) => ms?.toPrecision(3) ?? 'invalid')
    const cells = [...times, record.samples_ms.length, record.parity.mean_px.toFixed(4)]
    for (const cell of cells) row.insertCell().textContent = String(cell)
  }
  table.hidden = false
}
