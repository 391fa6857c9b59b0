// SPDX-License-Identifier: Apache-2.0
// Calls the package without pause, until it is terminated in the middle of something.
import { parentPort, workerData } from 'node:worker_threads'
import { BpfError, createMap, openObject, openRingBuffer, u32 } from '../../dist/index.js'

const object = openObject(workerData.ring).load()
const emit = object.program('emit')
const ring = openRingBuffer(object.map('ring'), () => {}, { maxRecords: 5 })
const map = createMap({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 100 })
parentPort.postMessage('busy')

for (let round = 0; ; round++) {
  emit.run({ context: new Uint8Array(Uint32Array.of(round, 20).buffer) })
  ring.consume()
  map.update(u32(round % 100), u32(round))
  map.lookup(u32(round % 100))
  emit.info()
  if (round % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
  if (round % 7 !== 0) continue
  try {
    map.update(u32(round), u32(1), 'exist')
  } catch (error) {
    if (!(error instanceof BpfError)) throw error
  }
}
