// @ts-check
/** onnxruntime in this browser, for folders that hold ONNX files alone. */

/** @type {any} */
let engine = null

/** An ONNX file, opened. */
export class OnnxNet {
  /** @param {any} session @param {import('./metadata.js').TensorInfo} input @param {string} output @param {string} fallback why it is not what was asked for */
  constructor(session, input, output, fallback) {
    this.session = session
    this.input = input
    this.output = output
    this.fallback = fallback
    /** @type {import('./runtime.js').Accelerator} */
    this.accelerator = 'wasm'
    /** @type {number} */
    this.threads = engine.env.wasm.numThreads
  }

  /** @param {Uint8Array} file @param {ReturnType<typeof import('./metadata.js').readModel>} read @param {import('./runtime.js').Accelerator} accelerator @param {number} threads */
  static async open(file, { input, output }, accelerator, threads) {
    await load(threads)
    const session = await engine.InferenceSession.create(file)
    const kept = engine.env.wasm.numThreads
    return new OnnxNet(session, input, output.name, [
      accelerator === 'wasm' ? '' : 'WebAssembly computes: the page runs ONNX files by it alone.',
      kept === threads ? '' : `Threads: ${kept}, since onnxruntime takes their number once; load the page anew for another.`,
    ].filter(Boolean).join(' '))
  }

  /** One run; every output. @param {import('./runtime.js').Values} values @returns {Promise<any[]>} */
  async run(values) {
    const given = new engine.Tensor(this.input.type, values, this.input.shape)
    const { [this.output]: answer } = await this.session.run({ [this.input.name]: given })
    return [answer.data]
  }

  delete() {
    this.session.release()
  }
}

/** Load the engine, which takes its number of threads once. @param {number} threads */
async function load(threads) {
  if (engine) return
  const place = new URL('./onnxruntime/ort.wasm.min.mjs', import.meta.url).href
  let loaded
  try {
    loaded = await import(place)
  } catch (error) {
    throw new Error('This folder has no engine for ONNX files, since its own are TFLite files.', { cause: error })
  }
  loaded.env.wasm.numThreads = threads
  engine = loaded
}

/** A crop plane by plane, as ONNX files take it. @param {Uint8Array} crop RGB row by row */
export function planes(crop) {
  const count = crop.length / 3
  return crop.map((_, i) => crop[3 * (i % count) + Math.floor(i / count)])
}
