// SPDX-License-Identifier: Apache-2.0
// Opens a ring buffer and does nothing more. With `unref` this process ends at once; without, it stays.
import { createMap, openRingBuffer } from '../../dist/index.js'

const map = createMap({ type: 'ringbuf', keySize: 0, valueSize: 0, maxEntries: 4096 })
const ring = openRingBuffer(map, () => {})
if (process.argv[2] === 'unref') ring.unref()
if (process.argv[2] === 'ref again') {
  ring.unref()
  ring.ref()
}
console.log('open')
