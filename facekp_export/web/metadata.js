// @ts-check
/** What a model file says of itself: the toolkit's document, and its first input and output. */

import { readDocument } from './document.js'
import { readOnnx } from './onnx-file.js'

/** @typedef {{name: string, type: string, scale: number, zeroPoint: number, shape: number[]}} TensorInfo */
/** @typedef {import('./document.js').ModelInfo} ModelInfo */

const KEY = 'facekp'
const IDENTIFIER = 'TFL3'
const ONNX_VERSION = 8
/** @type {Record<number, string>} */
const TYPES = { 0: 'float32', 3: 'uint8', 9: 'int8' }

/** A table of a FlatBuffer; every offset is checked by the DataView itself, which raises beyond its end. */
class Table {
  /** @param {DataView} view @param {number} at */
  constructor(view, at) {
    this.view = view
    this.at = at
    this.fields = at - view.getInt32(at, true)
  }

  /** Where a field lies; 0 for one that is not there. @param {number} field */
  place(field) {
    const slot = 4 + 2 * field
    if (slot >= this.view.getUint16(this.fields, true)) return 0
    const offset = this.view.getUint16(this.fields + slot, true)
    return offset && this.at + offset
  }

  /** @param {number} place */
  follow(place) {
    return place + this.view.getUint32(place, true)
  }

  /** Start and length of a vector. @param {number} field @returns {[number, number]} */
  vector(field) {
    const place = this.place(field)
    if (!place) return [0, 0]
    const start = this.follow(place)
    return [start + 4, this.view.getUint32(start, true)]
  }

  /** @param {number} field @param {number} index */
  table(field, index) {
    const [start, length] = this.vector(field)
    if (index >= length) throw new Error('an index beyond its vector')
    return new Table(this.view, this.follow(start + 4 * index))
  }

  /** @param {number} field @param {number} index */
  int(field, index) {
    const [start, length] = this.vector(field)
    if (index >= length) throw new Error('an index beyond its vector')
    return this.view.getInt32(start + 4 * index, true)
  }

  /** @param {number} field */
  bytes(field) {
    const [start, length] = this.vector(field)
    if (start + length > this.view.byteLength) throw new Error('a vector beyond the end')
    return new Uint8Array(this.view.buffer, this.view.byteOffset + start, length)
  }
}

/**
 * Read a model file. Throws an Error with a sentence for people where it is none of ours.
 * @param {Uint8Array} file @returns {{format: 'tflite' | 'onnx', info: ModelInfo, input: TensorInfo, output: TensorInfo}}
 */
export function readModel(file) {
  const format = formatOf(file)
  let read
  try {
    read = format === 'tflite' ? readTflite(file) : readOnnx(file, KEY)
  } catch (error) {
    throw new Error('The file is damaged or was cut short.', { cause: error })
  }
  const { document, tensors: [input, output] } = read
  if (document === null) throw new Error('It holds no facekp metadata, so its crop rule is unknown; export it with facekp-export.')
  const info = readDocument(document)
  const size = info.crop.size
  const shape = format === 'tflite' ? [1, size, size, 3] : [1, 3, size, size]
  if (!input.type || String(input.shape) !== String(shape)) throw new Error('Its input is not the crop that its metadata names.')
  if (String(output.shape) !== String([1, 2 * info.points])) throw new Error('Its output is not the points that its metadata names.')
  return { format, info, input, output }
}

/** @param {Uint8Array} file */
function formatOf(file) {
  if (file.length >= 8 && new TextDecoder().decode(file.subarray(4, 8)) === IDENTIFIER) return 'tflite'
  // An ONNX file begins with the version of its format.
  if (file[0] === ONNX_VERSION && file[1] < 128) return 'onnx'
  throw new Error('It is neither a TFLite nor an ONNX file.')
}

/** @param {Uint8Array} file */
function readTflite(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const model = new Table(view, view.getUint32(0, true))
  refuseCut(model)
  const graph = model.table(2, 0)
  return { document: documentOf(model), tensors: [1, 2].map((field) => tensorOf(graph, graph.int(field, 0))) }
}

/** Every buffer lies within the file. @param {Table} model */
function refuseCut(model) {
  const [, count] = model.vector(4)
  for (let i = 0; i < count; i++) model.table(4, i).bytes(0)
}

/** @param {Table} model */
function documentOf(model) {
  const [, count] = model.vector(6)
  for (let i = 0; i < count; i++) {
    const entry = model.table(6, i)
    if (new TextDecoder().decode(entry.bytes(0)) !== KEY) continue
    const place = entry.place(1)
    const content = model.table(4, place ? entry.view.getUint32(place, true) : 0).bytes(0)
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  }
  return null
}

/** @param {Table} graph @param {number} index @returns {TensorInfo} */
function tensorOf(graph, index) {
  const tensor = graph.table(0, index)
  const [, sides] = tensor.vector(0)
  const type = tensor.place(1) ? tensor.view.getInt8(tensor.place(1)) : 0
  const found = { name: 'input', type: TYPES[type], scale: 0, zeroPoint: 0, shape: Array.from({ length: sides }, (_, i) => tensor.int(0, i)) }
  const place = tensor.place(4)
  if (place) {
    const quantization = new Table(tensor.view, tensor.follow(place))
    const [scale, scales] = quantization.vector(2)
    const [zero, zeros] = quantization.vector(3)
    if (scales) found.scale = tensor.view.getFloat32(scale, true)
    if (zeros) found.zeroPoint = Number(tensor.view.getBigInt64(zero, true))
  }
  return found
}
