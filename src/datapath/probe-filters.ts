// SPDX-License-Identifier: Apache-2.0
// The probe programs on interfaces, as tc filters in a place of their own. For each interface a directory under the pins
// tells of it, so that what a killed process left can be taken off without it: probes/IFINDEX, or IFINDEX-clsact where
// the qdisc is ours as well.
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  BpfError,
  type BpfObject,
  type BpfProgram,
  detachTc,
  interfaceIndex,
  openTcHook,
  queryTc,
  removeClsact,
} from 'libbpf-ts'
import type { Outcome, Problem } from '../model/types.js'
import type { Pins } from './pins.js'
import { problemOf } from './problems.js'

export interface ProbeFilters {
  /** exactly these; those that are not possible are told */
  set(interfaces: readonly string[]): Outcome<void>
  /** another process has put its own in their place somewhere */
  displaced(): boolean
  /** takes them off everywhere, but where another process has put its own in their place */
  close(): void
}

/** "XL", and early: what other filters decide, they decide about the packet as the stack sees it. */
export const PROBE_PLACE = { handle: 0x584c, priority: 20 } as const
const PROGRAMS = { egress: 'xlvs_probe_out', ingress: 'xlvs_probe_in' } as const
const DIRECTIONS = ['ingress', 'egress'] as const
const LOOPBACK = 1
const MADE = '-clsact'

type Programs = Readonly<Record<'ingress' | 'egress', BpfProgram>>

/** Tried on the loopback, where nothing of it remains: a kernel without tc or its BPF classifier is told from the start. */
export function openProbeFilters(pins: Pins, object: BpfObject): Outcome<ProbeFilters> {
  const programs = { egress: object.program(PROGRAMS.egress), ingress: object.program(PROGRAMS.ingress) }
  const close = () => DIRECTIONS.forEach((direction) => void programs[direction].close())
  const problem = tried(pins, 'lo', LOOPBACK, programs)
  remove(pins, LOOPBACK)
  if (problem !== undefined) {
    close()
    return { ok: false, problems: [problem] }
  }
  return {
    ok: true,
    value: {
      set: (interfaces) => set(pins, interfaces, programs),
      displaced: () => probedInterfaces(pins).some((ifindex) => isOthers(ifindex, programs)),
      close: () => {
        for (const ifindex of probedInterfaces(pins)) if (!isOthers(ifindex, programs)) remove(pins, ifindex)
        removeFolder(pins)
        close()
      },
    },
  }
}

/** What a process left on one interface, or on all; whether there was anything. */
export function removeProbeFilters(pins: Pins, only?: number): boolean {
  const there = probedInterfaces(pins).filter((ifindex) => only === undefined || ifindex === only)
  for (const ifindex of there) remove(pins, ifindex)
  removeFolder(pins)
  return there.length > 0
}

function isOthers(ifindex: number, programs: Programs): boolean {
  return DIRECTIONS.some((direction) =>
    queryTc(ifindex, direction).some(
      ({ handle, priority, programId }) =>
        handle === PROBE_PLACE.handle &&
        priority === PROBE_PLACE.priority &&
        programId !== programs[direction].id,
    ),
  )
}

function removeFolder(pins: Pins): void {
  if (probedInterfaces(pins).length === 0 && existsSync(folder(pins))) rmdirSync(folder(pins))
}

function set(pins: Pins, interfaces: readonly string[], programs: Programs): Outcome<void> {
  const known = interfaces.map((name) => ({ name, ifindex: interfaceIndex(name) }))
  for (const ifindex of probedInterfaces(pins))
    if (!known.some((one) => one.ifindex === ifindex)) remove(pins, ifindex)
  const problems = known
    .map(({ name, ifindex }) =>
      ifindex === undefined
        ? { subject: name, reason: `there is no interface ${name}` }
        : tried(pins, name, ifindex, programs),
    )
    .filter((problem) => problem !== undefined)
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: undefined }
}

function tried(pins: Pins, name: string, ifindex: number, programs: Programs): Problem | undefined {
  try {
    for (const direction of DIRECTIONS) {
      const hook = openTcHook(ifindex, direction)
      remember(pins, ifindex, hook.made)
      hook.attach(programs[direction], PROBE_PLACE)
    }
    return undefined
  } catch (error) {
    if (!(error instanceof BpfError)) throw error
    remove(pins, ifindex)
    return refusal(error, name)
  }
}

export function refusal(error: BpfError, name: string): Problem {
  if (error.code === 'EEXIST') {
    const fix = `take it off: \`tc filter show dev ${name} ingress\` (and egress) has it as pref ${PROBE_PLACE.priority}`
    return { subject: name, reason: error.message, fix }
  }
  if (error.code === 'ENOENT' || error.code === 'EOPNOTSUPP') {
    const reason = `this kernel has no tc with BPF programs, so checks cannot travel through the VIP: ${error.message}`
    const fix =
      'give the checks `via: real`, or take a kernel with CONFIG_NET_SCH_INGRESS and CONFIG_NET_CLS_BPF'
    return { subject: name, reason, fix }
  }
  return { subject: name, ...problemOf(error) }
}

function remove(pins: Pins, ifindex: number): void {
  for (const direction of DIRECTIONS) detachTc(ifindex, direction, PROBE_PLACE, PROGRAMS[direction])
  const made = join(folder(pins), `${ifindex}${MADE}`)
  if (existsSync(made)) ifThere(() => removeClsact(ifindex))
  for (const path of [made, join(folder(pins), String(ifindex))]) if (existsSync(path)) rmdirSync(path)
}

/** The interface, and its qdisc with it, may be gone. */
function ifThere(act: () => void): void {
  try {
    act()
  } catch (error) {
    if (!(error instanceof BpfError && error.code === 'ENODEV')) throw error
  }
}

function folder(pins: Pins): string {
  return join(pins.root, 'probes')
}

function remember(pins: Pins, ifindex: number, made: boolean): void {
  if (probedInterfaces(pins).includes(ifindex)) return
  const name = made ? `${ifindex}${MADE}` : String(ifindex)
  mkdirSync(join(folder(pins), name), { recursive: true, mode: 0o700 })
}

/** By their numbers, those where a process has put the programs, killed ones included. */
export function probedInterfaces(pins: Pins): number[] {
  const names = existsSync(folder(pins)) ? readdirSync(folder(pins)) : []
  return names.map((name) => Number.parseInt(name, 10))
}
