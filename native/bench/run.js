// SPDX-License-Identifier: Apache-2.0
// What calls cost on this machine: single entries, batches, a walk over a million entries and its longest stall,
// ring buffer throughput and latency, mapped memory. `node bench/run.js`, as root; --json for machines.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createMap, mapFlags, openObject, openRingBuffer, u32 } from 'libbpf-ts'

const results = []
const json = process.argv.includes('--json')

function report(name, value, unit, note = '') {
  results.push({ name, value, unit, note })
  if (!json)
    console.log(
      `${name.padEnd(44)} ${value.toFixed(value < 100 ? 1 : 0).padStart(10)} ${unit.padEnd(12)} ${note}`,
    )
}

/** Nanoseconds per call: the median of seven runs, and the fastest. */
function time(name, count, run, unit = 'ns') {
  run(Math.ceil(count / 10))
  const runs = Array.from({ length: 7 }, () => {
    const start = process.hrtime.bigint()
    run(count)
    return Number(process.hrtime.bigint() - start) / count
  }).sort((a, b) => a - b)
  report(name, runs[3], unit, `min ${runs[0].toFixed(1)}`)
}

function single() {
  const map = createMap({ type: 'hash', keySize: 4, valueSize: 8, maxEntries: 1024 })
  const [key, value, out] = [u32(1), new Uint8Array(8), new Uint8Array(8)]
  const times = (call) => (count) => {
    for (let i = 0; i < count; i++) call()
  }
  time(
    'update',
    200_000,
    times(() => map.update(key, value)),
  )
  time(
    'lookup',
    200_000,
    times(() => map.lookup(key)),
  )
  time(
    'lookupInto (nothing allocated)',
    200_000,
    times(() => map.lookupInto(key, out)),
  )
  map.close()
}

function numbers(count, from) {
  return new Uint8Array(Uint32Array.from({ length: count }, (_, i) => from + i).buffer)
}

async function walk() {
  const total = 1_000_000
  const batch = 4096
  const map = createMap({ type: 'hash', keySize: 4, valueSize: 8, maxEntries: total })
  const values = new Uint8Array(batch * 8)
  let start = performance.now()
  for (let from = 0; from < total; from += batch) {
    const count = Math.min(batch, total - from)
    map.updateBatch(numbers(count, from), values.subarray(0, count * 8))
  }
  report('update by batches of 4096, per entry', ((performance.now() - start) * 1e6) / total, 'ns')
  for (const size of [1024, 4096, 65_536]) {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    await sleep(20)
    delay.reset()
    start = performance.now()
    let seen = 0
    for await (const chunk of map.chunks(size)) seen += chunk.count
    const took = performance.now() - start
    await sleep(5)
    delay.disable()
    if (seen !== total) throw new Error(`the walk saw ${seen} entries`)
    report(
      `walk of 1,000,000 in chunks of ${size}`,
      took,
      'ms',
      `longest stall ${(delay.max / 1e6).toFixed(1)} ms`,
    )
  }
  start = performance.now()
  for (let key = map.nextKey(); key !== undefined; key = map.nextKey(key)) map.lookup(key)
  report('the same by nextKey and lookup', performance.now() - start, 'ms', 'one long stall')
  map.close()
}

function mapped() {
  const entries = 1_000_000
  const map = createMap({
    type: 'array',
    keySize: 4,
    valueSize: 8,
    maxEntries: entries,
    flags: mapFlags.mmapable,
  })
  const memory = new BigUint64Array(map.mmap())
  let sum = 0n
  const read = (count) => {
    for (let i = 0; i < count; i++) sum += memory[i % entries]
  }
  time('mapped read, 8 bytes', entries, read)
  map.close()
  if (sum !== 0n) throw new Error('the array was not empty')
}

function ringObject() {
  const directory = mkdtempSync(join(tmpdir(), 'libbpf-ts-bench-'))
  try {
    const here = dirname(fileURLToPath(import.meta.url))
    const out = join(directory, 'ring.o')
    const machine = execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim()
    const flags = [
      '-O2',
      '-g',
      '-mcpu=v3',
      '-target',
      'bpf',
      '-idirafter',
      `/usr/include/${machine}-linux-gnu`,
    ]
    execFileSync(process.env.CLANG ?? 'clang-19', [
      ...flags,
      '-c',
      join(here, '../test/bpf/ring.bpf.c'),
      '-o',
      out,
    ])
    return openObject(out).load()
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function ring() {
  const object = ringObject()
  const emit = object.program('emit')
  let seen = 0
  let arrived = () => {}
  const reader = openRingBuffer(object.map('ring'), () => {
    seen++
    arrived()
  })
  const order = (count) => ({ context: new Uint8Array(Uint32Array.of(0, count).buffer) })
  let reading = 0
  const rounds = 500
  const perRound = 3000 // as many as the ring of 64 KiB holds
  for (let round = 0; round < rounds; round++) {
    emit.run(order(perRound))
    const start = performance.now()
    while (reader.consume() > 0);
    reading += performance.now() - start
  }
  report(
    'ring buffer, records handed over',
    seen / reading / 1000,
    'million/s',
    `${seen} records of 4 to 16 bytes`,
  )
  const waits = []
  for (let i = 0; i < 2000; i++) {
    const start = performance.now()
    const next = new Promise((resolve) => {
      arrived = resolve
    })
    emit.run(order(1))
    await next
    waits.push((performance.now() - start) * 1000)
  }
  waits.sort((a, b) => a - b)
  report('ring buffer, from program to callback', waits[1000], 'µs', `99 % within ${waits[1980].toFixed(1)}`)
  reader.close()
  object.close()
}

function programs() {
  const object = ringObject()
  const emit = object.program('emit')
  const context = new Uint8Array(8)
  time('run of a syscall program that does nothing', 50_000, (count) => {
    for (let i = 0; i < count; i++) emit.run({ context })
  })
  object.close()
}

single()
mapped()
programs()
await ring()
await walk()
if (json) console.log(JSON.stringify(results))
