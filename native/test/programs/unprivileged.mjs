// SPDX-License-Identifier: Apache-2.0
// Asks for features and prints the answers; started without privilege.
import { BpfError, createMap, features, openObject } from '../../dist/index.js'

const answers = Object.fromEntries(
  ['capabilities', 'mmapableArrays', 'batches', 'xdpLink', 'tcxLink', 'netnsLink', 'liveFrames'].map(
    (name) => [name, features[name]()],
  ),
)
let create = ''
try {
  createMap({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 4 })
} catch (error) {
  create = error instanceof BpfError ? error.code : String(error)
}
const spec = openObject(process.argv[2])
console.log(
  JSON.stringify({
    ...answers,
    mapType: features.mapType('ringbuf'),
    program: features.program('xdp'),
    create,
    maps: spec.maps.length,
  }),
)
