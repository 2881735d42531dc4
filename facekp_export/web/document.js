// @ts-check
/** The toolkit's document in a model file: what the page goes by is refused where the toolkit refuses it, too. */

/** @typedef {{size: number, scale: number, border: number}} CropRule */
/** @typedef {{lines: number[][], flip: number[], box_source: string}} Scheme */
/** @typedef {{name: string, points: number, kind: string, crop: CropRule, scheme: Scheme,
 *   boxes: Record<string, import('./boxes.js').Mapping>}} ModelInfo */

const SCHEMA = 2
const LONGEST = 256 * 1024
const SAMPLING = 'bilinear on a k-times finer grid, then k x k mean; k = min(16, ceil(side/size))'
const LARGEST_SHIFT = 10
const LARGEST_SCALE = 100
const FEWEST_POINTS = 2
const MOST_POINTS = 1000
const MOST_LINE_POINTS = 10_000

/** Read it. Throws an Error with a sentence for people. @param {string} text @returns {ModelInfo} */
export function readDocument(text) {
  if (new TextEncoder().encode(text).length > LONGEST) throw new Error('Its facekp metadata is too long to be any.')
  let document
  try {
    document = JSON.parse(text)
  } catch {
    throw new Error('Its facekp metadata is no JSON.')
  }
  const { schema, name, kind, points, crop, boxes, scheme, untrained = false } = document ?? {}
  if (schema !== SCHEMA) throw new Error(`Its facekp metadata has schema ${String(schema).slice(0, 40)}; this page reads ${SCHEMA}: export it again.`)
  const parts = {
    name: typeof name === 'string',
    kind: typeof kind === 'string',
    'crop rule': isCropRule(crop),
    boxes: boxes instanceof Object && Object.values(boxes).every(isMapping) && Object.hasOwn(boxes, scheme?.box_source),
    scheme: isScheme(scheme, points),
    'mark of its training': typeof untrained === 'boolean',
  }
  const wrong = Object.entries(parts).find(([, holds]) => !holds)
  if (wrong) throw new Error(`Its facekp metadata has no ${wrong[0]} that can be obeyed; export it again.`)
  if (crop.sampling !== SAMPLING) throw new Error('Its crop rule asks for a sampling that this page does not know.')
  return document
}

/** @param {any} value @param {number} low @param {number} high */
const lies = (value, low, high) => typeof value === 'number' && low <= value && value <= high

/** @param {any} rule */
function isCropRule(rule) {
  return Number.isInteger(rule?.size) && lies(rule.size, 8, 1024) && lies(rule.scale, 0.1, 10) && lies(rule.border, 0, 255)
}

/** @param {any} mapping */
function isMapping(mapping) {
  const shifts = [mapping?.dx, mapping?.dy]
  return shifts.every((shift) => lies(shift, -LARGEST_SHIFT, LARGEST_SHIFT)) && lies(mapping.scale, 0, LARGEST_SCALE) && mapping.scale > 0
}

/** @param {any} scheme @param {any} points */
function isScheme(scheme, points) {
  const { flip, lines } = scheme ?? {}
  if (!lies(points, FEWEST_POINTS, MOST_POINTS) || !Array.isArray(flip) || flip.length !== points || !Array.isArray(lines)) return false
  /** @param {any} at */
  const isPoint = (at) => Number.isInteger(at) && lies(at, 0, points - 1)
  const drawn = lines.every((line) => Array.isArray(line) && line.length > 1 && line.every(isPoint))
  // In a mirrored picture two points change places, or one stays.
  return drawn && lines.flat().length <= MOST_LINE_POINTS && flip.every((at, i) => isPoint(at) && flip[at] === i)
}
