// @ts-check
/** The camera: faces followed from frame to frame. What arrives while a frame is looked at passes unseen. */

import { contextOf, drawFaces } from './drawing.js'
import { DEFAULTS } from './one-euro.js'
import { element, faces, say, sentence } from './page.js'
import { Tracker } from './tracker.js'

/** @type {HTMLButtonElement} */ const button = element('start')
/** @type {HTMLSelectElement} */ const side = element('facing')
/** @type {HTMLInputElement} */ const smooth = element('smooth')
/** @type {HTMLCanvasElement} */ const canvas = element('view')
const WANTED = { width: { ideal: 640 }, height: { ideal: 480 } }
/** @type {Record<string, string>} */
const REFUSALS = {
  NotAllowedError: 'The camera was refused. Allow it for this page in the browser\'s settings, then start it again.',
  NotFoundError: 'This device has no camera that the browser can use. Connect one, then start it again.',
  NotReadableError: 'The camera does not answer; another program may be using it. Close that, then start it again.',
}
const INSECURE = 'Browsers give the camera to localhost and HTTPS alone. Open this page by one of them.'

/** @param {string} facing @returns {Promise<MediaStream>} */
async function cameraOf(facing) {
  if (!navigator.mediaDevices) throw new Error(INSECURE)
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...WANTED, facingMode: { ideal: facing } } })
  } catch (error) {
    const { name } = /** @type {Error} */ (error)
    throw new Error(REFUSALS[name] ?? `The camera cannot be opened: ${sentence(error)}`, { cause: error })
  }
}

/** When the newest frame was taken, in seconds, as soon as there is one. @param {HTMLVideoElement} video @returns {Promise<number>} */
function newest(video) {
  return new Promise((resolve) => {
    video.requestVideoFrameCallback((now, { captureTime }) => resolve((captureTime ?? now) / 1000))
  })
}

export class CameraSection {
  /** @param {import('./opened.js').Opened} opened */
  constructor(opened) {
    this.opened = opened
    this.count = 0
    /** @type {MediaStream | null} */
    this.stream = null
    /** @type {{model: import('./runtime.js').Model, tracker: Tracker} | null} The model's own. */
    this.followed = null
    this.grabbed = document.createElement('canvas')
    this.video = document.createElement('video')
    this.video.muted = true
    this.video.playsInline = true
    button.addEventListener('click', () => (this.stream ? this.end('The camera is off.') : this.begin()))
    side.addEventListener('change', () => { if (this.stream) this.begin() })
    smooth.addEventListener('change', () => { this.followed = null })
  }

  enable() {
    button.disabled = false
  }

  async begin() {
    this.end('Waiting for the camera.')
    const asked = ++this.count
    try {
      const stream = await cameraOf(side.value)
      if (asked !== this.count) return stop(stream)
      this.stream = stream
      const [track] = stream.getVideoTracks()
      track.addEventListener('ended', () => { if (this.stream === stream) this.end('The camera was disconnected.') })
      // As in a mirror, where one sees oneself; what is computed stays as the camera sees it.
      canvas.classList.toggle('mirrored', (track.getSettings().facingMode ?? side.value) === 'user')
      button.textContent = 'Stop the camera'
      this.video.srcObject = stream
      await this.video.play()
      await this.follow(stream)
    } catch (error) {
      if (asked === this.count) this.end(sentence(error))
    }
  }

  /** @param {string} told */
  end(told) {
    this.count += 1
    if (this.stream) stop(this.stream)
    this.stream = this.video.srcObject = this.followed = null
    button.textContent = 'Start the camera'
    say('camera-told', told)
    say('rate', '')
  }

  /** @param {MediaStream} stream until which ends */
  async follow(stream) {
    let [shown, spent, since] = [0, 0, performance.now()]
    let told = ''
    while (this.stream === stream) {
      const seconds = await newest(this.video)
      const frame = this.grab()
      const begun = performance.now()
      const count = await this.opened.turn(() => this.update(stream, frame, seconds))
      if (count === null) continue
      const now = performance.now()
      shown += 1
      spent += now - begun
      // What a screen reader reads out changes as rarely as the number of faces.
      if (told !== faces(count)) say('camera-told', told = faces(count))
      if (now - since < 1000) continue
      say('rate', `${((1000 * shown) / (now - since)).toFixed(1)} frames a second, ${(spent / shown).toFixed(1)} ms each`)
      ;[shown, spent, since] = [0, 0, now]
    }
  }

  /** The frame that the video shows now. */
  grab() {
    const { videoWidth: width, videoHeight: height } = this.video
    if (this.grabbed.width !== width || this.grabbed.height !== height) {
      Object.assign(this.grabbed, { width, height })
      this.followed = null
    }
    const context = contextOf(this.grabbed)
    context.drawImage(this.video, 0, 0)
    return context.getImageData(0, 0, width, height)
  }

  /** Follow the faces onto a frame and show both; how many there are, null for a frame that comes too late. @param {MediaStream} stream @param {ImageData} frame @param {number} seconds */
  async update(stream, frame, seconds) {
    const { model, finder, detector } = this.opened.ready()
    if (this.followed?.model !== model) {
      const quick = { boxSource: finder.boxSource, find: finder.glance.bind(finder) }
      this.followed = { model, tracker: new Tracker(detector, quick, smooth.checked ? DEFAULTS : null) }
    }
    const { tracker } = this.followed
    if (!(seconds > tracker.now)) return null
    const found = await tracker.update(frame, seconds)
    if (this.stream !== stream) return null
    const { width, height } = frame
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
    const context = contextOf(canvas)
    context.putImageData(frame, 0, 0)
    drawFaces(context, found, model.info.scheme.lines)
    canvas.setAttribute('aria-label', `the camera's picture with ${faces(found.length)}`)
    canvas.dataset.faces = JSON.stringify({ seconds, faces: found.map(({ track, points }) => ({ track, points: [...points] })) })
    return found.length
  }
}

/** @param {MediaStream} stream */
function stop(stream) {
  for (const track of stream.getTracks()) track.stop()
}
