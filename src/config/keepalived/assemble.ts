// SPDX-License-Identifier: Apache-2.0
// Virtual servers -> xlvs's services and mark rules. A range of addresses is one service of a mark.
import { parseNetmask } from '../../model/persistence.js'
import { withoutPorts } from '../../model/ports.js'
import { MAX_MARK_RANGES } from '../../model/rules.js'
import type {
  MarkRule,
  Persistence,
  PortRange,
  Real,
  Service,
  ServiceBody,
  ServiceMatch,
} from '../../model/types.js'
import { checkingFor } from './checking.js'
import type { Remarks, Spot } from './remarks.js'
import type { AddressTarget } from './servers.js'
import { addressTargets, type Settled } from './settle.js'
import { addressOf, sizeOf } from './target.js'

export interface Assembly {
  readonly services: readonly Service[]
  readonly marks: readonly MarkRule[]
  /** of services[i] and of its real servers */
  readonly origins: readonly { readonly spot: Spot; readonly reals: readonly Spot[] }[]
  /** of marks[i] */
  readonly markSpots: readonly Spot[]
}

/** Where keepalived's own nftables marks begin. */
const FIRST_MARK = 1000

type Building = { -readonly [K in keyof Assembly]: Assembly[K][number][] } & {
  /** ports that have a service of their own, by 'tcp 192.0.2.10' */
  readonly exact: ReadonlyMap<string, readonly PortRange[]>
}

export function assemble(all: readonly Settled[], remarks: Remarks): Assembly {
  const building: Building = { services: [], marks: [], origins: [], markSpots: [], exact: exactPorts(all) }
  const taken = new Set(
    all.flatMap(({ server }) =>
      server.targets.flatMap((target) => (target.kind === 'mark' ? [target.mark] : [])),
    ),
  )
  for (const settled of all) {
    for (const target of settled.server.targets) {
      if (target.kind === 'mark') {
        const family = target.family ?? settled.family
        add(settled, { mark: target.mark, family }, target.spot, building)
        remarks.adjusted(target.spot, {
          reason: 'a firewall marks packets after XDP has seen them: mark rules of xlvs must take its place',
          fix: `add marks: to the YAML, or xlvs mark add … --set-mark ${target.mark}`,
        })
      } else if (target.first === target.last) {
        const vip = addressOf(target.first, target.family)
        add(settled, { vip, port: target.port, protocol: settled.protocol }, target.spot, building)
      }
    }
    addRanges(settled, taken, building, remarks)
  }
  return building
}

/** All ranges of a virtual server, one mark for each family of address. */
function addRanges(settled: Settled, taken: Set<number>, building: Building, remarks: Remarks): void {
  const ranges = addressTargets(settled.server).filter(({ first, last }) => first !== last)
  for (const family of [4, 6] as const) {
    const mine = ranges.filter((range) => range.family === family && notTooMany(range, building, remarks))
    if (mine.length === 0) continue
    let mark = FIRST_MARK
    while (taken.has(mark)) mark++
    taken.add(mark)
    for (const range of mine) addRange(range, settled, mark, building, remarks)
    add(settled, { mark, family }, settled.server.spot, building)
  }
}

function notTooMany(range: AddressTarget, { marks }: Building, remarks: Remarks): boolean {
  const size = sizeOf(range)
  if (size + BigInt(marks.length) <= BigInt(MAX_MARK_RANGES)) return true
  const reason = `${size} addresses are more than mark rules can hold (${MAX_MARK_RANGES} in all)`
  remarks.cannot(range.spot, { reason, fix: 'name fewer addresses' })
  return false
}

/** A mark is looked at before any address, so ports with a service of their own stay without it. */
function addRange(
  range: AddressTarget,
  { protocol }: Settled,
  mark: number,
  building: Building,
  remarks: Remarks,
): void {
  const wanted: readonly PortRange[] = range.port === 0 ? [[0, 65_535]] : [[range.port, range.port]]
  for (let address = range.first; address <= range.last; address++) {
    const vip = addressOf(address, range.family)
    const ports = withoutPorts(wanted, building.exact.get(`${protocol} ${vip}`) ?? [])
    if (ports.length === 0)
      remarks.cannot(range.spot, {
        reason: `${vip} port ${range.port} is a virtual server of its own too`,
        fix: 'name it once',
      })
    building.marks.push({ vip, protocol, ports, mark, owner: 'file' })
    building.markSpots.push(range.spot)
  }
  remarks.adjusted(range.spot, {
    reason: `becomes mark ${mark}: the addresses are one service, scheduled, persistent and counted together`,
  })
}

function exactPorts(all: readonly Settled[]): ReadonlyMap<string, readonly PortRange[]> {
  const exact = new Map<string, PortRange[]>()
  for (const { server, protocol } of all)
    for (const { first, last, family, port } of addressTargets(server)) {
      if (first !== last || port === 0) continue
      const key = `${protocol} ${addressOf(first, family)}`
      exact.set(key, [...(exact.get(key) ?? []), [port, port]])
    }
  return exact
}

function add(settled: Settled, match: ServiceMatch, spot: Spot, { services, origins }: Building): void {
  services.push({ ...match, ...bodyOf(settled, match) } as Service)
  origins.push({ spot, reals: settled.reals.map((real) => real.spot) })
}

function bodyOf(
  { server, scheduler, timeout, onePacket, reals, family, checking }: Settled,
  match: ServiceMatch,
): ServiceBody {
  const checked = checkingFor(checking, match)
  const persistence =
    timeout === undefined
      ? undefined
      : persistenceOf(timeout, server.granularity?.value, match.family ?? family)
  return {
    scheduler,
    ...(server.flags.length === 0 ? {} : { flags: server.flags }),
    ...(persistence === undefined ? {} : { persistence }),
    ...(onePacket ? { onePacket } : {}),
    ...checked.service,
    owner: 'file',
    reals: reals.map(
      ({ address, weight, upper, lower }, i): Real => ({
        address,
        weight,
        ...(upper === undefined || upper.value === 0 ? {} : { upper: upper.value }),
        ...(lower === undefined || lower.value === 0 ? {} : { lower: lower.value }),
        ...checked.reals[i],
      }),
    ),
  }
}

function persistenceOf(timeout: number, granularity: string | undefined, family: 4 | 6): Persistence {
  if (granularity === undefined) return { timeout, prefix: family === 4 ? 32 : 128 }
  if (!granularity.includes('.')) return { timeout, prefix: Number(granularity) }
  const net = parseNetmask(granularity, 4)
  return { timeout, ...(net.ok ? net.value : { prefix: 32 }) }
}
