// @ts-check
/** Small helpers of the page's sections: elements by their names, sentences, files of the folder. */

/** @template {Element} T @param {string} id @returns {T} */
export const element = (id) => /** @type {any} */ (document.getElementById(id))

/** @param {string} id @param {string} text */
export const say = (id, text) => { element(id).textContent = text }

/** What an error says, with the full stop that an engine's lacks. @param {unknown} error */
export function sentence(error) {
  const text = error instanceof Error ? error.message : String(error)
  return text.endsWith('.') ? text : `${text}.`
}

/** @param {number} count */
export const faces = (count) => (count === 1 ? '1 face' : `${count} faces`)

/** @param {string} path */
export async function bytesOf(path) {
  const answer = await fetch(path)
  if (!answer.ok) throw new Error(`${path} cannot be fetched (${answer.status}).`)
  return new Uint8Array(await answer.arrayBuffer())
}
