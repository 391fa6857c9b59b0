// SPDX-License-Identifier: Apache-2.0
// A director without a network: the real datapath, opened, planned and applied as the daemon does it, whose program
// gets packets by test-run. Time stands still until the test moves it.
import { existsSync, readdirSync } from 'node:fs'
import { openMap, openProgram, u32 } from 'libbpf-ts'
import {
  Iface_SIZE,
  Limit,
  Nexthop_SIZE,
  NexthopKind,
  Real_OFFSETS,
  Real_SIZE,
  Reason,
  ReasonNames,
  Settings_OFFSETS,
  Verdict_SIZE,
  writeIface,
  writeNexthop,
} from '../../src/abi/generated.js'
import { clearDatapath, openDatapath } from '../../src/datapath/open.js'
import type { Datapath } from '../../src/datapath/types.js'
import { DEFAULT_LIMITS, type Limits, type Tunables } from '../../src/model/types.js'
import { diff } from '../../src/plan/diff.js'
import { bytes, DIRECTOR_MAC, mac, realMac } from '../packets/frames.js'
import {
  ACTIONS,
  type ActionName,
  desired,
  type HopWords,
  type Judgement,
  type Load,
  RIG_TUNABLES,
  type RigOptions,
  type RuleWords,
  type ServiceWords,
  TICK_SECONDS,
  unwrap,
} from './rig-words.js'

export * from './rig-words.js'

export const LOOPBACK = 1
const FLOW_MEMORY = [
  'conns4',
  'conns6',
  'templates',
  'loads',
  'persistents',
  'overflow',
  'tokens',
  'handshakes',
] as const
const FLOW_HASHES = ['frags', 'near'] as const

/** One row's reason; forwarded by another interface counts under the same name. */
function reasonName(row: number): string {
  const redirected = row >= Reason.FORWARD_CONN + 8 && row < Reason.FORWARD_END + 8
  return ReasonNames[redirected ? row - 8 : row]?.toLowerCase() ?? `reason_${row}`
}

/** XLVS_BPF_OBJECT names another build: a broken one shows whether tests can fail. */
const BUILT = new URL('../../build/bpf/xlvs.bpf.o', import.meta.url).pathname

const BPF_FILES = '/sys/fs/bpf'
let rigs = 0

/** Pins of a run that was killed. */
function clearOrphans(): void {
  for (const name of existsSync(BPF_FILES) ? readdirSync(BPF_FILES) : []) {
    const pid = /^xlvs-rig-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) clearDatapath(`${BPF_FILES}/${name}`)
  }
}

export class Rig {
  readonly datapath: Datapath
  readonly #root: string
  readonly #limits: Limits
  readonly #program
  readonly #memory = new Map<string, DataView>()
  readonly #hops = new Map<string, HopWords>()
  readonly #addressOfMac = new Map<string, string>()
  readonly #slots = new Map<string, number>()
  #tunables: Tunables = RIG_TUNABLES

  static async open(options: RigOptions = {}): Promise<Rig> {
    const limits = {
      ...DEFAULT_LIMITS,
      connections: 16_384,
      reals: 1_024,
      services: 256,
      interfaces: 4,
      ...options.limits,
    }
    if (rigs === 0) clearOrphans()
    const pinRoot = `${BPF_FILES}/xlvs-rig-${process.pid}-${rigs++}`
    const object = options.object ?? process.env['XLVS_BPF_OBJECT'] ?? BUILT
    const datapath = unwrap(
      await openDatapath({ pinRoot, object, limits, manualClock: options.manualClock ?? true }),
    )
    return new Rig(datapath, pinRoot, limits)
  }

  private constructor(datapath: Datapath, root: string, limits: Limits) {
    this.datapath = datapath
    this.#root = root
    this.#limits = limits
    this.#program = openProgram(`${root}/prog`)
    this.setInterface(LOOPBACK, 0)
    this.setTunables({})
  }

  /** A pinned map's memory, writable where the datapath does not own it. */
  memory(name: string): DataView {
    let view = this.#memory.get(name)
    if (!view) {
      const map = openMap(`${this.#root}/maps/${name}`)
      view = new DataView(map.mmap({ writable: true }))
      map.close()
      this.#memory.set(name, view)
    }
    return view
  }

  get pinRoot(): string {
    return this.#root
  }

  /** `merged`: frames may be larger than any MTU, as in generic mode. */
  setInterface(ifindex: number, slot: number, attached = 1, merged = 0): void {
    const iface = { mac: mac(DIRECTOR_MAC), attached, merged, slot }
    writeIface(this.memory('ifaces'), ifindex * Iface_SIZE, iface)
  }

  /** Those named; the others keep what they have. */
  setTunables(tunables: Partial<Tunables>): void {
    this.#tunables = { ...this.#tunables, ...tunables }
    this.datapath.setTunables(this.#tunables)
  }

  /** Lets packets leave by an interface that exists. */
  openPort(ifindex: number): void {
    const ports = openMap(`${this.#root}/maps/tx_ports`)
    ports.update(u32(ifindex), u32(ifindex))
    ports.close()
  }

  /** As if no packet had ever come: what flows left behind is gone, services and counters stay. */
  reset(): void {
    for (const name of FLOW_MEMORY) {
      const { buffer, byteOffset, byteLength } = this.memory(name)
      new Uint8Array(buffer, byteOffset, byteLength).fill(0)
    }
    for (const name of FLOW_HASHES) {
      const map = openMap(`${this.#root}/maps/${name}`)
      for (let key = map.nextKey(); key !== undefined; key = map.nextKey()) map.delete(key)
      map.close()
    }
  }

  apply(services: readonly ServiceWords[], marks: readonly RuleWords[] = []): void {
    const wish = desired(services, this.#limits, { marks, tunables: this.#tunables })
    unwrap(this.datapath.apply(unwrap(diff(wish, this.datapath.actual(), this.datapath.now()))))
    const actual = this.datapath.actual()
    for (const address of new Set(wish.services.flatMap(({ reals }) => reals.map((real) => real.address)))) {
      this.setHop(address, this.#hops.get(address) ?? {}, actual)
    }
  }

  /** `actual`: what is there now, where the caller has asked already. */
  setHop(address: string, hop: HopWords, actual = this.datapath.actual()): void {
    this.#hops.set(address, hop)
    const slot = this.#slotOf(address, hop)
    const kind = { ethernet: NexthopKind.NEXTHOP_ETHERNET, local: NexthopKind.NEXTHOP_LOCAL, unresolved: 0 }
    const text = hop.mac ?? realMac(address)
    this.#addressOfMac.set(text, address)
    writeNexthop(this.memory('nexthops'), slot * Nexthop_SIZE, {
      dstMac: mac(text),
      srcMac: mac(DIRECTOR_MAC),
      ifindex: hop.ifindex ?? LOOPBACK,
      kind: kind[hop.kind ?? 'ethernet'],
      tags: hop.tags?.length ?? 0,
      tpid: [hop.tags?.[0]?.tpid ?? 0, hop.tags?.[1]?.tpid ?? 0],
      tci: [hop.tags?.[0]?.vid ?? 0, hop.tags?.[1]?.vid ?? 0],
      mtu: hop.mtu ?? 0,
    })
    for (const { reals, trash } of actual.services.values()) {
      for (const real of [...reals, ...trash]) {
        if (real.address !== address) continue
        this.memory('reals').setUint32(real.id * Real_SIZE + Real_OFFSETS.nexthop, slot, true)
      }
    }
  }

  /** Next hops are immutable once used. From the end: the datapath takes its own from the beginning. */
  #slotOf(address: string, hop: HopWords): number {
    const text = JSON.stringify([address, hop])
    const last = Math.floor(this.memory('nexthops').byteLength / Nexthop_SIZE) - 1
    const slot = this.#slots.get(text) ?? last - this.#slots.size
    this.#slots.set(text, slot)
    return slot
  }

  /** `metadata`: bytes of XDP metadata in front of the frame. */
  send(data: Uint8Array, ifindex = LOOPBACK, metadata = 0): Judgement {
    const before = this.reasons()
    const context = new Uint8Array(24)
    const words = new DataView(context.buffer)
    words.setUint32(0, metadata, true)
    words.setUint32(4, metadata + data.length, true)
    words.setUint32(12, ifindex, true)
    const whole = metadata === 0 ? data : bytes(new Uint8Array(metadata), data)
    const result = this.#program.run({ data: whole, context, dataOutSize: whole.length + 64 })
    const after = this.reasons()
    const reason = Object.keys(after).find((name) => after[name] !== before[name]) ?? 'uncounted'
    const frame = result.data.subarray(metadata)
    return { action: ACTIONS[result.returnValue] ?? 'aborted', reason, frame }
  }

  /** The frame on loopback, and nothing but the program's answer: for many frames. */
  run(data: Uint8Array): { readonly returnValue: number; readonly data: Uint8Array } {
    return this.#program.run({ data, dataOutSize: data.length + 64 })
  }

  /** Many times the same frame; nothing is read but the last action. */
  repeat(data: Uint8Array, times: number): ActionName {
    return ACTIONS[this.#program.run({ data, repeat: times }).returnValue] ?? 'aborted'
  }

  /** The real server whose MAC a forwarded frame carries. */
  realOf({ action, frame }: Judgement): string | undefined {
    if (action !== 'tx' && action !== 'redirect') return undefined
    const to = [...frame.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
    return this.#addressOfMac.get(to)
  }

  /** Send and tell the real server, or the reason why there is none. */
  goes(data: Uint8Array): string {
    const judgement = this.send(data)
    return this.realOf(judgement) ?? judgement.reason
  }

  /** Ticks. */
  clock(): number {
    return this.memory('settings').getUint32(Settings_OFFSETS.clock, true)
  }

  advance(seconds: number): void {
    this.advanceTicks(Math.ceil(seconds / TICK_SECONDS))
  }

  advanceTicks(ticks: number): void {
    this.memory('settings').setUint32(Settings_OFFSETS.clock, this.clock() + ticks, true)
  }

  /** Every table once. */
  sweep(): void {
    this.datapath.sweep({ sets: 1 << 30 })
  }

  /** Packets by reason so far. */
  reasons(): Record<string, bigint> {
    const rows = this.memory('verdicts')
    const sums: Record<string, bigint> = {}
    for (let row = 0; row * Verdict_SIZE < rows.byteLength; row++) {
      const packets = rows.getBigUint64(row * Verdict_SIZE, true)
      const name = reasonName(row % Limit.REASONS)
      if (packets > 0n) sums[name] = (sums[name] ?? 0n) + packets
    }
    return sums
  }

  /** By address of real server, over all services that have it. */
  loads(): Record<string, Load> {
    const sums: Record<string, Load> = {}
    for (const real of this.datapath.snapshot(desired([])).services.flatMap(({ reals }) => reals)) {
      const sum = sums[real.address] ?? { active: 0, inactive: 0, persistent: 0 }
      sums[real.address] = {
        active: sum.active + real.active,
        inactive: sum.inactive + real.inactive,
        persistent: sum.persistent + real.persistent,
      }
    }
    return sums
  }

  async close(): Promise<void> {
    this.#program.close()
    await this.datapath.destroy()
  }
}
