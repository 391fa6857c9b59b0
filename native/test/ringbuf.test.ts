// SPDX-License-Identifier: Apache-2.0
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  BpfError,
  type BpfObject,
  createMap,
  openObject,
  openRingBuffer,
  readU32,
  u32,
} from '../src/index.js'
import { bpfObject, openDescriptors, thrownBy } from './lab.js'

let object: BpfObject
let emitted = 0
beforeEach(() => {
  object = openObject(bpfObject('ring')).load()
  emitted = 0
})
afterEach(() => object.close())

const emit = (count: number) => {
  using program = object.program('emit')
  program.run({ context: new Uint8Array(Uint32Array.of(emitted, count).buffer) })
  emitted += count
}

const open = (...rest: [...Parameters<typeof openRingBuffer>] extends [unknown, ...infer R] ? R : never) => {
  using ring = object.map('ring')
  return openRingBuffer(ring, ...rest)
}

const until = (condition: () => boolean) => vi.waitFor(() => expect(condition()).toBe(true), { interval: 1 })

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('a ring buffer', () => {
  test('hands over every record in order, whole and with its own length', async () => {
    const seen: Uint8Array[] = []
    using ring = open((record) => void seen.push(record))
    emit(9)
    await until(() => seen.length === 9)
    expect(seen.map((record) => readU32(record))).toEqual(numbers(9))
    expect(seen.map((record) => record.length)).toEqual([4, 8, 12, 16, 4, 8, 12, 16, 4])
    expect([ring.records, ring.bytes, ring.pending]).toEqual([9, 84, 0])
  })

  test('wakes again and again', async () => {
    let seen = 0
    using _ring = open(() => void seen++)
    for (let round = 1; round <= 5; round++) {
      emit(3)
      await until(() => seen === round * 3)
    }
  })

  test('lets the event loop run between portions', async () => {
    let seen = 0
    let turns = 0
    using _ring = open(() => void seen++, { maxRecords: 10 })
    emit(1000)
    while (seen < 1000) {
      await setImmediate()
      turns++
    }
    expect(turns).toBeGreaterThanOrEqual(50)
  })

  test('bounds a portion by bytes too', async () => {
    const seen: number[] = []
    using ring = open((record) => void seen.push(readU32(record)), { maxBytes: 40 })
    emit(100)
    expect(ring.consume()).toBe(4)
    expect(ring.consume()).toBe(4)
    expect(seen).toEqual(numbers(8))
    while (ring.consume() > 0);
    expect(seen).toEqual(numbers(100))
  })

  test('counts what the program could not store', async () => {
    using lost = object.map('lost')
    let seen = 0
    using ring = open(() => void seen++, { lost: { map: lost, key: u32(0) } })
    expect(ring.lost()).toBe(0n)
    emit(10_000)
    expect(ring.pending).toBeGreaterThan(65_000)
    while (ring.consume() > 0);
    expect(ring.lost()).toBeGreaterThan(0n)
    expect(BigInt(seen) + ring.lost()).toBe(10_000n)
    using silent = open(() => {})
    expect(() => silent.lost()).toThrow(TypeError)
  })
})

describe('back-pressure', () => {
  test('holds records back while a consumer is busy', async () => {
    const seen: number[] = []
    const finish: (() => void)[] = []
    using ring = open((record) => {
      seen.push(readU32(record))
      return new Promise((resolve) => finish.push(resolve))
    })
    emit(3)
    await until(() => seen.length === 1)
    await sleep(5)
    expect([seen, ring.consume()]).toEqual([[0], 0])
    emit(1)
    for (const count of [2, 3, 4]) {
      finish.shift()?.()
      await until(() => seen.length === count)
    }
    expect(seen).toEqual([0, 1, 2, 3])
  })

  test('leaves records in the ring while paused', async () => {
    let seen = 0
    using ring = open(() => void seen++)
    ring.pause()
    emit(4)
    await sleep(10)
    expect([seen, ring.consume()]).toEqual([0, 0])
    expect(ring.pending).toBe(4 * 8 + 8 + 8 + 16 + 16)
    ring.resume()
    await until(() => seen === 4)
  })

  test('goes on after a consumer that fails', async () => {
    const errors: unknown[] = []
    let seen = 0
    const onError = (error: unknown) => void errors.push(error)
    using _ring = open(
      (record) => {
        seen++
        if (readU32(record) === 0) throw new Error('at once')
        return readU32(record) === 1 ? Promise.reject(new Error('later')) : undefined
      },
      { onError },
    )
    emit(4)
    await until(() => seen === 4)
    expect(errors).toEqual([new Error('at once'), new Error('later')])
  })
})

describe('a callback', () => {
  test('that reads again from within gets the records in order', async () => {
    const seen: number[] = []
    using ring = open((record) => {
      seen.push(readU32(record))
      expect(ring.consume()).toBe(0)
    })
    emit(20)
    await until(() => seen.length === 20)
    expect(seen).toEqual(numbers(20))
  })

  test('may return anything that is no promise', async () => {
    let seen = 0
    using _ring = open((() => ++seen) as () => void)
    emit(5)
    await until(() => seen === 5)
  })

  test('that throws in onError too does not end the delivery', async () => {
    const uncaught: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => uncaught.push(error))
    try {
      let seen = 0
      const onError = () => {
        throw new Error('the handler fails too')
      }
      using _ring = open(
        (record) => {
          seen++
          if (readU32(record) === 0) throw new Error('at once')
          return readU32(record) === 1 ? Promise.reject(new Error('later')) : undefined
        },
        { onError },
      )
      emit(4)
      await until(() => seen === 4 && uncaught.length === 2)
      expect(uncaught).toEqual([new Error('the handler fails too'), new Error('the handler fails too')])
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of listeners) process.on('uncaughtException', listener)
    }
  })
})

describe('closing', () => {
  test('by `await using` waits for the record at hand', async () => {
    const events: string[] = []
    {
      await using ring = open(async () => {
        events.push('begun')
        await sleep(20)
        events.push('done')
      })
      emit(3)
      await until(() => events.length === 1)
      expect(ring.records).toBe(1)
    }
    events.push('closed')
    await sleep(30)
    expect(events).toEqual(['begun', 'done', 'closed'])
  })

  test('ends delivery at once, also from within', async () => {
    let seen = 0
    const ring = open(() => {
      if (++seen === 3) ring.close()
    })
    emit(10)
    await until(() => seen === 3)
    await sleep(5)
    expect(seen).toBe(3)
    ring.close()
    for (const call of [() => ring.consume(), () => ring.pause(), () => ring.pending, () => ring.unref()]) {
      expect(call).toThrow(new Error('ring buffer is closed'))
    }
  })

  test('gives all descriptors back', async () => {
    open(() => {}).close()
    await setImmediate()
    const before = openDescriptors()
    for (let i = 0; i < 50; i++) open(() => {}).close()
    await setImmediate()
    expect(openDescriptors()).toBe(before)
  })
})

test('what is not a ring buffer is refused by name', () => {
  using map = createMap({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 4 })
  expect(thrownBy(BpfError, () => openRingBuffer(map, () => {}))).toMatchObject({
    operation: 'open ring buffer',
    code: 'EINVAL',
  })
  expect(() => openRingBuffer({} as never, () => {})).toThrow(new TypeError('map must be a BpfMap'))
  using ring = object.map('ring')
  expect(() => openRingBuffer(ring, 5 as never)).toThrow(new TypeError('onRecord must be a function'))
})
