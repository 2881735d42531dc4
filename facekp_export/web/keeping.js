// @ts-check
/** Keeps what the page consists of in the browser, so that it opens without its server, too. */

import { say } from './page.js'

/** The cache that offline.js answers from. */
const CACHE = 'facekp'

/** @param {import('./opened.js').Contents} contents */
export async function keep(contents) {
  // Neither is there where the page came from another computer without HTTPS.
  if (!navigator.serviceWorker || !globalThis.caches) return
  const loaded = performance.getEntriesByType('resource').map(({ name }) => name)
  const own = loaded.filter((name) => name.startsWith(`${location.origin}/`))
  const files = [...contents.models.map(({ file }) => `models/${file}`), 'parity.bin']
  const all = [location.pathname, ...own, ...files].map((path) => new URL(path, location.href).href)
  try {
    const cache = await caches.open(CACHE)
    await cache.addAll([...new Set(all)])
    await navigator.serviceWorker.register('offline.js')
    await navigator.serviceWorker.ready
  } catch {
    // A full disk, or a private window: the page works as well as before.
    return
  }
  say('kept', 'This page is kept in the browser and opens without its server, too.')
}
