// @ts-check
/** Which places a coarser look leaves without a hint of a face, so that no finer one needs to look there. */

/** @typedef {import('./crops.js').Square} Square */
/** @typedef {import('./tiles.js').Mask} Mask */
/** @typedef {{view: Square, raw: ArrayLike<number>, logits: ArrayLike<number>}} Glance what a net says of one view */
/** @typedef {{seen: Square, places: [number, number][], reach: number}} Hints of which part, where a face may be, how far around */

/**
 * Where a face may be that is too small for a view.
 * @param {import('./blazeface.js').Variant} variant the net @param {Glance} glance
 * @param {number} least logit of a hint @param {number} around cells of the finest map, around each
 * @param {number} [edge] of which nothing is said, in shares of the view's side @returns {Hints}
 */
export function hintsOf({ size, cells: [[stride, count]] }, { view, logits }, least, around, edge = 0) {
  const across = Math.floor(size / stride)
  /** @type {[number, number][]} */
  const places = []
  for (let cell = 0; cell < across * across; cell++) {
    const all = Array.from({ length: count }, (_, each) => logits[count * cell + each])
    if (Math.max(...all) < least) continue
    const [right, down] = [cell % across, Math.floor(cell / across)].map((at) => view.side * ((at + 0.5) / across))
    places.push([view.x - view.side / 2 + right, view.y - view.side / 2 + down])
  }
  return { seen: { ...view, side: (1 - 2 * edge) * view.side }, places, reach: (around * view.side) / across }
}

/**
 * The places of a mask that a look hints at, or of which none speaks.
 * @param {Mask} mask @param {number} width of the photograph in pixels @param {Hints[]} hints of coarser looks
 * @param {Mask} unseen what stays of the mask where no look speaks of it @returns {Mask}
 */
export function hinted(mask, width, hints, unseen) {
  const ratio = mask.width / width
  const near = touched(mask, ratio, hints.flatMap(({ places, reach }) => places.map(([x, y]) => ({ x, y, reach }))))
  const seen = touched(mask, ratio, hints.map(({ seen: { x, y, side } }) => ({ x, y, reach: side / 2 })))
  return { ...mask, data: mask.data.map((filled, i) => filled & (near[i] | (unseen.data[i] & (1 - seen[i])))) }
}

/** 1 in every pixel of a mask that one of some squares of the photograph touches. @param {Mask} mask @param {number} ratio @param {{x: number, y: number, reach: number}[]} squares */
function touched({ width, height }, ratio, squares) {
  const data = new Uint8Array(width * height)
  for (const { x, y, reach } of squares) {
    /** @param {number} center @param {number} length */
    const span = (center, length) => [ratio * (center - reach), ratio * (center + reach) + 1]
      .map((edge) => Math.floor(Math.min(Math.max(edge, 0), length)))
    const [left, right] = span(x, width)
    const [top, bottom] = span(y, height)
    for (let row = top; row < bottom; row++) data.fill(1, row * width + left, row * width + right)
  }
  return data
}
