// SPDX-License-Identifier: Apache-2.0
// The tables of -L: for each of its options the headings, the line of a service and the line of a real server. Pure.
import type { RealRow, ServiceRow } from '../../../api/contract.js'
import type { OptionName } from '../words.js'
import { large } from './large.js'

export interface View {
  readonly title: readonly string[]
  /** `name` with its protocol: 'TCP  192.0.2.10:80'; `terms`: scheduler and flags */
  service(row: ServiceRow, name: string, terms: string): string
  real(row: RealRow, name: string): string
}

/** The first of these options wins over the others. */
export function viewOf(given: ReadonlySet<OptionName>): View {
  const exact = given.has('exact')
  if (given.has('stats')) return statsView(exact)
  if (given.has('rate')) return rateView(exact)
  if (given.has('thresholds')) return THRESHOLDS
  if (given.has('persistent-conn')) return PERSISTENT
  return given.has('tun-info') ? TUNNELS : PLAIN
}

const REMOTE = '  -> RemoteAddress:Port'
const LOCAL = 'Prot LocalAddress:Port'

const PLAIN: View = {
  title: [`${LOCAL} Scheduler Flags`, `${REMOTE}           Forward Weight ActiveConn InActConn`],
  service: withTerms,
  real: (row, name) => `${arrow(name)} ${left('Route', 7)} ${left(row.effectiveWeight, 6)} ${conns(row)}`,
}

const TUNNELS: View = {
  title: [
    `${LOCAL} Scheduler Flags`,
    `${REMOTE}           Forward TunnelInfo    Weight ActiveConn InActConn`,
  ],
  service: withTerms,
  real: (row, name) =>
    `${arrow(name)} ${left('Route', 7)} ${left('n/a', 13)} ${left(row.effectiveWeight, 6)} ${conns(row)}`,
}

const THRESHOLDS: View = {
  title: [`${left(LOCAL, 33)} Uthreshold Lthreshold ActiveConn InActConn `, REMOTE],
  service: withTerms,
  real: (row, name) => `${arrow(name)} ${left(row.upper, 10)} ${left(row.lower, 10)} ${conns(row)}`,
}

const PERSISTENT: View = {
  title: [`${left(LOCAL, 33)} Weight    PersistConn ActiveConn InActConn `, REMOTE],
  service: withTerms,
  real: (row, name) =>
    `${arrow(name)} ${left(row.effectiveWeight, 9)} ${left(row.persistent, 11)} ${conns(row)}`,
}

/** Replies bypass the director, so nothing goes out. */
function statsView(exact: boolean): View {
  const numbers = ({ sinceZero: { connections, packets, bytes } }: ServiceRow | RealRow) =>
    [connections, packets, 0, bytes, 0].map((value) => large(value, exact)).join('')
  return {
    title: headings('Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes'),
    service: (row, name) => `${left(name, 33)}${numbers(row)}`,
    real: (row, name) => `${arrow(name)}${numbers(row)}`,
  }
}

/** Of a real server connections and packets are never cut short. */
function rateView(exact: boolean): View {
  const cut = (value: number) => large(value, exact)
  return {
    title: headings('CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS'),
    service: ({ rates: { cps, inPps, inBps } }, name) =>
      `${left(name, 33)}${[cps, inPps, 0, inBps, 0].map(cut).join('')}`,
    real: ({ rates: { cps, inPps, inBps } }, name) =>
      `${arrow(name)}${[cps, inPps, 0].map((value) => large(value, true)).join('')}${cut(inBps)}${cut(0)}`,
  }
}

function headings(...columns: readonly string[]): readonly string[] {
  return [`${left(LOCAL, 33)}${columns.map((column) => ` ${column.padStart(8)}`).join('')}`, REMOTE]
}

function withTerms(_: ServiceRow, name: string, terms: string): string {
  return `${name} ${terms}`
}

function conns({ active, inactive }: RealRow): string {
  return `${left(active, 10)} ${left(inactive, 10)}`
}

function arrow(name: string): string {
  return `  -> ${left(name, 28)}`
}

function left(value: string | number, width: number): string {
  return String(value).padEnd(width)
}
