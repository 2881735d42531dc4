// Which of the vectors' documents and files the page takes: the model's name, or null and why it is refused.
import { readFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'

const [root, folder] = process.argv.slice(2)
const { readDocument } = await import(`${root}/facekp_export/web/document.js`)
const { readModel } = await import(`${root}/facekp_export/web/metadata.js`)

function taken(read) {
  try {
    return { name: read().name }
  } catch (error) {
    return { name: null, kind: error.constructor.name, says: error.message }
  }
}

const { texts, files } = JSON.parse(readFileSync(`${folder}/documents.json`, 'utf-8'))
process.stdout.write(JSON.stringify({
  texts: texts.map(({ text }) => taken(() => readDocument(text))),
  files: files.map(({ data }) => taken(() => readModel(new Uint8Array(inflateSync(Buffer.from(data, 'base64')))).info)),
}))
