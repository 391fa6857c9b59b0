// SPDX-License-Identifier: Apache-2.0
// The real program over real maps, whose flows are named one by one: they begin, are asked after, end. Time stands still.
import { readFileSync } from 'node:fs'
import { type BpfMap, type BpfProgram, jiffyNs, openMap, openObject, possibleCpus } from 'libbpf-ts'
import { addressToBytes } from '../../src/abi/address.js'
import { Family, Limit, readTotals, Settings_OFFSETS, Totals_SIZE } from '../../src/abi/generated.js'
import { bindTo } from '../../src/datapath/load.js'
import { Rig } from '../../test/bpf/rig.js'
import { CLIENT_MAC, DIRECTOR_MAC, mac } from '../../test/packets/frames.js'
import { OBJECT } from '../subjects.js'
import type { Crowd } from './keys.js'

const HARNESS = 'build/bench-bpf/table.bpf.o'
const VIP = { 4: '192.0.2.10', 6: '2001:db8::10' } as const
const REALS = {
  4: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'],
  6: ['fd00::1', 'fd00::2', 'fd00::3', 'fd00::4'],
} as const
/** TABLE_BATCH and struct table_flow, bench/bpf/table.bpf.c */
const BATCH = 1 << 16
const FLOW = { size: 24, port: 16, went: 20 } as const
/** struct table_order */
const ORDER = {
  next: 0,
  family: 4,
  flags: 8,
  strayed: 12,
  second: 16,
  absent: 20,
  virtual: 24,
  port: 40,
  macs: 42,
} as const
const TCP = { handshake: 0, rst: 0x04, ack: 0x10 } as const
/** CLOSE lasts 10 s. */
const CLOSED_SECONDS = 11

export interface Census {
  /** in the table, in either set */
  readonly stored: number
  readonly second: number
  /** packets that went elsewhere than the first of their flow */
  readonly strayed: number
}

export interface Director {
  readonly ways: number
  /** Flows begin: a SYN and an ACK each. `flows` are numbers in the crowd. */
  begin(flows: Uint32Array): void
  /** Each sends a packet, which has to go where its first went. */
  ask(flows: Uint32Array): Census
  /** Each is reset; when their connections are over the sweep takes them. */
  end(flows: Uint32Array): void
  /** of the table since it was opened or emptied */
  counts(): { readonly evicted: number; readonly unstored: number }
  /** As if no packet had come. */
  empty(): void
  close(): Promise<void>
}

export async function openDirector(connections: number, family: 4 | 6, crowd: Crowd): Promise<Director> {
  const rig = await Rig.open({ object: OBJECT, limits: { connections }, manualClock: true })
  try {
    rig.apply([{ vip: VIP[family], scheduler: 'rr', reals: [...REALS[family]] }])
    return new TableDirector(rig, family, crowd)
  } catch (error) {
    await rig.close()
    throw error
  }
}

class TableDirector implements Director {
  readonly ways: number
  readonly #rig: Rig
  readonly #family: 4 | 6
  readonly #crowd: Crowd
  readonly #order: DataView
  readonly #batch: DataView
  readonly #offer: BpfProgram
  readonly #locate: BpfProgram
  readonly #close: () => void
  /** where each flow's SYN went, by its number */
  #went = new Uint32Array(0)
  #before = { evicted: 0, unstored: 0 }

  constructor(rig: Rig, family: 4 | 6, crowd: Crowd) {
    const loaded = loadOver(rig)
    this.#rig = rig
    this.#family = family
    this.#crowd = crowd
    this.#order = new DataView(loaded.object.map('.data.order').mmap({ writable: true }))
    this.#batch = new DataView(loaded.object.map('batch').mmap({ writable: true }))
    this.#offer = loaded.object.program('offer')
    this.#locate = loaded.object.program('locate')
    this.#close = loaded.close
    this.ways = loaded.sets[family] * (family === 4 ? Limit.CONN4_WAYS : Limit.CONN6_WAYS)
    this.#address()
  }

  begin(flows: Uint32Array): void {
    this.#remember(flows)
    this.#inBatches(flows, (batch) => {
      this.#run(this.#offer, TCP.handshake, 2 * batch.length)
      for (let i = 0; i < batch.length; i++)
        this.#went[batch[i] ?? 0] = this.#batch.getUint32(i * FLOW.size + FLOW.went, true)
    })
    const lost = this.#order.getUint32(ORDER.strayed, true)
    if (lost > 0) throw new Error(`${lost} flows were parted from their real server by their second packet`)
  }

  ask(flows: Uint32Array): Census {
    for (const field of [ORDER.strayed, ORDER.second, ORDER.absent]) this.#order.setUint32(field, 0, true)
    this.#inBatches(flows, (batch) => {
      this.#run(this.#offer, TCP.ack, batch.length)
      this.#run(this.#locate, TCP.ack, batch.length)
    })
    const of = (field: number) => this.#order.getUint32(field, true)
    const census = {
      stored: flows.length - of(ORDER.absent),
      second: of(ORDER.second),
      strayed: of(ORDER.strayed),
    }
    this.#order.setUint32(ORDER.strayed, 0, true)
    return census
  }

  end(flows: Uint32Array): void {
    this.#inBatches(flows, (batch) => this.#run(this.#offer, TCP.rst, batch.length))
    this.#order.setUint32(ORDER.strayed, 0, true)
    this.#rig.advance(CLOSED_SECONDS)
    this.#rig.sweep()
  }

  counts() {
    const now = this.#totals()
    return {
      evicted: now.evicted - this.#before.evicted,
      unstored: now.unstored - this.#before.unstored,
    }
  }

  empty(): void {
    this.#rig.reset()
    this.#before = this.#totals()
  }

  async close(): Promise<void> {
    this.#close()
    await this.#rig.close()
  }

  #address(): void {
    const bytes = new Uint8Array(this.#order.buffer, this.#order.byteOffset)
    this.#order.setUint32(ORDER.family, this.#family === 4 ? Family.IPV4 : Family.IPV6, true)
    bytes.set(addressToBytes(VIP[this.#family]), ORDER.virtual)
    this.#order.setUint16(ORDER.port, 80, false)
    bytes.set([...mac(DIRECTOR_MAC), ...mac(CLIENT_MAC)], ORDER.macs)
  }

  #remember(flows: Uint32Array): void {
    const most = flows.reduce((found, flow) => Math.max(found, flow), 0)
    if (most < this.#went.length) return
    const grown = new Uint32Array(Math.max(most + 1, 2 * this.#went.length))
    grown.set(this.#went)
    this.#went = grown
  }

  #inBatches(flows: Uint32Array, run: (batch: Uint32Array) => void): void {
    for (let from = 0; from < flows.length; from += BATCH) {
      const batch = flows.subarray(from, from + BATCH)
      for (let i = 0; i < batch.length; i++) this.#name(i, batch[i] ?? 0)
      run(batch)
    }
  }

  #name(i: number, flow: number): void {
    const { client, port } = this.#crowd.key(flow, this.#family)
    const at = i * FLOW.size
    for (let word = 0; word < 4; word++) this.#batch.setUint32(at + 4 * word, client[word] ?? 0, false)
    this.#batch.setUint16(at + FLOW.port, port, false)
    this.#batch.setUint32(at + FLOW.went, this.#went[flow] ?? 0, true)
  }

  #run(program: BpfProgram, flags: number, packets: number): void {
    this.#order.setUint32(ORDER.next, 0, true)
    this.#order.setUint32(ORDER.flags, flags, true)
    program.run({ data: new Uint8Array(FRAME_BYTES), repeat: packets })
    const sent = this.#order.getUint32(ORDER.next, true)
    if (sent !== packets) throw new Error(`${packets} packets were wanted and ${sent} sent`)
  }

  #totals() {
    const rows = this.#rig.memory('totals')
    let [evicted, unstored] = [0, 0]
    for (let at = 0; at < rows.byteLength; at += Totals_SIZE) {
      const { connsEvicted, connsUnstored } = readTotals(rows, at)
      evicted += Number(connsEvicted)
      unstored += Number(connsUnstored)
    }
    return { evicted, unstored }
  }
}

/** Ethernet, IPv6, TCP. */
const FRAME_BYTES = 14 + 40 + 20

function loadOver(rig: Rig) {
  const spec = openObject(readFileSync(HARNESS), { name: 'table' })
  const maps = new Map<string, BpfMap>()
  const pinned = (name: string) => {
    const map = maps.get(name) ?? openMap(`${rig.pinRoot}/maps/${name}`)
    maps.set(name, map)
    return map
  }
  const seed = rig.memory('settings').getBigUint64(Settings_OFFSETS.seed, true)
  bindTo(spec, pinned, { seed, cpus: possibleCpus(), manualClock: true, jiffy: jiffyNs() })
  const sets = { 4: pinned('conns4').maxEntries, 6: pinned('conns6').maxEntries }
  const object = spec.load()
  const close = () => {
    object.close()
    for (const map of maps.values()) map.close()
  }
  return { object, sets, close }
}
