// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { createWatch } from '../../../src/daemon/handshakes.js'
import type { Datapath, Handshakes } from '../../../src/datapath/types.js'

const WEB = 'tcp 192.0.2.10:80'
const [ONE, TWO] = [`${WEB} > 192.0.2.21`, `${WEB} > 192.0.2.22`]

/** Two real servers with numbers that may change. */
function watching() {
  const counters: Record<number, Handshakes> = { 1: counted(5, 7), 2: counted(0, 0) }
  let ids: readonly number[] = [1, 2]
  let reads = 0
  const reals = () => ids.map((id, i) => ({ id, address: `192.0.2.${21 + i}`, port: 80 }))
  const match = { vip: '192.0.2.10', port: 80, protocol: 'tcp' }
  const datapath = {
    actual: () => {
      reads++
      return { services: new Map([[WEB, { key: WEB, match, reals: reals() }]]) }
    },
    handshakes: (id: number) => counters[id],
  } as unknown as Datapath
  return {
    watch: createWatch(datapath),
    count: (id: number, now: Handshakes) => {
      counters[id] = now
    },
    renumber: (to: readonly number[]) => {
      ids = to
    },
    reads: () => reads,
  }
}

function counted(retries: number, handshakes: number): Handshakes {
  return { retries, handshakes }
}

describe('a look at handshakes', () => {
  it('is none while nobody is watched, and costs nothing', () => {
    const { watch, reads } = watching()
    expect(watch.look()).toBeUndefined()
    expect(reads()).toBe(0)
  })

  it('gives what was counted since the last, of those who are watched', () => {
    const { watch, count, reads } = watching()
    watch.set(new Set([ONE]))
    expect(watch.look()).toEqual(new Map([[ONE, counted(0, 0)]]))
    count(1, counted(8, 9))
    count(2, counted(8, 9))
    expect(watch.look()).toEqual(new Map([[ONE, counted(3, 2)]]))
    expect(watch.look()).toEqual(new Map([[ONE, counted(0, 0)]]))
    expect(reads()).toBe(1)
    watch.set(new Set([ONE, TWO]))
    expect(watch.look()?.size).toBe(2)
  })

  it('goes on over the end of 32 bits, and is 0 when a counter begins anew', () => {
    const { watch, count } = watching()
    watch.set(new Set([ONE]))
    count(1, counted(2 ** 32 - 2, 9))
    watch.look()
    count(1, counted(3, 0))
    expect(watch.look()).toEqual(new Map([[ONE, counted(5, 0)]]))
  })

  it('takes no other counter for the same when a real server has another number inside', () => {
    const { watch, count, renumber } = watching()
    watch.set(new Set([ONE]))
    watch.look()
    count(2, counted(900, 900))
    renumber([2, 1])
    watch.moved()
    expect(watch.look()).toEqual(new Map([[ONE, counted(0, 0)]]))
  })
})
