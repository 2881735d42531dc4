// The page's tracker and filter on the vectors that Kotlin is held to: answers as JSON, for test_vectors.py to compare.
import { readFileSync } from 'node:fs'

const [root, folder, mappingsFile] = process.argv.slice(2)
const { OneEuroFilter } = await import(`${root}/facekp_export/web/one-euro.js`)
const { Tracker } = await import(`${root}/facekp_export/web/tracker.js`)
const { flipped } = await import(`${root}/facekp_export/web/crops.js`)

const read = (name) => JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf-8'))
const mappings = JSON.parse(readFileSync(mappingsFile, 'utf-8'))

const smooth = read('one-euro').map(({ settings: [minCutoff, beta, speedCutoff], frames }) => {
  const filter = new OneEuroFilter({ minCutoff, beta, speedCutoff })
  return frames.map(({ values, seconds, scale }) => [...filter.smooth(values, seconds, scale)])
})

async function scene({ width, height, frames }) {
  let asked = []
  let step = frames[0]
  const detector = {
    mappings,
    boxSource: 'tight19',
    look: async (picture, box, mirrored) => {
      asked.push({ box, mirrored })
      return Float32Array.from(step.asked[asked.length - 1].answer)
    },
  }
  const find = async () => step.found.map(([x, y, wide, high, score]) => ({ box: [x, y, wide, high], score }))
  const tracker = new Tracker(detector, { boxSource: 'blazeface', find })
  const seen = []
  for (step of frames) {
    asked = []
    const faces = await tracker.update({ width, height }, step.seconds)
    seen.push({ asked, faces: faces.map(({ points, ...rest }) => ({ ...rest, keypoints: [...points] })) })
  }
  return seen
}

const tracks = []
for (const each of read('tracks')) tracks.push(await scene(each))
process.stdout.write(JSON.stringify({ smooth, tracks, flipped: [...flipped(Uint8Array.from({ length: 27 }, (_, i) => i), 3)] }))
