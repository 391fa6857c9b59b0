// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process'
import { readFile, readFileSync } from 'node:fs'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  BpfError,
  type BpfObject,
  createMap,
  openObject,
  openPerfBuffer,
  type PerfBuffer,
  readU32,
  u32,
} from '../src/index.js'
import { bpfObject, openDescriptors, thrownBy } from './lab.js'

let object: BpfObject
let emitted = 0
beforeEach(() => {
  object = openObject(bpfObject('perf')).load()
  emitted = 0
})
afterEach(() => object.close())

const emit = (count: number) => {
  using program = object.program('emit')
  const data = new Uint8Array(64)
  data.set(new Uint8Array(Uint32Array.of(emitted, count).buffer))
  program.run({ data })
  emitted += count
}

const open = (...rest: [...Parameters<typeof openPerfBuffer>] extends [unknown, ...infer R] ? R : never) => {
  using events = object.map('events')
  return openPerfBuffer(events, ...rest)
}

const until = (condition: () => boolean) => vi.waitFor(() => expect(condition()).toBe(true), { interval: 1 })

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

const readFileAsync = (path: string, then: () => void) => readFile(path, then)

/** Every thread of this process is on one CPU meanwhile. */
async function onCpu(cpu: number, act: () => void | Promise<void>): Promise<void> {
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  const pinTo = (cpus: string) =>
    execFileSync('taskset', ['-acp', cpus, String(process.pid)], { stdio: 'ignore' })
  pinTo(String(cpu))
  try {
    await act()
  } finally {
    pinTo(allowed)
  }
}

function onlineCpus(): number[] {
  const ranges = readFileSync('/sys/devices/system/cpu/online', 'utf8').trim().split(',')
  return ranges.flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}

describe('a perf buffer', () => {
  test('hands over every record, in order and whole, and names its CPU', async () => {
    const seen: Uint8Array[] = []
    const cpus = new Set<number>()
    using perf = open((record, cpu) => {
      seen.push(record)
      cpus.add(cpu)
    })
    emit(9)
    await until(() => seen.length === 9)
    expect(seen.map((record) => readU32(record))).toEqual(numbers(9))
    expect(seen[0]?.length).toBe(12)
    expect(readU32(seen[0] ?? u32(0), 4)).toBe(7)
    expect(cpus.size).toBe(1)
    expect([perf.records, perf.bytes, perf.lost()]).toEqual([9, 108, 0n])
  })

  test('wakes again and again', async () => {
    let seen = 0
    using _perf = open(() => void seen++)
    for (let round = 1; round <= 5; round++) {
      emit(3)
      await until(() => seen === round * 3)
    }
  })

  test('reads what is left after a portion, although the kernel announces it once only', async () => {
    const seen: number[] = []
    using _perf = open((record) => void seen.push(readU32(record)), { maxRecords: 10 })
    emit(1000)
    let turns = 0
    while (seen.length < 1000) {
      await setImmediate()
      turns++
    }
    expect(seen).toEqual(numbers(1000))
    expect(turns).toBeGreaterThanOrEqual(50)
  })

  test('names the CPU that wrote each record', async () => {
    const seen = new Map<number, number[]>()
    using _perf = open((record, cpu) => {
      seen.set(cpu, [...(seen.get(cpu) ?? []), readU32(record)])
    })
    const cpus = onlineCpus()
    for (const cpu of cpus) await onCpu(cpu, () => emit(5))
    await until(() => [...seen.values()].flat().length === cpus.length * 5)
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual(cpus)
    cpus.forEach((cpu, i) => {
      expect(seen.get(cpu)).toEqual(numbers(5).map((n) => i * 5 + n))
    })
  })

  test('finds what was written before the event loop listened, wherever it was opened', async () => {
    const openedIn = [
      (then: () => void) => then(),
      (then: () => void) => void globalThis.setImmediate(then),
      (then: () => void) => void globalThis.setTimeout(then, 1),
      (then: () => void) => readFileAsync('/proc/self/stat', then),
    ]
    for (const place of openedIn) {
      let seen = 0
      const perf = await new Promise<PerfBuffer>((resolve) => {
        place(() => {
          resolve(open(() => void seen++))
          emit(1)
          globalThis.setImmediate(() => emit(1))
        })
      })
      await until(() => seen === 2)
      perf.close()
    }
  })

  test("tells how many records found no room, by the kernel's own count", async () => {
    let seen = 0
    using perf = open(() => void seen++, { pagesPerCpu: 1 })
    await onCpu(0, async () => {
      perf.pause()
      emit(5000)
      perf.resume()
      await until(() => seen > 0)
      emit(1)
      await until(() => BigInt(seen) + perf.lost() === 5001n)
    })
    expect(seen).toBeLessThan(5000)
  })
})

describe('back-pressure of a perf buffer', () => {
  test('holds records back while a consumer is busy', async () => {
    const seen: number[] = []
    const finish: (() => void)[] = []
    using perf = open((record) => {
      seen.push(readU32(record))
      return new Promise((resolve) => finish.push(resolve))
    })
    emit(3)
    await until(() => seen.length === 1)
    emit(1)
    await sleep(5)
    expect([seen, perf.consume()]).toEqual([[0], 0])
    for (const count of [2, 3, 4]) {
      finish.shift()?.()
      await until(() => seen.length === count)
    }
    expect(seen).toEqual([0, 1, 2, 3])
  })

  test('leaves records in the buffer while paused', async () => {
    let seen = 0
    using perf = open(() => void seen++)
    perf.pause()
    emit(4)
    await sleep(10)
    expect([seen, perf.consume()]).toEqual([0, 0])
    perf.resume()
    await until(() => seen === 4)
  })
})

describe('closing a perf buffer', () => {
  test('ends delivery at once, also from within', async () => {
    let seen = 0
    const perf = open(() => {
      if (++seen === 3) perf.close()
    })
    emit(10)
    await until(() => seen === 3)
    await sleep(5)
    expect(seen).toBe(3)
    perf.close()
    for (const call of [() => perf.consume(), () => perf.pause(), () => perf.lost(), () => perf.unref()]) {
      expect(call).toThrow(new Error('perf buffer is closed'))
    }
  })

  test('takes the buffers out of the map and gives all descriptors back', async () => {
    open(() => {}).close()
    await setImmediate()
    const before = openDescriptors()
    for (let i = 0; i < 50; i++) open(() => {}).close()
    await setImmediate()
    expect(openDescriptors()).toBe(before)
    using events = object.map('events')
    using perf = open(() => {})
    perf.close()
    expect(events.delete(u32(0))).toBe(false)
  })
})

test('what is not a perf buffer is refused by name', () => {
  using map = createMap({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 4 })
  expect(thrownBy(BpfError, () => openPerfBuffer(map, () => {}))).toMatchObject({
    operation: 'open perf buffer',
    code: 'EINVAL',
  })
  expect(() => openPerfBuffer({} as never, () => {})).toThrow(new TypeError('map must be a BpfMap'))
  using events = object.map('events')
  expect(() => openPerfBuffer(events, 5 as never)).toThrow(new TypeError('onRecord must be a function'))
  for (const pagesPerCpu of [0, 3, -1, 1.5, 2 ** 40]) {
    expect(() => openPerfBuffer(events, () => {}, { pagesPerCpu })).toThrow(
      new TypeError('pagesPerCpu must be a power of two'),
    )
  }
})
