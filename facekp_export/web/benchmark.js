// @ts-check
/** Timing in a browser, whose clock is coarse, as a document of facekp-bench. */

const MIN_RUNS = 50
const MIN_SECONDS = 1
const WARMUP_RUNS = 20
const BLOCK_MS = 5
// A block in which the clock did not move took at most about this.
const LEAST_MS = 0.1
const OUTLIER_LIMIT = 10

/** The smallest step of the clock, ms. @param {() => number} now */
export function clockStep(now = () => performance.now()) {
  let least = Infinity
  for (let i = 0; i < 20; i++) {
    const before = now()
    let after = before
    while (after === before) after = now()
    least = Math.min(least, after - before)
  }
  return least
}

/**
 * Time a call in blocks that are long against the clock's step; each sample is the mean of a block's runs.
 * @param {() => Promise<unknown>} call @param {() => number} now
 */
export async function timed(call, now = () => performance.now()) {
  const begun = now()
  await call()
  const firstMs = now() - begun
  for (let i = 0; i < WARMUP_RUNS; i++) await call()
  let start = now()
  await call()
  const one = Math.max(now() - start, 1e-3)
  let block = Math.max(1, Math.ceil(BLOCK_MS / one))
  /** @type {number[]} */
  const samples = []
  let seconds = 0
  while (samples.length < MIN_RUNS || seconds < MIN_SECONDS) {
    start = now()
    for (let i = 0; i < block; i++) await call()
    const ms = now() - start
    if (ms < BLOCK_MS) {
      // The run that the block was reckoned from was a slow one.
      block = Math.ceil((block * BLOCK_MS) / Math.max(ms, LEAST_MS)) + 1
      continue
    }
    seconds += ms / 1000
    // The page answers between blocks.
    await new Promise((resolve) => setTimeout(resolve))
    samples.push(ms / block)
  }
  return { firstMs, samples, block, untimed: WARMUP_RUNS + 1 }
}

/** @param {number[]} sorted @param {number} percent linear between the two nearest */
function percentile(sorted, percent) {
  const at = ((sorted.length - 1) * percent) / 100
  const low = Math.floor(at)
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low])
}

/** Statistics as facekp-bench takes them. @param {number[]} samples */
export function summarized(samples) {
  const sorted = [...samples].sort((a, b) => a - b)
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length
  const squares = samples.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const middle = percentile(sorted, 50)
  const offsets = samples.map((value) => Math.abs(value - middle))
  const around = percentile([...offsets].sort((a, b) => a - b), 50) / 0.6745
  const spread = around || (1.2533 * offsets.reduce((sum, value) => sum + value, 0)) / samples.length
  return {
    p50_ms: middle,
    p90_ms: percentile(sorted, 90),
    p95_ms: percentile(sorted, 95),
    mean_ms: mean,
    std_ms: samples.length > 1 ? Math.sqrt(squares / (samples.length - 1)) : 0,
    min_ms: sorted[0],
    max_ms: sorted[sorted.length - 1],
    outliers: spread > 0 ? offsets.filter((offset) => offset / spread > OUTLIER_LIMIT).length : 0,
  }
}

/**
 * How answers differ from the host's on the same crops: at most, and on average in pixels of the crop.
 * @param {Float32Array[]} answers @param {number[][]} wanted @param {number} size
 */
export function parityOf(answers, wanted, size) {
  const away = answers.flatMap((answer, face) => Array.from(answer, (value, i) => Math.abs(value - wanted[face][i])))
  return { maxAbs: Math.max(...away), meanPx: (size * away.reduce((sum, value) => sum + value, 0)) / away.length }
}

/**
 * The record of one model, as `facekp-bench report`, `compare` and `decide` read it.
 * @param {{file: string, name: string, kind: string, sha256: string, bytes: number}} entry
 * @param {{name?: string, shape: number[], type: string}} input
 * @param {Awaited<ReturnType<typeof timed>>} times
 * @param {{runtime: string, accelerator: string, threads: number, version: string, agent: string, cores: number, started: string, step: number}} place
 * @param {{max_abs: number, mean_px: number, tolerance: number, ok: boolean}} parity and what else the record says of it
 * @param {string[]} warnings
 */
export function recordOf(entry, input, times, place, parity, warnings) {
  const { ok } = parity
  const reasons = ok ? [] : ["its keypoints lie too far from the exporting computer's"]
  const blocks = times.block > 1 ? [`each time is the mean of up to ${times.block} runs, since the browser's clock moves in steps of ${place.step.toPrecision(2)} ms`] : [`the browser's clock moves in steps of ${place.step.toPrecision(2)} ms`]
  return {
    model: entry.file,
    name: entry.name,
    kind: entry.kind,
    sha256: entry.sha256,
    bytes: entry.bytes,
    inputs: [{ name: input.name ?? 'input', shape: input.shape, dtype: input.type }],
    runtime: place.runtime,
    runtime_version: place.version,
    device: 'browser',
    delegate: place.accelerator,
    threads: place.threads,
    machine: { cpu: place.agent, cores: place.cores, os: place.agent },
    started: place.started,
    min_runs: MIN_RUNS,
    min_seconds: MIN_SECONDS,
    warmup_runs: times.untimed,
    first_ms: times.firstMs,
    samples_ms: times.samples,
    ...(ok ? summarized(times.samples) : {}),
    runner: { name: 'browser', version: place.version, why: 'the page measured itself' },
    parity,
    valid: ok,
    invalid_reasons: reasons,
    warnings: [...blocks, ...warnings],
  }
}
