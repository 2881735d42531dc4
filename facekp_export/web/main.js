// @ts-check
/** The page: a model of the folder, a photograph, times. */

import { BlazeFace, FULL_RANGE, SHORT_RANGE } from './blazeface.js'
import { clockStep, parityOf, recordOf, timed } from './benchmark.js'
import { Detector } from './detector.js'
import { hasWebGpu, Model, openFinder, start } from './runtime.js'

const MOST_PIXELS = 50_000_000
const GREEN = '#40ff80'
const BLUE = '#00b0ff'

/** @template {Element} T @param {string} id @returns {T} */
const element = (id) => /** @type {any} */ (document.getElementById(id))
/** @type {HTMLSelectElement} */ const models = element('models')
/** @type {HTMLSelectElement} */ const accelerator = element('accelerator')
/** @type {HTMLSelectElement} */ const threadCounts = element('threads')
/** @type {HTMLInputElement} */ const photo = element('photo')
/** @type {HTMLCanvasElement} */ const canvas = element('canvas')
/** @type {HTMLButtonElement} */ const measure = element('measure')
/** @type {HTMLAnchorElement} */ const save = element('save')
/** @type {HTMLTableElement} */ const table = element('times')
/** @param {string} id @param {string} text */
const say = (id, text) => { element(id).textContent = text }
/** @param {unknown} error */
const sentence = (error) => (error instanceof Error ? error.message : String(error))

/** @param {string} path */
async function bytesOf(path) {
  const answer = await fetch(path)
  if (!answer.ok) throw new Error(`${path} cannot be fetched (${answer.status}).`)
  return new Uint8Array(await answer.arrayBuffer())
}

const contents = JSON.parse(new TextDecoder().decode(await bytesOf('contents.json')))
let note = ''
/** @type {Model | null} */
let model = null
/** @type {BlazeFace | null} */
let finder = null
/** @type {Blob | null} */
let shown = null
/** One thing at a time: what is asked for meanwhile waits. */
let busy = Promise.resolve()
/** @param {() => Promise<void>} work @param {string} id where an error is said */
function next(work, id) {
  busy = busy.then(work).catch((error) => say(id, sentence(error)))
  return busy
}

const threadsNow = () => threadCounts.selectedIndex + 1
const chosen = () => contents.models[models.selectedIndex]

async function openModel() {
  model?.delete()
  model = null
  const entry = chosen()
  say('engine', `${entry.file} is loading.`)
  const how = /** @type {import('./runtime.js').Accelerator} */ (accelerator.value)
  model = await Model.open(await bytesOf(`models/${entry.file}`), how, threadsNow())
  const what = how === 'webgpu' ? 'WebGPU' : `WebAssembly, threads: ${threadsNow()}`
  say('engine', `${model.info.name}, ${model.info.kind}, ${model.info.points} keypoints; ${what}. ${note}`)
}

async function openBlazeFace() {
  const [short, full] = await Promise.all(
    [SHORT_RANGE, FULL_RANGE].map(async ({ file, size }) => openFinder(await bytesOf(`finders/${file}`), size, threadsNow())),
  )
  finder = new BlazeFace(short, full, contents.boxes)
}

/** @param {Blob} blob upright as EXIF says, in its own colors */
async function pictureOf(blob) {
  const bitmap = await createImageBitmap(blob, { imageOrientation: 'from-image', colorSpaceConversion: 'none' })
  if (bitmap.width * bitmap.height > MOST_PIXELS) throw new Error('The photograph is too large for this page.')
  canvas.width = bitmap.width
  canvas.height = bitmap.height
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }))
  context.drawImage(bitmap, 0, 0)
  bitmap.close()
  return context.getImageData(0, 0, canvas.width, canvas.height)
}

/** @param {Blob} blob */
async function show(blob) {
  if (!model || !finder) return
  shown = blob
  say('told', 'Looking for faces.')
  let picture
  try {
    picture = await pictureOf(blob)
  } catch (error) {
    throw new Error('This browser cannot read the file as a photograph.', { cause: error })
  }
  const begun = performance.now()
  const faces = await new Detector(model, finder, contents.boxes).detect(picture)
  const text = `${faces.length === 1 ? '1 face' : `${faces.length} faces`} in ${Math.round(performance.now() - begun)} ms`
  draw(faces, model.info.scheme.lines)
  canvas.setAttribute('aria-label', `the photograph with ${text}`)
  canvas.dataset.faces = JSON.stringify(faces.map(({ points }) => [...points]))
  say('told', `${text}.`)
}

/** @param {import('./detector.js').Face[]} faces @param {number[][]} lines */
function draw(faces, lines) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'))
  for (const { points, box } of faces) {
    const radius = Math.max(1, 0.011 * Math.max(box[2], box[3]))
    context.lineWidth = radius * 0.7
    context.strokeStyle = BLUE
    context.fillStyle = GREEN
    for (const run of lines) {
      context.beginPath()
      run.forEach((at) => context.lineTo(points[2 * at] + 0.5, points[2 * at + 1] + 0.5))
      context.stroke()
    }
    for (let i = 0; i < points.length; i += 2) {
      context.beginPath()
      context.arc(points[i] + 0.5, points[i + 1] + 0.5, radius, 0, 2 * Math.PI)
      context.fill()
    }
  }
}

async function benchmark() {
  const how = /** @type {import('./runtime.js').Accelerator} */ (accelerator.value)
  const records = []
  const step = clockStep()
  const crops = await bytesOf('parity.bin')
  for (const entry of contents.models) {
    say('progress', `Measuring ${entry.file}.`)
    const opened = await Model.open(await bytesOf(`models/${entry.file}`), how, threadsNow())
    records.push(await recorded(opened, entry, crops, how, step))
    opened.delete()
  }
  const text = `${JSON.stringify({ schema: 'facekp-bench/1', records }, null, 2)}\n`
  show_(records)
  save.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  save.hidden = false
  say('progress', `Measured ${records.length} files. Keep this page in front while it measures: others slow it down.`)
  return text
}

/** @param {Model} opened @param {any} entry @param {Uint8Array} crops @param {string} how @param {number} step */
async function recorded(opened, entry, crops, how, step) {
  const started = new Date().toISOString()
  const size = opened.info.crop.size
  const cut = Array.from({ length: contents.parity.count }, (_, i) => crops.subarray(3 * size * size * i, 3 * size * size * (i + 1)))
  const given = opened.encoded(cut[0])
  const times = await timed(() => opened.net.run(given))
  const answers = []
  for (const crop of cut) answers.push(await opened.predict(crop))
  const { maxAbs, meanPx } = parityOf(answers, contents.parity.answers[entry.file], size)
  const parity = {
    inputs: cut.length, source: 'crops of the demo photo', reference: contents.parity.reference, max_abs: maxAbs,
    mean_px: meanPx, tolerance: contents.parity.tolerance, tolerance_px: null, ok: maxAbs <= contents.parity.tolerance,
  }
  const place = {
    accelerator: how, threads: how === 'wasm' ? threadsNow() : 1, version: contents.litert, agent: navigator.userAgent,
    cores: navigator.hardwareConcurrency || 1, started, step,
  }
  return recordOf(entry, opened.input, times, place, parity, note ? [note] : [])
}

/** @param {any[]} records */
function show_(records) {
  const body = table.tBodies[0]
  body.replaceChildren()
  for (const record of records) {
    const row = body.insertRow()
    const times = [record.p50_ms, record.p90_ms, record.p95_ms, record.first_ms]
    const cells = [record.model, ...times.map((ms) => ms?.toPrecision(3) ?? 'invalid'), record.samples_ms.length, record.parity.mean_px.toFixed(4)]
    cells.forEach((cell) => { row.insertCell().textContent = String(cell) })
  }
  table.hidden = false
}

for (const entry of contents.models) models.add(new Option(`${entry.file} (${(entry.bytes / 1e6).toFixed(2)} MB)`))
models.selectedIndex = Math.max(0, contents.models.findIndex((/** @type {any} */ { kind }) => kind === 'int8'))
if (hasWebGpu()) accelerator.add(new Option('graphics chip (WebGPU)', 'webgpu'))

const again = () => next(async () => {
  await openModel()
  if (shown) await show(shown)
}, 'engine')
models.addEventListener('change', again)
accelerator.addEventListener('change', again)
threadCounts.addEventListener('change', again)
/** @param {Blob | null | undefined} blob */
const take = (blob) => { if (blob) next(() => show(blob), 'told') }
photo.addEventListener('change', () => take(photo.files?.[0]))
document.addEventListener('paste', (event) => take([...(event.clipboardData?.files ?? [])][0]))
document.addEventListener('dragover', (event) => { event.preventDefault(); canvas.classList.add('over') })
document.addEventListener('dragleave', () => canvas.classList.remove('over'))
document.addEventListener('drop', (event) => {
  event.preventDefault()
  canvas.classList.remove('over')
  take(event.dataTransfer?.files[0])
})
measure.addEventListener('click', () => next(async () => { await benchmark() }, 'progress'))

await next(async () => {
  const ready = await start()
  for (let count = 1; count <= ready.most; count++) threadCounts.add(new Option(String(count)))
  note = ready.note
  await openModel()
  await openBlazeFace()
  photo.disabled = false
  measure.disabled = false
}, 'engine')
if (new URLSearchParams(location.search).has('benchmark')) {
  await next(async () => {
    const text = await benchmark()
    const answer = await fetch('benchmark', { method: 'POST', body: text })
    if (!answer.ok) throw new Error(`The document was not taken: ${await answer.text()}`)
    say('progress', 'Measured; the computer has the document.')
  }, 'progress')
}
document.body.dataset.ready = 'true'
