// @ts-check
/** The One-Euro filter: smooths much while a signal rests and little while it moves (https://doi.org/10.1145/2207676.2208639). */

/** @typedef {{minCutoff: number, beta: number, speedCutoff: number}} OneEuro Hz; Hz for each side a second; Hz */
/** @type {OneEuro} The toolkit's, measured on videos. */
export const DEFAULTS = { minCutoff: 1, beta: 40, speedCutoff: 3 }

/** Of a new value in an exponential low-pass. @param {number} cutoff in Hz @param {number} passed seconds since the last */
const weight = (cutoff, passed) => 1 / (1 + 1 / (2 * Math.PI * cutoff * passed))

export class OneEuroFilter {
  /** @param {OneEuro} settings */
  constructor(settings = DEFAULTS) {
    this.settings = settings
    this.seconds = 0
    /** @type {Float64Array | null} */
    this.value = null
    this.speed = new Float64Array(0)
  }

  /**
   * The smoothed values at a time later than the last one's; the first come back as they are.
   * @param {ArrayLike<number>} values @param {number} seconds @param {number} scale the length that makes one unit of speed
   */
  smooth(values, seconds, scale) {
    if (!this.value) {
      this.value = Float64Array.from(values)
      this.speed = new Float64Array(values.length)
    } else {
      const passed = seconds - this.seconds
      const { minCutoff, beta, speedCutoff } = this.settings
      for (let i = 0; i < values.length; i++) {
        const away = values[i] - this.value[i]
        this.speed[i] += weight(speedCutoff, passed) * (away / (passed * scale) - this.speed[i])
        this.value[i] += weight(minCutoff + beta * Math.abs(this.speed[i]), passed) * away
      }
    }
    this.seconds = seconds
    return this.value.slice()
  }
}
