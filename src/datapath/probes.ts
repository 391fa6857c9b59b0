// SPDX-License-Identifier: Apache-2.0
// Health checks through the VIP: a marked socket talks to a real server's own address, and its packets are addressed to
// the VIP on the wire (probe.bpf.c). Maps and programs are this process's; filters that it leaves when it is killed touch
// nothing, and the next one replaces them.
import { existsSync, readFileSync } from 'node:fs'
import { BpfError, type BpfMap, type BpfObject, openObject, u32 } from 'libbpf-ts'
import { addressToBytes, familyOf } from '../abi/address.js'
import {
  Family as AbiFamily,
  ProbeMark,
  type ProbeTarget,
  ProbeTarget_SIZE,
  writeProbeTarget,
} from '../abi/generated.js'
import { fail } from '../model/describe.js'
import type { AddressText, Family, Outcome } from '../model/types.js'
import { DEFAULT_PIN_ROOT, pinsIn } from './pins.js'
import { openProbeFilters, type ProbeFilters, probedInterfaces } from './probe-filters.js'
import { openProbeSocket, type ProbeSocket } from './probe-socket.js'
import { probeSource } from './probe-source.js'
import { findNeeds, problemOf } from './problems.js'

export interface Probes {
  /** Mark for sockets whose packets go to `real` but are addressed to `vip`; the same pair gives the same mark. */
  target(vip: AddressText, real: AddressText): Outcome<number>
  /** As often as it was asked for; what its sockets still send then goes nowhere. */
  release(mark: number): void
  /** From now on exactly these have the tc programs. Those that cannot are told, and the others have them. */
  attach(interfaces: readonly string[]): Outcome<void>
  /**
   * An unconnected socket's descriptor, to be handed to net.Socket or dgram, or closed. Marked ones are bound: to
   * `bind`, or to an address that is no VIP and a port of their own.
   */
  socket(spec: ProbeSocket): Outcome<number>
  /** Another process has put its programs in the place of these: marked sockets are not carried any more. */
  displaced(): boolean
  /** Takes the programs off every interface. */
  close(): void
}

export interface ProbeOptions {
  /** directory in a BPF file system, where it is kept which interfaces have the programs; /sys/fs/bpf/xlvs */
  readonly pinRoot?: string
  /** the compiled programs, probe.bpf.o */
  readonly object?: string
}

const DEFAULT_OBJECT = new URL('../bpf/probe.bpf.o', import.meta.url).pathname

/** Refused where the kernel has no tc with BPF: then checks can ask real servers at their own addresses only. */
export function openProbes(options: ProbeOptions = {}): Outcome<Probes> {
  const pins = pinsIn(options.pinRoot ?? DEFAULT_PIN_ROOT)
  const path = options.object ?? DEFAULT_OBJECT
  const needs = findNeeds(pins.root)
  if (needs.length > 0) return { ok: false, problems: needs }
  if (!existsSync(path))
    return fail({ subject: path, reason: 'the compiled probe programs are not there', fix: 'run `make`' })
  try {
    const object = openObject(readFileSync(path), { name: 'xlvs_probe' }).load()
    const filters = openProbeFilters(pins, object)
    if (filters.ok) return { ok: true, value: new KernelProbes(object, filters.value) }
    object.close()
    return filters
  } catch (error) {
    if (error instanceof BpfError) return { ok: false, problems: [problemOf(error)] }
    throw error
  }
}

/** Programs of a process that runs, or that was killed, are on an interface. */
export function probesAreOn(pinRoot: string): boolean {
  return probedInterfaces(pinsIn(pinRoot)).length > 0
}

interface Pair {
  readonly index: number
  readonly vip: AddressText
  readonly real: AddressText
  readonly text: string
  users: number
}

class KernelProbes implements Probes {
  readonly #object: BpfObject
  readonly #filters: ProbeFilters
  readonly #targets: BpfMap
  readonly #vips: BpfMap
  readonly #byText = new Map<string, Pair>()
  readonly #byIndex = new Map<number, Pair>()
  readonly #pairsOf = new Map<AddressText, number>()
  /** A number that was just given back is not given out again soon: its last packets may be on their way. */
  #next = 0

  constructor(object: BpfObject, filters: ProbeFilters) {
    this.#object = object
    this.#filters = filters
    this.#targets = object.map('probe_targets')
    this.#vips = object.map('probe_vips')
  }

  target(vip: AddressText, real: AddressText): Outcome<number> {
    const text = `${vip} ${real}`
    const known = this.#byText.get(text)
    if (known) {
      known.users++
      return { ok: true, value: ProbeMark.PROBE_MARK + known.index }
    }
    if (familyOf(vip) !== familyOf(real)) return fail(otherFamily(vip, real))
    const index = this.#freeIndex()
    if (index === undefined) return fail(full(vip))
    try {
      this.#vips.update(addressToBytes(vip), u32(1))
      this.#write(index, { vip: addressToBytes(vip), family: abiFamily(vip), used: 1 })
    } catch (error) {
      if (error instanceof BpfError) return fail(problemOf(error))
      throw error
    }
    const pair = { index, vip, real, text, users: 1 }
    this.#byText.set(text, pair)
    this.#byIndex.set(index, pair)
    this.#pairsOf.set(vip, (this.#pairsOf.get(vip) ?? 0) + 1)
    return { ok: true, value: ProbeMark.PROBE_MARK + index }
  }

  release(mark: number): void {
    const pair = this.#byIndex.get(mark - ProbeMark.PROBE_MARK)
    if (pair === undefined || --pair.users > 0) return
    this.#byText.delete(pair.text)
    this.#byIndex.delete(pair.index)
    this.#write(pair.index, { vip: new Uint8Array(16), family: 0, used: 0 })
    const left = (this.#pairsOf.get(pair.vip) ?? 0) - 1
    if (left > 0) this.#pairsOf.set(pair.vip, left)
    else {
      this.#pairsOf.delete(pair.vip)
      this.#vips.delete(addressToBytes(pair.vip))
    }
  }

  attach(interfaces: readonly string[]): Outcome<void> {
    return this.#filters.set(interfaces)
  }

  socket(spec: ProbeSocket): Outcome<number> {
    if (spec.mark === undefined || spec.bind !== undefined) return openProbeSocket(spec)
    const pair = this.#byIndex.get(spec.mark - ProbeMark.PROBE_MARK)
    if (pair === undefined) return fail({ reason: `mark ${spec.mark} is not that of a target` })
    const source = probeSource(pair.real, spec.mark, (address) => this.#pairsOf.has(address))
    if (!source.ok) return source
    return openProbeSocket({ ...spec, bind: { address: source.value ?? anyAddress(spec.family) } })
  }

  displaced(): boolean {
    return this.#filters.displaced()
  }

  close(): void {
    this.#filters.close()
    for (const handle of [this.#targets, this.#vips, this.#object]) handle.close()
  }

  #freeIndex(): number | undefined {
    if (this.#byIndex.size === ProbeMark.PROBE_TARGETS) return undefined
    while (this.#byIndex.has(this.#next)) this.#next = (this.#next + 1) % ProbeMark.PROBE_TARGETS
    const index = this.#next
    this.#next = (index + 1) % ProbeMark.PROBE_TARGETS
    return index
  }

  #write(index: number, target: ProbeTarget): void {
    const value = new Uint8Array(ProbeTarget_SIZE)
    writeProbeTarget(new DataView(value.buffer), 0, target)
    this.#targets.update(u32(index), value)
  }
}

function anyAddress(family: Family): AddressText {
  return family === 4 ? '0.0.0.0' : '::'
}

function abiFamily(address: AddressText): number {
  return familyOf(address) === 4 ? AbiFamily.IPV4 : AbiFamily.IPV6
}

function otherFamily(vip: AddressText, real: AddressText) {
  return {
    subject: real,
    reason: `a check cannot travel through ${vip} to ${real}: they are of different families`,
    fix: 'give the check `via: real`',
  }
}

function full(vip: AddressText) {
  return {
    subject: vip,
    reason: `checks travel to ${ProbeMark.PROBE_TARGETS} pairs of a VIP and a real server, and to no more`,
    fix: 'give the checks of some services `via: real`',
  }
}
