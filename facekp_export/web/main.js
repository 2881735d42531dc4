// @ts-check
/** The page: a model, the camera, a photograph, times. */

import { BenchmarkSection } from './benchmark-section.js'
import { BlazeFace, FULL_RANGE, SHORT_RANGE } from './blazeface.js'
import { CameraSection } from './camera-section.js'
import { keep } from './keeping.js'
import { ModelSection } from './model-section.js'
import { Opened } from './opened.js'
import { bytesOf } from './page.js'
import { PhotoSection } from './photo-section.js'
import { openFinder } from './runtime.js'

const measures = new URLSearchParams(location.search).has('benchmark')
const opened = new Opened(JSON.parse(new TextDecoder().decode(await bytesOf('contents.json'))))
const photo = new PhotoSection(opened)
const camera = new CameraSection(opened)
const models = new ModelSection(opened, () => photo.again())
const benchmark = new BenchmarkSection(opened, models, () => { if (camera.stream) camera.end('The camera is off while the page measures.') })

async function openBlazeFace() {
  const [short, full] = await Promise.all(
    [SHORT_RANGE, FULL_RANGE].map(async ({ file, size }) => openFinder(await bytesOf(`finders/${file}`), size, models.threads)),
  )
  opened.finder = new BlazeFace(short, full, opened.contents.boxes)
}

/** What was dropped or pasted: a model by its name, else a photograph. @param {File | undefined} file */
function take(file) {
  if (file && /\.(tflite|onnx)$/i.test(file.name)) models.take(file)
  else photo.take(file)
}

document.addEventListener('paste', (event) => take(event.clipboardData?.files[0]))
document.addEventListener('dragover', (event) => {
  event.preventDefault()
  document.body.classList.add('over')
})
document.addEventListener('dragleave', () => document.body.classList.remove('over'))
document.addEventListener('drop', (event) => {
  event.preventDefault()
  document.body.classList.remove('over')
  take(event.dataTransfer?.files[0])
})

await opened.next(async () => {
  await models.begin()
  await openBlazeFace()
  for (const section of [photo, camera, benchmark]) section.enable()
}, 'engine')
if (measures) await opened.next(() => benchmark.send(), 'progress')
document.body.dataset.ready = 'true'
// Copying would slow a measurement down, so that waits for it.
await opened.next(() => keep(opened.contents), 'kept')
