// @ts-check
/** What an .onnx file says of itself, as far as the page needs it: metadata, first input, first output. */

/** @typedef {import('./metadata.js').TensorInfo} TensorInfo */

// Numbers of fields in ONNX's onnx.proto.
const MODEL = { graph: 7, metadata: 14 }
const GRAPH = { input: 11, output: 12 }
/** @type {Record<number, string>} */
const TYPES = { 1: 'float32', 2: 'uint8', 3: 'int8' }
const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

/** A message's fields of one number: numbers, or the bytes of texts and messages. @param {Uint8Array} message @param {number} wanted */
function fields(message, wanted) {
  /** @type {{bytes: Uint8Array, number: number}[]} */
  const found = []
  let at = 0
  const varint = () => {
    let [value, scale] = [0, 1]
    for (;;) {
      if (at >= message.length || scale > 2 ** 63) throw new Error('a number without an end')
      const byte = message[at++]
      value += (byte & 127) * scale
      if (byte < 128) return value
      scale *= 128
    }
  }
  while (at < message.length) {
    const key = varint()
    const kind = key % 8
    const number = kind === VARINT ? varint() : 0
    const length = { [VARINT]: 0, [FIXED64]: 8, [FIXED32]: 4 }[kind] ?? (kind === BYTES ? varint() : NaN)
    if (!(at + length <= message.length)) throw new Error('a field beyond the end')
    if (Math.floor(key / 8) === wanted) found.push({ bytes: message.subarray(at, at + length), number })
    at += length
  }
  return found
}

/** The message within a message, by the numbers of the fields that lead there. @param {Uint8Array} message @param {number[]} path */
const within = (message, ...path) => path.reduce((inner, field) => fields(inner, field)[0].bytes, message)

/** @param {Uint8Array} bytes */
const text = (bytes) => new TextDecoder('utf-8', { fatal: true }).decode(bytes)

/**
 * The document under a key, null where there is none, and the tensors. Throws where the file is none or damaged.
 * @param {Uint8Array} file @param {string} key @returns {{document: string | null, tensors: TensorInfo[]}}
 */
export function readOnnx(file, key) {
  const entry = fields(file, MODEL.metadata).find(({ bytes }) => text(within(bytes, 1)) === key)
  const graph = within(file, MODEL.graph)
  return {
    document: entry ? text(within(entry.bytes, 2)) : null,
    tensors: [GRAPH.input, GRAPH.output].map((field) => tensorOf(within(graph, field))),
  }
}

/** @param {Uint8Array} value a ValueInfoProto @returns {TensorInfo} */
function tensorOf(value) {
  const tensor = within(value, 2, 1)
  const shape = fields(within(tensor, 2), 1).map(({ bytes }) => fields(bytes, 1)[0]?.number ?? -1)
  return { name: text(within(value, 1)), type: TYPES[fields(tensor, 1)[0].number], scale: 0, zeroPoint: 0, shape }
}
