// SPDX-License-Identifier: Apache-2.0
// From executed addresses to instructions per packet by source file and function, the harness taken away. Pure, and refuses what
// does not add up.
import { type Code, placeOf } from './profile-code.js'
import { add, type Executed } from './profile-log.js'
import { functionAt, type SourceFunction } from './profile-source.js'

/** Files of the harness: what of a program is in them is not the subject's. */
const HARNESS = ['vary.h']
/** The subject's entry point calls what is measured, so it is the harness, too. */
const ENTRY = ['subject', 'untraced', 'parsed', 'empty']
/** of the kernel's figure, as a share */
const TOLERANCE = 0.02

/** Of one function: instructions per packet, its own and those of the kernel that it called. */
export interface Part {
  readonly file: string
  readonly name: string
  readonly own: number
  readonly called: number
}

export interface Profile {
  /** the most first, by file */
  readonly parts: readonly Part[]
  /** what calling and judging the subject takes more than the empty program */
  readonly harness: number
  readonly total: number
  /** what the kernel's statistics say of the same packets */
  readonly counted: number
}

export interface RoundOf {
  readonly executed: Executed
  readonly code: Code
  /** instructions per packet by the kernel's statistics */
  readonly spent: number
}

export type Sources = ReadonlyMap<string, readonly SourceFunction[]>

/** Instructions per packet of everything, harness included. */
export function wholeOf({ own, called, packets }: Executed): number {
  return (sum(own.values()) + sum(called.values())) / packets
}

/** `empty`: a round of the harness alone. Throws an Error of one sentence when the log and the kernel's statistics disagree. */
export function profileOf(id: string, subject: RoundOf, empty: RoundOf, sources: Sources): Profile {
  const total = wholeOf(subject.executed) - wholeOf(empty.executed)
  const counted = subject.spent - empty.spent
  if (Math.abs(total - counted) > TOLERANCE * counted)
    throw new Error(
      `${id}: ${total.toFixed(1)} instructions per packet are logged and ${counted.toFixed(1)} counted by the kernel, more than ${TOLERANCE * 100} % apart`,
    )
  const shown = sorted(partsOf(subject, sources).filter((part) => !isHarness(part)))
  const harness = total - sum(shown.map(({ own, called }) => own + called))
  return { parts: shown, harness, total, counted }
}

function isHarness({ file, name }: Part): boolean {
  return HARNESS.includes(file) || (file.endsWith('.bpf.c') && ENTRY.includes(name))
}

function partsOf({ executed, code }: RoundOf, sources: Sources): readonly Part[] {
  const sums = [executed.own, executed.called].map((counts) => {
    const byName = new Map<string, number>()
    for (const [address, count] of counts) {
      const { file, line } = placeOf(code, address)
      const name = functionAt(sources.get(file) ?? [], line) ?? `line ${line}`
      add(byName, `${file}\t${name}`, count / executed.packets)
    }
    return byName
  }) as [Map<string, number>, Map<string, number>]
  const [own, called] = sums
  return [...new Set([...own.keys(), ...called.keys()])].map((key) => {
    const [file, name] = key.split('\t') as [string, string]
    return { file, name, own: own.get(key) ?? 0, called: called.get(key) ?? 0 }
  })
}

function sorted(parts: readonly Part[]): readonly Part[] {
  const files = fileSums(parts)
  const size = ({ own, called }: Part) => own + called
  const byFile = (a: Part, b: Part) =>
    (files.get(b.file) ?? 0) - (files.get(a.file) ?? 0) || a.file.localeCompare(b.file)
  return [...parts].sort((a, b) => byFile(a, b) || size(b) - size(a))
}

/** Instructions per packet by file. */
export function fileSums(parts: readonly Part[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const { file, own, called } of parts) add(sums, file, own + called)
  return sums
}

function sum(numbers: Iterable<number>): number {
  let all = 0
  for (const number of numbers) all += number
  return all
}
