// Which of some pictures the page takes for animated, whole and cut short anywhere: for test_animated.py.
import { readFileSync } from 'node:fs'

const [root, ...files] = process.argv.slice(2)
const { isAnimated } = await import(`${root}/facekp_export/web/animated.js`)
const told = files.map((name) => {
  const file = new Uint8Array(readFileSync(name))
  for (let size = 0; size < file.length; size += 7) isAnimated(file.subarray(0, size))
  return isAnimated(file)
})
process.stdout.write(JSON.stringify(told))
