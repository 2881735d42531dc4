// @ts-check
/** LiteRT in this browser: what it computes with here, and model files opened by it. */

import { isWebGPUSupported, loadAndCompile, loadLiteRt, Tensor } from './litert/index.js'
import { readModel } from './metadata.js'
import { OnnxNet, planes } from './onnx-net.js'

const MOST_THREADS = 4
/** @typedef {'wasm' | 'webgpu'} Accelerator */
/** @typedef {Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>} Values */
/** @type {Record<string, (values: ArrayLike<number>) => Values>} */
const ARRAYS = {
  float32: (values) => Float32Array.from(values),
  uint8: (values) => Uint8Array.from(values),
}

/**
 * Load the engine. How many threads it may take: several where the page is isolated, else one, and why.
 * @returns {Promise<{most: number, note: string}>}
 */
export async function start() {
  const wanted = Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1)
  if (!globalThis.crossOriginIsolated) {
    await loadLiteRt('./litert/wasm/')
    return { most: 1, note: 'One thread: this host does not send the headers that isolate the page.' }
  }
  try {
    await loadLiteRt('./litert/wasm/', { threads: true })
    return { most: wanted, note: '' }
  } catch (error) {
    await loadLiteRt('./litert/wasm/')
    return { most: 1, note: `One thread: this browser has no others for WebAssembly (${error}).` }
  }
}

/** Whether there is a graphics chip that WebGPU reaches: browsers have the one without the other. */
export async function hasWebGpu() {
  return isWebGPUSupported() && Boolean(await /** @type {any} */ (navigator).gpu.requestAdapter())
}

/** A model file, opened. `run` is what a benchmark times. */
class Net {
  /**
   * @param {any} compiled @param {{type: string, shape: number[]}} input @param {number} threads that it may take
   * @param {string} fallback why it is not what was asked for
   */
  constructor(compiled, input, threads, fallback) {
    this.compiled = compiled
    this.input = input
    this.fallback = fallback
    /** @type {Accelerator} What computes. */
    this.accelerator = compiled.options.accelerator
    this.threads = this.accelerator === 'wasm' ? threads : 1
  }

  /** @param {Uint8Array} file @param {{type: string, shape: number[]}} input @param {Accelerator} accelerator @param {number} threads */
  static async open(file, input, accelerator, threads) {
    const cpuOptions = { numThreads: threads }
    if (accelerator === 'wasm') return new Net(await loadAndCompile(file, { accelerator, cpuOptions }), input, threads, '')
    try {
      const compiled = await loadAndCompile(file, { accelerator, cpuOptions })
      return new Net(compiled, input, threads, fallbackOf(compiled))
    } catch (error) {
      const compiled = await loadAndCompile(file, { accelerator: 'wasm', cpuOptions })
      return new Net(compiled, input, threads, `WebAssembly computes, since WebGPU fails here (${error}).`)
    }
  }

  /** One run; every output, copied. @param {Values} values @returns {Promise<any[]>} */
  async run(values) {
    const given = new Tensor(values, this.input.shape)
    try {
      const results = await this.compiled.run(given)
      return await Promise.all(results.map(async (/** @type {any} */ result) => {
        const copy = (await result.data()).slice()
        result.delete()
        return copy
      }))
    } finally {
      given.delete()
    }
  }

  delete() {
    this.compiled.delete()
  }
}

/** What LiteRT gave back to the processor, where WebGPU was asked for. @param {any} compiled */
function fallbackOf(compiled) {
  if (compiled.options.accelerator === 'wasm') return 'WebAssembly computes, since WebGPU lacks operators of this file.'
  return compiled.isFullyAccelerated ? '' : 'WebGPU lacks operators of this file; WebAssembly computes those.'
}

/** A keypoint model of the toolkit. */
export class Model {
  /** @param {Net | OnnxNet} net @param {ReturnType<typeof readModel>} read */
  constructor(net, { format, info, input, output }) {
    this.net = net
    this.format = format
    this.info = info
    this.input = input
    this.output = output
  }

  /** @param {Uint8Array} file @param {Accelerator} accelerator @param {number} threads */
  static async open(file, accelerator, threads) {
    const read = readModel(file)
    if (![read.input, read.output].every(({ type }) => type in ARRAYS)) {
      throw new Error('Its input or output is int8, which LiteRT in browsers lacks; model_int8.tflite has the same weights.')
    }
    const net = read.format === 'onnx' ? OnnxNet.open(file, read, accelerator, threads) : Net.open(file, read.input, accelerator, threads)
    return new Model(await net, read)
  }

  /** A crop's bytes as the net takes them. @param {Uint8Array} crop */
  encoded(crop) {
    return ARRAYS[this.input.type](this.format === 'onnx' ? planes(crop) : crop)
  }

  /** Points x0, y0, ... in [0, 1] of the crop. @param {Uint8Array} crop RGB row by row */
  async predict(crop) {
    const [answer] = await this.net.run(this.encoded(crop))
    const { type, scale, zeroPoint } = this.output
    const points = type === 'float32' ? answer : Float32Array.from(answer, (value) => scale * (value - zeroPoint))
    if (!points.every(Number.isFinite)) throw new Error('The model answers with what is no number; export it again.')
    return points
  }

  delete() {
    this.net.delete()
  }
}

/** What a face finder needs of a net of floats. @param {Uint8Array} file @param {number} size @param {number} threads */
export async function openFinder(file, size, threads) {
  const net = await Net.open(file, { type: 'float32', shape: [1, size, size, 3] }, 'wasm', threads)
  return (/** @type {Float32Array<ArrayBuffer>} */ values) => net.run(values)
}
