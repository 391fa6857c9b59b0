// SPDX-License-Identifier: Apache-2.0
// Works with the package in a thread of its own and ends in one of several ways, handles still open.
import { parentPort, workerData } from 'node:worker_threads'
import { BpfError, createMap, openObject, openRingBuffer, u32 } from '../../dist/index.js'

const object = openObject(workerData.ring).load()
const ring = object.map('ring')
let seen = 0
openRingBuffer(ring, () => {
  if (++seen === 100) finish()
})
object.program('emit').run({ context: new Uint8Array(Uint32Array.of(0, 100).buffer) })

const map = createMap({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 1000 })
for (let key = 0; key < 1000; key++) map.update(u32(key), u32(key))

function finish() {
  let log = ''
  try {
    openObject(workerData.broken, { name: workerData.name }).load()
  } catch (error) {
    log = error instanceof BpfError ? error.log : String(error)
  }
  parentPort.postMessage({ seen, log, map: map.lookup(u32(999)) })
  if (workerData.end === 'exit') process.exit(0)
  if (workerData.end === 'throw') throw new Error('the worker fails')
}
