// SPDX-License-Identifier: Apache-2.0
// The Datapath over open maps and programs: each method is a few lines over a topic file.
import { uptime } from 'node:os'
import { possibleCpus } from 'libbpf-ts'
import { Settings_OFFSETS } from '../abi/generated.js'
import { succeed } from '../model/describe.js'
import type { TraceWish } from '../model/trace-wish.js'
import type { AddressText, AttachMode, Desired, Limits, MacText, Timeouts, Tunables } from '../model/types.js'
import type { Actual } from '../plan/actual.js'
import type { Op } from '../plan/ops.js'
import type { WeightChange } from '../plan/what-if.js'
import { ActualReader, type Look } from './actual.js'
import { applyOps } from './apply.js'
import { Arena } from './arena.js'
import { bindingsOf } from './bindings.js'
import type { Target } from './carry-out.js'
import { ticksNow } from './clock.js'
import { readConns, readTemplates } from './conns.js'
import { Counter } from './counts.js'
import { Ledger } from './ledger.js'
import type { Programs } from './load.js'
import { type Maps, store32 } from './maps.js'
import { createOrgans, type Organs } from './organs.js'
import { clearPins, type Pins } from './pins.js'
import { Rehearsal } from './rehearsal.js'
import type { Repair } from './repair.js'
import { notePeers, writeDefence, writePeers, writeTimeouts, writeTunables } from './settings.js'
import { takeSnapshot } from './snapshot.js'
import { handshakesOf, reasonsOf } from './stats.js'
import { Sweeper } from './sweep.js'
import { Tallies } from './tallies.js'
import { tellOf } from './told.js'
import { endTrace, linkNames, startTrace } from './trace.js'
import type { Traced } from './trace-record.js'
import type { ConnFilter, Datapath, Defence, NextHopState } from './types.js'

export interface Parts {
  readonly pins: Pins
  readonly maps: Maps
  readonly programs: Programs
  readonly adopted: boolean
  readonly limits: Limits
  readonly manualClock: boolean
  /** ns */
  readonly jiffy: number
  /** the compiled rehearsal, beside the program */
  readonly rehearsal: string
}

export async function createDatapath(parts: Parts): Promise<Datapath> {
  return new KernelDatapath(parts, await createOrgans(parts, parts.programs.xlvs))
}

class KernelDatapath implements Datapath {
  readonly #parts: Parts
  readonly #organs: Organs
  readonly #target: Target
  readonly #sweeper: Sweeper
  readonly #rehearsal: Rehearsal
  readonly #reader: ActualReader
  readonly #ledger: Ledger
  readonly #tallies: Tallies
  readonly #counter: Counter
  #repairs: readonly Repair[] = []
  #changes = 0
  readonly #cpus = possibleCpus()
  /** until the first look: another controller may have died in mid-change */
  #doubtful: boolean

  constructor(parts: Parts, organs: Organs) {
    this.#parts = parts
    this.#organs = organs
    this.#doubtful = parts.adopted
    endTrace(parts.maps)
    notePeers(parts.maps)
    this.#ledger = new Ledger(parts.maps)
    this.#reader = new ActualReader(parts.maps, parts.limits, this.#ledger)
    this.#tallies = new Tallies(parts.maps, this.#cpus)
    this.#counter = new Counter(parts.maps, this.#cpus, this.#tallies)
    this.#rehearsal = new Rehearsal({ ...parts, object: parts.rehearsal, cpus: this.#cpus })
    this.#sweeper = new Sweeper(parts.programs.sweep, parts.maps)
    this.#target = {
      maps: parts.maps,
      arena: new Arena(parts.maps.sizes.tables, this.#ledger.ranges(), organs.clock),
      ledger: this.#ledger,
      bindings: bindingsOf(organs),
      cpus: this.#cpus,
      tallies: this.#tallies,
      pause: (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
    }
  }

  get adopted() {
    return this.#parts.adopted
  }

  get limits() {
    return this.#parts.limits
  }

  get program() {
    const { id, tag } = this.#parts.programs.xlvs
    return { id, tag }
  }

  actual(): Actual {
    const actual = this.#read({ verify: this.#doubtful, marked: true })
    // what is stale stays in doubt until it is published anew
    this.#doubtful = this.#doubtful && [...actual.services.values()].some((service) => service.stale)
    return actual
  }

  apply(ops: readonly Op[]) {
    const before = this.#doubtful
    this.#doubtful = true
    this.#counter.moved()
    const outcome = this.#settle(() => applyOps(this.#target, ops))
    this.#changes += 1
    this.#doubtful = before
    return outcome
  }

  mend() {
    const { slots, ports, interfaces, hops } = this.#organs
    const repairs = [
      ...this.#repairs,
      ...this.#ledger.mend(),
      ...slots.mend(),
      ...ports.mend(),
      ...interfaces.mend([...hops.links.values()]),
    ]
    this.#repairs = []
    return repairs
  }

  async attach(name: string, mode: AttachMode) {
    return this.#organs.interfaces.attach(name, mode, [...this.#organs.hops.links.values()])
  }

  async detach(name: string) {
    return this.#organs.interfaces.detach(name)
  }

  attachments() {
    return this.#organs.interfaces.list()
  }

  resolveNextHops(addresses: readonly AddressText[], deadlineMs: number) {
    return this.#organs.hops.resolve(addresses, deadlineMs)
  }

  async watchNextHops(onChange: (state: NextHopState) => void = () => {}) {
    this.#organs.hops.follow(onChange)
  }

  nextHop(address: AddressText) {
    return this.#organs.hops.state(address)
  }

  snapshot(names: Desired) {
    const sources = {
      maps: this.#parts.maps,
      cpus: this.#cpus,
      actual: this.#read(),
      attachments: this.attachments(),
      nextHop: (address: AddressText) => this.nextHop(address),
      tables: this.#sweeper.tables(),
      tallies: this.#tallies,
    }
    return takeSnapshot(sources, names, Date.now())
  }

  counts() {
    return this.#counter.look(() => this.#read(), this.limits.interfaces)
  }

  reasons() {
    return reasonsOf(this.#parts.maps, this.#cpus, this.limits.interfaces)
  }

  handshakes(real: number) {
    return handshakesOf(this.#parts.maps, this.#cpus, real)
  }

  *conns(filter?: ConnFilter) {
    for (const entry of this.connsInPieces(filter)) if (entry !== undefined) yield entry
  }

  *templates(filter?: ConnFilter) {
    for (const entry of this.templatesInPieces(filter)) if (entry !== undefined) yield entry
  }

  connsInPieces(filter?: ConnFilter) {
    return readConns(this.#parts.maps, this.#read(), this.#ticks(), filter)
  }

  templatesInPieces(filter?: ConnFilter) {
    return readTemplates(this.#parts.maps, this.#read(), this.#ticks(), filter)
  }

  rehearse(frame: Uint8Array, ifindex: number, changes: readonly WeightChange[] = []) {
    const actual = this.#read()
    const rehearsed = this.#rehearsal.rehearse(frame, ifindex, actual, changes)
    if (!rehearsed.ok) return rehearsed
    const { maps } = rehearsed.value
    const seen = changes.length === 0 ? actual : new ActualReader(maps, this.limits, this.#ledger).read()
    return succeed(tellOf(rehearsed.value, seen))
  }

  sweep(budget: { readonly sets: number }) {
    return this.#sweeper.sweep(budget.sets)
  }

  defend(at: number) {
    return this.#sweeper.defend(at)
  }

  setTimeouts(timeouts: Timeouts) {
    this.#settle(() => writeTimeouts(this.#parts.maps.settings, timeouts))
  }

  setTunables(tunables: Tunables) {
    this.#settle(() => writeTunables(this.#parts.maps.settings, tunables))
  }

  setDefence(defence: Defence) {
    this.#settle(() => writeDefence(this.#parts.maps.settings, defence))
  }

  setPeers(macs: readonly MacText[]) {
    this.#settle(() => writePeers(this.#parts.maps, macs))
  }

  trace(wish: TraceWish, onRecord: (record: Traced) => void) {
    const { maps } = this.#parts
    const switchTo = (on: 0 | 1) => this.#settle(() => store32(maps.settings, Settings_OFFSETS.trace, on))
    const now = { actual: () => this.#read(), generation: () => this.#changes }
    return startTrace({ maps, switchTo, ...now, ...linkNames(this.#organs.hops.links) }, wish, onRecord)
  }

  now() {
    return Math.max(1, Math.floor(uptime()))
  }

  close() {
    this.#organs.hops.close()
    this.#organs.interfaces.close()
    this.#rehearsal.close()
    for (const program of Object.values(this.#parts.programs)) program.close()
    for (const map of Object.values(this.#parts.maps.handles)) map.close()
  }

  async destroy() {
    await this.#organs.hops.forget()
    this.close()
    clearPins(this.#parts.pins.root)
  }

  /** What is decided or told is what this controller has made. */
  #read(look: Look = {}): Actual {
    this.#repairs = [...this.#repairs, ...this.#ledger.mend()]
    return this.#reader.read(look)
  }

  /** Writes settings; what somebody else has made of them before is undone first, not learned. */
  #settle<T>(write: () => T): T {
    this.#repairs = [...this.#repairs, ...this.#ledger.mendSettings()]
    try {
      return write()
    } finally {
      this.#ledger.learnSettings()
    }
  }

  #ticks() {
    const { maps, programs, manualClock, jiffy } = this.#parts
    return manualClock
      ? maps.settings.getUint32(Settings_OFFSETS.clock, true)
      : ticksNow(programs.clock, jiffy)
  }
}
