// SPDX-License-Identifier: Apache-2.0
// A play on xlvs against what the kernel did, decision by decision: where each packet went and what the director said
// itself, what each command came to, every listing to the letter, every connection with its state and its time.
import type { Answer, Answers, Connection, ListedService, Value } from '../scenario.js'
import type { Played } from './play.js'

/** One thing that is not as it was in the kernel. */
export interface Fault {
  /** of the answer file, from 1 */
  readonly line: number
  readonly kind: 'packet' | 'frame' | 'command' | 'services' | 'text' | 'connection' | 'time'
  /** what it is about: a packet, a service, a connection, a row of a listing */
  readonly about: string
  readonly kernel: string
  readonly xlvs: string
}

/** s: real time passes while a kernel is asked, so its connections may be older: by all of it where it was measured. */
const BEHIND = { short: 2, long: 6, shortBelow: 20 }
const AHEAD = 1

export function compare({ answers, seconds }: Answers, played: readonly Played[]): readonly Fault[] {
  return answers.flatMap((kernel, i) => {
    const xlvs = played[i]
    if (xlvs === undefined) throw new Error(`line ${i + 2} was not played`)
    return faultsOf(kernel, xlvs, Math.ceil(seconds)).map((fault) => ({ ...fault, line: i + 2 }))
  })
}

type Found = Omit<Fault, 'line'>

/** `lag`: s that the kernel was asked for. */
function faultsOf(kernel: Answer, xlvs: Played, lag: number): readonly Found[] {
  switch (kernel.op) {
    case 'pkt':
      return packetFaults(kernel, xlvs)
    case 'ipvsadm':
      return different('command', kernel.args, saidOf(kernel), saidOf(xlvs))
    case 'sysctl':
      return different('command', kernel.name, String(kernel.err ?? ''), String(xlvs.err ?? ''))
    case 'snap': {
      const services = serviceFaults(kernel.parsed ?? [], xlvs.parsed ?? [])
      // a listing's text tells the same once more
      const text = services.length > 0 ? [] : textFaults(kernel.text ?? [], xlvs.text ?? [])
      return [...services, ...text, ...connectionFaults(kernel.conns ?? [], xlvs.conns ?? [], lag)]
    }
    default:
      return []
  }
}

function different(kind: Found['kind'], about: string, kernel: string, xlvs: string): readonly Found[] {
  return kernel === xlvs ? [] : [{ kind, about, kernel, xlvs }]
}

/** The program calls itself by its own name. */
function saidOf({ rc, err = [] }: Answer): string {
  return [`status ${rc}`, ...err].join(': ').replaceAll('xlvsadm', 'ipvsadm')
}

function packetFaults(kernel: Answer, xlvs: Played): readonly Found[] {
  const about = packetText(kernel)
  const reason = xlvs.reason === undefined ? '' : ` (${xlvs.reason})`
  if (kernel.v !== xlvs.v)
    return [{ kind: 'packet', about, kernel: kernel.v ?? '', xlvs: `${xlvs.v}${reason}` }]
  if (kernel.out === undefined) return []
  return different('frame', about, canonical(kernel.out), canonical(xlvs.out ?? []))
}

/** With sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

const FIELDS = [
  'proto',
  'src',
  'sport',
  'dst',
  'dport',
  'flags',
  'chunk',
  'type',
  'code',
  'frag',
  'len',
] as const

export function packetText(packet: Answer): string {
  const fields = packet as unknown as Readonly<Record<string, Value | undefined>>
  const said = FIELDS.filter((name) => fields[name] !== undefined)
  return said.map((name) => `${name} ${JSON.stringify(fields[name])}`).join(' ')
}

function serviceFaults(kernel: readonly ListedService[], xlvs: readonly ListedService[]): readonly Found[] {
  return pairs(kernel, xlvs, ({ svc, rest }) => `${svc} ${rest}`).flatMap(([about, a, b]) =>
    different(
      'services',
      about,
      a === undefined ? 'none' : realsText(a),
      b === undefined ? 'none' : realsText(b),
    ),
  )
}

function realsText({ dests }: ListedService): string {
  return dests
    .map(({ rs, fwd, weight, active, inact }) => `${rs} ${fwd} ${weight} ${active}+${inact}`)
    .join(', ')
}

function textFaults(kernel: readonly string[], xlvs: readonly string[]): readonly Found[] {
  const lines = Math.max(kernel.length, xlvs.length)
  return Array.from({ length: lines }, (_, i) =>
    different('text', `row ${i + 1}`, kernel[i] ?? 'nothing', xlvs[i] ?? 'nothing'),
  ).flat()
}

function connectionFaults(
  kernel: readonly Connection[],
  xlvs: readonly Connection[],
  lag: number,
): readonly Found[] {
  const name = ({ pro, src, virt, dst, state }: Connection) => `${pro} ${src} ${virt} ${dst} ${state}`
  return pairs(kernel, xlvs, name).flatMap(([about, a, b]) => {
    if (a === undefined || b === undefined)
      return different('connection', about, a ? `${a.exp} s` : 'none', b ? `${b.exp} s` : 'none')
    if (near(a.exp, b.exp, lag)) return []
    return different('time', about, `${a.exp} s`, `${b.exp} s`)
  })
}

function near(kernel: number, xlvs: number, lag: number): boolean {
  const behind = lag + (xlvs < BEHIND.shortBelow ? BEHIND.short : BEHIND.long)
  return kernel - xlvs <= AHEAD && xlvs - kernel <= behind
}

/** By name; those of one name in their order. */
function pairs<T>(
  kernel: readonly T[],
  xlvs: readonly T[],
  name: (one: T) => string,
): readonly (readonly [string, T | undefined, T | undefined])[] {
  const names = [...new Set([...kernel, ...xlvs].map(name))]
  return names.flatMap((each) => {
    const [a, b] = [kernel, xlvs].map((all) => all.filter((one) => name(one) === each)) as [T[], T[]]
    return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => [each, a[i], b[i]] as const)
  })
}

export function faultText({ line, kind, about, kernel, xlvs }: Fault): string {
  return `line ${line}, ${kind} ${about}:\n    kernel ${kernel}\n    xlvs   ${xlvs}`
}
