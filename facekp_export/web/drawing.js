// @ts-check
/** Keypoints and the lines between them, on a canvas. */

const POINTS = '#40ff80'
const LINES = '#00b0ff'
/** A picture of this width has dots of a pixel. */
const SHOWN = 700

/** @param {HTMLCanvasElement} canvas that is read back, too */
export function contextOf(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }))
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{points: Float32Array, box: import('./crops.js').Box}[]} faces @param {number[][]} lines of the scheme
 */
export function drawFaces(context, faces, lines) {
  for (const { points, box } of faces) {
    const side = Math.max(box[2], box[3])
    // A large photograph is shown smaller than it is; its dots are to be seen, and to hide no small face.
    const radius = Math.max(1, 0.011 * side, Math.min(0.025 * side, context.canvas.width / SHOWN))
    context.lineWidth = radius * 0.7
    context.strokeStyle = LINES
    context.fillStyle = POINTS
    for (const run of lines) {
      context.beginPath()
      run.forEach((at) => context.lineTo(points[2 * at] + 0.5, points[2 * at + 1] + 0.5))
      context.stroke()
    }
    for (let i = 0; i < points.length; i += 2) {
      context.beginPath()
      context.arc(points[i] + 0.5, points[i + 1] + 0.5, radius, 0, 2 * Math.PI)
      context.fill()
    }
  }
}
