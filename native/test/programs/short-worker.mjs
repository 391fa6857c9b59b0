// SPDX-License-Identifier: Apache-2.0
// Maps memory, opens a reader and a route socket, lets libbpf complain, and ends with all of it open.
import { parentPort, workerData } from 'node:worker_threads'
import { createMap, mapFlags, openObject, openRingBuffer, RouteSocket } from '../../dist/index.js'

const array = { type: 'array', keySize: 4, valueSize: 8, maxEntries: 1000, flags: mapFlags.mmapable }
globalThis.memory = Array.from({ length: 10 }, () => createMap(array).mmap())
const object = openObject(workerData.ring).load()
openRingBuffer(object.map('ring'), () => {}).unref()
RouteSocket.open().subscribe(['link'], () => {})
try {
  openRingBuffer(createMap({ ...array, flags: 0 }), () => {})
} catch (error) {
  parentPort.postMessage(error.code)
}
setTimeout(() => process.exit(0), 1)
