// SPDX-License-Identifier: Apache-2.0
// Runs one kind of open/close cycle ten thousand times and prints descriptors and resident memory before and
// after. Started with --expose-gc.
import { closeSync, readdirSync, readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import {
  attachNetns,
  createMap,
  loadInstructions,
  mapFlags,
  openObject,
  openPerfBuffer,
  openRingBuffer,
  openSocket,
  queryTc,
  RouteSocket,
  u32,
} from '../../dist/index.js'

const [kind = '', objectPath = '', times = '10000'] = process.argv.slice(2)
const bytes = new Uint8Array(readFileSync(objectPath))
// move r0, 1; exit
const returnOne = Uint8Array.of(0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0)
const array = { type: 'array', keySize: 4, valueSize: 8, maxEntries: 1000, flags: mapFlags.mmapable }

const cycles = {
  specification: () => openObject(bytes).close(),
  object: () => {
    const object = openObject(bytes).load()
    const map = object.map(object.maps[0])
    const program = object.program(object.programs[0])
    void [map.fd, program.info()]
    for (const handle of [map, program, object]) handle.close()
  },
  map: () => {
    const map = createMap(array)
    map.update(u32(1), new Uint8Array(8))
    map.lookup(u32(1))
    map.close()
  },
  mmap: () => {
    const map = createMap(array)
    void new Uint8Array(map.mmap())[0]
    map.close()
  },
  dropped: () => void createMap(array),
  ring: () => {
    const map = createMap({ type: 'ringbuf', keySize: 0, valueSize: 0, maxEntries: 4096 })
    openRingBuffer(map, () => {}).close()
    map.close()
  },
  perf: () => {
    const map = createMap({ type: 'perf_event_array', keySize: 4, valueSize: 4, maxEntries: 1024 })
    openPerfBuffer(map, () => {}, { pagesPerCpu: 1 }).close()
    map.close()
  },
  link: () => {
    const program = loadInstructions({ type: 'sk_lookup', instructions: returnOne, attachType: 36 })
    const link = attachNetns(program, '/proc/self/ns/net')
    program.close()
    link.close()
  },
  route: () => RouteSocket.open().close(),
  tc: () => void queryTc(1, 'ingress'),
  socket: () => {
    closeSync(openSocket({ family: 6, type: 'udp', bind: { address: '::1' } }))
    try {
      openSocket({ family: 4, type: 'tcp', bindToDevice: 'nowhere' })
    } catch {}
  },
  error: () => {
    try {
      openObject(bytes.subarray(0, 100))
    } catch {}
    try {
      createMap({ ...array, maxEntries: 0 })
    } catch {}
  },
}

function mappings() {
  return readFileSync('/proc/self/maps', 'utf8').split('\n').length
}

async function measure() {
  for (let i = 0; i < 5; i++) {
    globalThis.gc()
    await setImmediate()
  }
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    mappings: mappings(),
    resident: process.memoryUsage().rss,
  }
}

async function repeat(count) {
  for (let i = 0; i < count; i++) {
    cycles[kind]()
    if (i % 250 === 0) {
      globalThis.gc()
      await setImmediate()
    }
  }
}

await repeat(Number(times) / 5)
const before = await measure()
await repeat(Number(times))
console.log(JSON.stringify({ before, after: await measure() }))
