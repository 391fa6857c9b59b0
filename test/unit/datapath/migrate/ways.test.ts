// SPDX-License-Identifier: Apache-2.0
// Flows are carried from a table to another while packets change both, in any order: none is lost that lives on, none
// comes back that has ended, and real servers count what is there.
import type { Layout } from 'libbpf-ts'
import { describe, expect, test } from 'vitest'
import { ConnBits, State, TemplateBits, TemplateControl } from '../../../../src/abi/generated.js'
import type { Memory } from '../../../../src/datapath/migrate/arrays.js'
import { CONN, newer, TEMPLATE } from '../../../../src/datapath/migrate/flows.js'
import { Ways, weightsIn } from '../../../../src/datapath/migrate/ways.js'

const u16: Layout = { kind: 'number', bytes: 2, signed: false, network: true }
const u32: Layout = { kind: 'number', bytes: 4, signed: false, network: false }
const u64: Layout = { ...u32, bytes: 8 }
const SETS = 4
const WAYS = 4

function set(
  ways: number,
  bytes: number,
  members: Readonly<Record<string, readonly [number, Layout]>>,
): Layout {
  const list = Object.entries(members).map(([name, [offset, layout]]) => ({ name, offset, layout }))
  const way: Layout = { kind: 'struct', bytes, members: list }
  const member = { name: 'way', offset: 0, layout: { kind: 'array', of: way, length: ways } as Layout }
  return { kind: 'struct', bytes: ways * bytes, members: [member] }
}

const CONN_OLD = set(WAYS, 16, {
  client: [0, u32],
  client_port: [4, u16],
  virtual_port: [6, u16],
  data: [8, u64],
})
const CONN_NEW = set(WAYS, 24, {
  ...{ client: [0, u32], client_port: [4, u16], virtual_port: [6, u16] },
  ...{ fresh: [8, u64], data: [16, u64] },
})

function memory(stride: number): Memory {
  return { bytes: new Uint8Array(SETS * stride), stride, count: SETS }
}

function word(real: number, state: number, stamp: number, vip = 1): bigint {
  const at = (value: number, shift: number) => BigInt(value) << BigInt(shift)
  return (
    at(vip, ConnBits.CONN_VIP_SHIFT) |
    at(real, ConnBits.CONN_REAL_SHIFT) |
    at(state, ConnBits.CONN_STATE_SHIFT) |
    at(stamp, ConnBits.CONN_STAMP_SHIFT)
  )
}

/** What a program does with a table of connections, counts included. */
class Packets {
  readonly view: DataView
  constructor(
    readonly table: Memory,
    readonly bytes: number,
    readonly data: number,
    readonly loads: Map<number, bigint>,
  ) {
    this.view = new DataView(table.bytes.buffer)
  }

  at(set: number, way: number): number {
    return set * this.table.stride + way * this.bytes
  }

  get(set: number, way: number): bigint {
    return this.view.getBigUint64(this.at(set, way) + this.data, true)
  }

  find(set: number, client: number): number | undefined {
    const there = (way: number) =>
      this.get(set, way) !== 0n && this.view.getUint32(this.at(set, way), true) === client
    return [0, 1, 2, 3].find(there)
  }

  /** Into the way, whoever was there. */
  begin(set: number, way: number, client: number, real: number, now: number): void {
    this.put(set, way, 0n)
    this.view.setUint32(this.at(set, way), client, true)
    this.put(set, way, word(real, State.TCP_SYN_RECV, now))
  }

  put(set: number, way: number, data: bigint): void {
    const old = this.get(set, way)
    this.count(old, -1n)
    this.count(data, 1n)
    this.view.setBigUint64(this.at(set, way) + this.data, data, true)
  }

  count(data: bigint, times: bigint): void {
    if (data === 0n) return
    const real = CONN.real(data)
    this.loads.set(real, (this.loads.get(real) ?? 0n) + times * CONN.weight(data))
  }
}

function rig() {
  const loads = new Map<number, bigint>()
  const old = new Packets(memory(WAYS * 16), 16, 8, loads)
  const now = new Packets(memory(WAYS * 24), 24, 16, loads)
  const count = (real: number, delta: bigint) => void loads.set(real, (loads.get(real) ?? 0n) + delta)
  const table = { from: old.table, to: now.table, before: CONN_OLD, now: CONN_NEW, meaning: CONN, count }
  return { loads, old, now, table, carried: (fresh = true) => new Ways(table, fresh) }
}

function expectCountsTrue({ loads, now }: ReturnType<typeof rig>): void {
  const counted = [...loads].filter(([, weight]) => weight !== 0n).sort()
  expect(counted).toEqual([...weightsIn(now.table, CONN_NEW, CONN)].sort())
}

/** A generator of its own for every seed: what fails can be had again. */
function random(seed: number): (below: number) => number {
  let state = seed + 1
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
}

describe('connections', () => {
  test('are where they were, in the new layout', () => {
    const it = rig()
    it.old.begin(2, 3, 7, 5, 100)
    it.carried()
    expect(it.now.get(2, 3)).toBe(word(5, State.TCP_SYN_RECV, 100))
    expect(it.now.find(2, 7)).toBe(3)
    expectCountsTrue(it)
  })

  test('whose words mean something else now are read by the step', () => {
    const it = rig()
    it.old.begin(0, 0, 7, 5, 100)
    new Ways({ ...it.table, word: (data) => data + 1n }, true)
    expect(it.now.get(0, 0)).toBe(word(5, State.TCP_SYN_RECV, 101))
  })

  test('that went on, ended, or gave way to others in the old table do so in the new one', () => {
    const it = rig()
    for (let way = 0; way < 3; way++) it.old.begin(1, way, 10 + way, 5, 100)
    const ways = it.carried()
    it.old.put(1, 0, word(5, State.TCP_ESTABLISHED, 101))
    it.old.put(1, 1, 0n)
    it.old.begin(1, 2, 99, 6, 102)
    ways.carry()
    expect([0, 1].map((way) => it.now.get(1, way))).toEqual([word(5, State.TCP_ESTABLISHED, 101), 0n])
    expect([it.now.find(1, 12), it.now.find(1, 99)]).toEqual([undefined, 2])
    expectCountsTrue(it)
  })

  test('that the new program has moved on stay as it has them, unless the old one saw a later packet', () => {
    const it = rig()
    for (let way = 0; way < 2; way++) it.old.begin(1, way, 10 + way, 5, 100)
    const ways = it.carried()
    it.old.put(1, 0, word(5, State.TCP_ESTABLISHED, 101))
    it.now.put(1, 0, word(5, State.TCP_FIN_WAIT, 102))
    it.old.put(1, 1, word(5, State.TCP_ESTABLISHED, 104))
    it.now.put(1, 1, word(5, State.TCP_CLOSE, 103))
    ways.carry()
    expect(it.now.get(1, 0)).toBe(word(5, State.TCP_FIN_WAIT, 102))
    expect(it.now.get(1, 1)).toBe(word(5, State.TCP_ESTABLISHED, 104))
    expectCountsTrue(it)
  })

  test('that the new program has ended do not come back', () => {
    const it = rig()
    it.old.begin(1, 0, 10, 5, 100)
    const ways = it.carried()
    it.old.put(1, 0, word(5, State.TCP_ESTABLISHED, 101))
    it.now.put(1, 0, 0n)
    ways.carry()
    expect(it.now.find(1, 10)).toBeUndefined()
    expectCountsTrue(it)
  })

  test('that are being written are taken at the next look', () => {
    const it = rig()
    const ways = it.carried()
    it.old.view.setBigUint64(it.old.at(1, 0) + 8, 1n, true)
    ways.carry()
    expect(it.now.get(1, 0)).toBe(0n)
    it.old.view.setBigUint64(it.old.at(1, 0) + 8, 0n, true)
    it.old.begin(1, 0, 10, 5, 100)
    ways.carry()
    expect(it.now.find(1, 10)).toBe(0)
    expectCountsTrue(it)
  })

  test('find another way of their set when theirs is taken, and are not counted when there is none', () => {
    const it = rig()
    const ways = it.carried()
    it.now.begin(1, 0, 50, 6, 100)
    it.old.begin(1, 0, 10, 5, 100)
    ways.carry()
    expect(it.now.find(1, 10)).toBe(1)
    for (const way of [2, 3]) it.now.begin(1, way, 50 + way, 6, 100)
    it.old.begin(1, 1, 11, 5, 100)
    ways.carry()
    expect(it.now.find(1, 11)).toBeUndefined()
    expectCountsTrue(it)
  })

  test('after a controller that died: the later word stays, what is missing comes', () => {
    const it = rig()
    for (let way = 0; way < 3; way++) it.old.begin(1, way, 10 + way, 5, 100)
    it.carried()
    it.old.put(1, 0, word(5, State.TCP_ESTABLISHED, 101))
    it.now.put(1, 1, word(5, State.TCP_ESTABLISHED, 101))
    it.old.begin(1, 3, 77, 5, 102)
    it.carried(false)
    expect([0, 1].map((way) => CONN.stamp(it.now.get(1, way)))).toEqual([101, 101])
    expect(it.now.find(1, 77)).toBe(3)
  })

  test.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'counts are true whatever both programs did (%i)',
    (seed) => {
      const it = rig()
      const below = random(seed)
      const states = [State.TCP_ESTABLISHED, State.TCP_FIN_WAIT, State.TCP_CLOSE]
      let now = 100
      const act = (packets: Packets) => {
        const [set, client] = [below(SETS), 1 + below(9)]
        const way = packets.find(set, client)
        now += below(2)
        if (way === undefined) packets.begin(set, below(WAYS), client, 1 + below(3), now)
        else if (below(4) === 0) packets.put(set, way, 0n)
        else packets.put(set, way, word(CONN.real(packets.get(set, way)), states[below(3)] as number, now))
      }
      for (let i = 0; i < 40; i++) act(it.old)
      const ways = it.carried()
      for (let round = 0; round < 4; round++) {
        for (let i = 0; i < 12; i++) act(below(2) === 0 ? it.old : it.now)
        ways.carry()
      }
      expectCountsTrue(it)
    },
  )
})

describe('templates', () => {
  const OLD = set(2, 32, {
    net: [0, { kind: 'array', of: u32, length: 4 }],
    vip: [16, u16],
    virtual_port: [18, u16],
    control: [20, u32],
    data: [24, u64],
  })
  const NEW = set(2, 40, {
    net: [0, { kind: 'array', of: u32, length: 4 }],
    vip: [16, u16],
    virtual_port: [18, u16],
    control: [20, u32],
    fresh: [24, u64],
    data: [32, u64],
  })
  const of = (real: number, stamp: number) =>
    (BigInt(real) << BigInt(TemplateBits.TEMPLATE_REAL_SHIFT)) | BigInt(stamp)

  test('keep their count while both programs change it, and get what the old one noted', () => {
    const [from, to] = [memory(64), memory(80)]
    const persistents = new Map<number, bigint>([[5, 1n]])
    const [old, now] = [new DataView(from.bytes.buffer), new DataView(to.bytes.buffer)]
    old.setUint32(0, 0x0a000000, true)
    old.setUint32(20, 3, true)
    old.setBigUint64(24, of(5, 100), true)
    const count = (real: number, delta: bigint) =>
      void persistents.set(real, (persistents.get(real) ?? 0n) + delta)
    const ways = new Ways({ from, to, before: OLD, now: NEW, meaning: TEMPLATE, count }, true)
    expect([now.getUint32(20, true), now.getBigUint64(32, true)]).toEqual([3, of(5, 100)])
    now.setUint32(20, 4, true)
    old.setUint32(20, (TemplateControl.TEMPLATE_ASSURED | 5) >>> 0, true)
    old.setBigUint64(24, of(5, 101), true)
    ways.carry()
    expect([now.getUint32(20, true), now.getBigUint64(32, true)]).toEqual([
      (TemplateControl.TEMPLATE_ASSURED | 6) >>> 0,
      of(5, 101),
    ])
    old.setBigUint64(24, of(6, 102), true)
    for (const [real, delta] of [
      [5, -1n],
      [6, 1n],
    ] as const)
      count(real, delta)
    ways.carry()
    expect(now.getBigUint64(32, true)).toBe(of(6, 102))
    expect([...persistents]).toEqual([
      [5, 0n],
      [6, 1n],
    ])
  })
})

test('of two stamps the later one is known, round the end of the clock', () => {
  expect([newer(5, 3), newer(3, 5), newer(3, 3), newer(2, 0xfffffe), newer(0xfffffe, 2)]).toEqual([
    true,
    false,
    false,
    true,
    false,
  ])
})
