// @ts-check
/** Whether a picture's file holds several that are shown in turn; browsers read the first and do not say so. */

/** GIF, PNG, WebP or AVIF. @param {Uint8Array} file @returns {boolean} */
export function isAnimated(file) {
  if (says(file, 0, 'GIF8')) return isAnimatedGif(file)
  if (says(file, 0, '\x89PNG\r\n\x1a\n')) return isAnimatedPng(file)
  if (says(file, 0, 'RIFF')) return says(file, 8, 'WEBPVP8X') && Boolean(file[20] & 2)
  return says(file, 4, 'ftypavis')
}

/** @param {Uint8Array} file @param {number} at @param {string} text */
function says(file, at, text) {
  return [...text].every((letter, i) => file[at + i] === letter.charCodeAt(0))
}

/** The bytes of a table of colors, by the flags that announce it. @param {number} flags */
function tableSize(flags) {
  return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0
}

/** A second image, after the screen, extensions and the first. @param {Uint8Array} file */
function isAnimatedGif(file) {
  /** Behind blocks of at most 255 bytes, which an empty one ends. @param {number} at */
  const behind = (at) => {
    while (file[at]) at += file[at] + 1
    return at + 1
  }
  let images = 0
  let at = 13 + tableSize(file[10])
  while (file[at] === 0x21 || file[at] === 0x2c) {
    if (file[at] === 0x2c && ++images === 2) return true
    at = behind(file[at] === 0x21 ? at + 2 : at + 11 + tableSize(file[at + 9]))
  }
  return false
}

/** Before the first image's pixels it says how many there are. @param {Uint8Array} file */
function isAnimatedPng(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  for (let at = 8; at + 12 <= file.length && !says(file, at + 4, 'IDAT'); at += 12 + view.getUint32(at)) {
    if (says(file, at + 4, 'acTL')) return view.getUint32(at + 8) > 1
  }
  return false
}
