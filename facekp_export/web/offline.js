// @ts-check
/** The page's service worker: what the server does not answer is taken from what keeping.js kept. */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self))
const CACHE = 'facekp'

worker.addEventListener('install', () => { worker.skipWaiting() })
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()))
worker.addEventListener('fetch', (event) => {
  if (event.request.method === 'GET') event.respondWith(answerTo(event.request))
})

/** @param {Request} request */
async function answerTo(request) {
  try {
    return await fetch(request)
  } catch (error) {
    const kept = await (await caches.open(CACHE)).match(request, { ignoreSearch: true })
    if (kept) return kept
    throw error
  }
}
