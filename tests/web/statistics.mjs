// The page's statistics of samples, for test_benchmark.py to compare with facekp-bench's own.
import { readFileSync } from 'node:fs'

const { summarized, timed, recordOf, parityOf } = await import(`${process.argv[2]}/facekp_export/web/benchmark.js`)
const given = JSON.parse(readFileSync(0, 'utf-8'))
let clock = 0
let calls = 0
// A call of 0.25 ms by a clock of which the page sees whole milliseconds; the one that blocks are reckoned from is slow.
const times = await timed(async () => { clock += ++calls === 22 ? 9 : 0.25 }, () => Math.floor(clock))
const answers = given.answers.map((answer) => Float32Array.from(answer))
const { maxAbs, meanPx } = parityOf(answers, given.wanted, 128)
const parity = {
  inputs: 2, source: 'crops', reference: 'litert', max_abs: maxAbs, mean_px: meanPx, tolerance: 2e-3, tolerance_px: null,
  ok: maxAbs <= 2e-3,
}
const entry = { file: 'm.tflite', name: 'm', kind: 'int8', sha256: '0'.repeat(64), bytes: 1 }
const place = {
  runtime: 'litert', accelerator: 'wasm', threads: 1, version: '2.5.3', agent: 'Browser', cores: 2, started: '2024-01-01T00:00:00Z', step: 0.1,
}
const input = { shape: [1, 8, 8, 3], type: 'uint8' }
const good = recordOf(entry, input, times, place, { ...parity, max_abs: 0, ok: true }, [])
const bad = recordOf(entry, input, times, place, parity, ['one thread'])
process.stdout.write(JSON.stringify({ summaries: given.samples.map(summarized), block: times.block, good, bad }))
