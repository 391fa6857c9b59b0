// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { createDefence, decide } from '../../../src/daemon/defence.js'
import { availablePages, memoryReader, pageSize } from '../../../src/daemon/meminfo.js'
import { DEFAULT_TUNABLES, type Tunables } from '../../../src/model/types.js'

const tunables = (given: Partial<Tunables>): Tunables => ({ ...DEFAULT_TUNABLES, amemthresh: 1000, ...given })
const PLENTY = 5000
const SHORT = 900

describe('a decision of the defence', () => {
  it('is nothing while all modes are 0, however little memory there is', () => {
    expect(decide(tunables({}), 0)).toEqual({
      modes: { drop_entry: 0, drop_packet: 0, secure_tcp: 0 },
      verdict: { dropEntry: false, dropRate: 0, secureTcp: false },
    })
  })

  it.each([1, 2])('for mode %i goes by the memory, and so does the mode that is shown', (mode) => {
    const all = tunables({ drop_entry: mode, drop_packet: mode, secure_tcp: mode })
    expect(decide(all, PLENTY)).toEqual({
      modes: { drop_entry: 1, drop_packet: 1, secure_tcp: 1 },
      verdict: { dropEntry: false, dropRate: 0, secureTcp: false },
    })
    expect(decide(all, SHORT)).toEqual({
      modes: { drop_entry: 2, drop_packet: 2, secure_tcp: 2 },
      verdict: { dropEntry: true, dropRate: 10, dropCounter: 10, secureTcp: true },
    })
  })

  it('for mode 3 is always yes, and drops one in am_droprate', () => {
    const all = tunables({ drop_entry: 3, drop_packet: 3, secure_tcp: 3, am_droprate: 7 })
    for (const pages of [PLENTY, SHORT])
      expect(decide(all, pages)).toEqual({
        modes: { drop_entry: 3, drop_packet: 3, secure_tcp: 3 },
        verdict: { dropEntry: true, dropRate: 7, secureTcp: true },
      })
  })

  it('drops the more the less memory there is', () => {
    const rate = (pages: number) => decide(tunables({ drop_packet: 1 }), pages).verdict.dropRate
    expect([999, 900, 500, 334, 0].map(rate)).toEqual([1000, 10, 2, 1, 1])
  })

  it('has memory enough exactly at the threshold', () => {
    expect(decide(tunables({ secure_tcp: 1 }), 1000).verdict.secureTcp).toBe(false)
    expect(decide(tunables({ secure_tcp: 1, amemthresh: 0 }), 0).verdict.secureTcp).toBe(false)
  })
})

describe('the defence', () => {
  it('defends a random part of the tables in those seconds in which drop_entry is in force', () => {
    const said: unknown[] = []
    let pages = PLENTY
    const defence = createDefence({
      datapath: {
        setDefence: (verdict) => void said.push(verdict),
        defend: (at) => {
          said.push(at)
          return { sets: 1, freed: 0, roundComplete: false }
        },
      },
      tunables: () => tunables({ drop_entry: 1, secure_tcp: 3 }),
      pages: () => pages,
      random: () => 0.25,
    })
    expect(defence.shown()).toMatchObject({ drop_entry: 1, secure_tcp: 3 })
    defence.second()
    pages = SHORT
    defence.second()
    expect(said).toEqual([{ secureTcp: true, dropRate: 0 }, { secureTcp: true, dropRate: 0 }, 0.25])
    expect(defence.shown()).toMatchObject({ drop_entry: 2, sloppy_tcp: 0 })
  })
})

describe('available memory', () => {
  it('is what is free and what buffers hold, in pages', () => {
    const meminfo = 'MemTotal:  16384 kB\nMemFree:    4096 kB\nBuffers:      20 kB\nCached:    8192 kB\n'
    expect(availablePages(meminfo, 4096)).toBe(1029)
    expect(availablePages(meminfo, 65_536)).toBe(64)
  })

  it('is asked of this host', () => {
    expect(memoryReader()()).toBeGreaterThan(0)
  })

  it('is in pages of the size that the kernel tells every process', () => {
    const auxv = new BigUint64Array([3n, 99n, 6n, 16_384n, 0n, 0n])
    expect(pageSize(new Uint8Array(auxv.buffer))).toBe(16_384)
  })
})
