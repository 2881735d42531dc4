// The page's own modules on the vectors that Kotlin is held to: answers as JSON, for test_vectors.py to compare.
import { readFileSync } from 'node:fs'

const [root, folder, mappingsFile, picture, width, height] = process.argv.slice(2)
const { cut } = await import(`${root}/facekp_export/web/crops.js`)
const { Pyramid } = await import(`${root}/facekp_export/web/pyramid.js`)
const { refinedBox, refines, toTight } = await import(`${root}/facekp_export/web/boxes.js`)
const blaze = await import(`${root}/facekp_export/web/blazeface.js`)
const { covering, hidingPlaces, leastScore, tileSides } = await import(`${root}/facekp_export/web/tiles.js`)

const read = (name) => JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf-8'))
const mappings = JSON.parse(readFileSync(mappingsFile, 'utf-8'))
const photo = { width: Number(width), height: Number(height), data: new Uint8Array(readFileSync(picture)) }

function part(wide, high) {
  const data = new Uint8Array(4 * wide * high)
  for (let y = 0; y < high; y++) data.set(photo.data.subarray(4 * y * photo.width, 4 * (y * photo.width + wide)), 4 * y * wide)
  return { width: wide, height: high, data }
}

const crops = read('crops').map(({ x, y, side, size, border }) => [...cut(photo, { x, y, side }, { size, border })])
const views = read('views').map(({ width: wide, height: high, size }) => {
  const pyramid = new Pyramid(part(wide, high))
  return [...pyramid.read(blaze.wholeView(wide, high), size)]
})
const rgb = ({ data }) => [...data.filter((_, i) => i % 4 < 3)]
const shrunk = read('shrunk').map(({ width: wide, height: high, ratio }) => rgb(new Pyramid(part(wide, high)).shrunk(ratio)))
const masks = read('hiding').map(({ width: wide, height: high, side, found }) => hidingPlaces(
  new Pyramid(part(wide, high)), side, found.map(([x, y, w, h, score]) => ({ box: [x, y, w, h], score })),
))
const hiding = masks.map(({ data }) => [...data].flatMap((filled) => Array(3).fill(255 * filled)))
const covered = masks.map(covering)
const boxes = read('boxes')
const tight = boxes.tight.map(({ source, box }) => toTight(mappings[source], box))
const refined = boxes.refined.map(({ mapping: [dx, dy, scale], points, first }) => ({
  refined: refinedBox(points, first, { dx, dy, scale }),
  refines: refines({ dx, dy, scale }),
}))
const finder = read('finder')
const [x, y, side] = finder.view
const view = { x, y, side }
const flat = (faces) => faces.map(({ box, score }) => [...box, score])
const decoded = finder.decoded.map((wanted, n) => {
  const variant = [blaze.SHORT_RANGE, blaze.FULL_RANGE][n]
  const anchors = blaze.anchorsOf(variant)
  const raw = new Float32Array(16 * anchors.length)
  const logits = new Float32Array(anchors.length).fill(-9)
  wanted.chosen.forEach((at, i) => {
    raw.set(wanted.raw[i], 16 * at)
    logits[at] = wanted.logits[i]
  })
  const found = blaze.decoded(variant, anchors, view, raw, logits)
  const short = blaze.asShortRange(found, mappings['blazeface-full'], mappings.blazeface)
  return {
    anchors: anchors.filter((_, i) => i % 97 === 0),
    count: anchors.length,
    boxes: found.map(({ center }) => center),
    scores: found.map(({ score }) => score),
    merged: flat(blaze.merged(found)),
    inside: flat(blaze.merged(blaze.sureAndInside(found, view, 0.7))),
    short: flat(blaze.merged(short)),
  }
})
const levels = finder.levels.map(({ width: w, height: h, smallest }) => {
  const sides = tileSides(w, h, smallest)
  return { sides, least: sides.map((side) => leastScore(Math.max(w, h), side)) }
})
process.stdout.write(JSON.stringify({ crops, views, shrunk, hiding, covered, tight, refined, decoded, levels }))
