// SPDX-License-Identifier: Apache-2.0
// Services and real servers as rows, each once, in the order of the configuration: what it does not know (a sorry
// server) comes last, oldest first. Traffic has no say in it, so the same configuration gives the same series.
import type { RealSnapshot, ServiceSnapshot, Snapshot } from '../datapath/types.js'
import { realText, serviceKey } from '../model/keys.js'
import type { Service, ServiceKey, ServiceMatch } from '../model/types.js'
import type { Row } from './columns.js'
import { type LabelText, labels } from './exposition.js'
import type { RealHealth, ServiceHealth } from './health.js'

export interface ServiceRow extends Row {
  readonly match: ServiceMatch
  /** absent: it is not in the maps */
  readonly counted?: ServiceSnapshot | undefined
  readonly health?: ServiceHealth | undefined
}

export interface RealRow extends Row {
  readonly of: ServiceRow
  readonly counted?: RealSnapshot | undefined
  readonly health?: RealHealth | undefined
}

export interface Told {
  readonly snapshot: Snapshot
  /** what is desired, in the order of the configuration */
  readonly wished: readonly Service[]
  readonly health: readonly ServiceHealth[]
}

export interface Tables {
  readonly services: readonly ServiceRow[]
  readonly reals: readonly RealRow[]
}

type Known = {
  match: ServiceMatch
  wish?: Service
  counted?: ServiceSnapshot
  health?: ServiceHealth
}

export function tablesOf(told: Told): Tables {
  const known = servicesOf(told).map(({ wish, match, ...rest }) => ({
    row: { labels: serviceLabels(match), match, ...rest },
    wish,
  }))
  return {
    services: known.map(({ row }) => row),
    reals: known.flatMap(({ row, wish }) => realsOf(row, wish)),
  }
}

function servicesOf({ snapshot, wished, health }: Told): readonly Known[] {
  const rows = new Map<ServiceKey, Known>()
  const rowOf = (key: ServiceKey, match: ServiceMatch): Known => {
    const row = rows.get(key) ?? { match }
    rows.set(key, row)
    return row
  }
  for (const wish of wished) rowOf(serviceKey(wish), wish).wish = wish
  for (const one of [...snapshot.services].sort(byId)) rowOf(one.key, one.match).counted = one
  for (const one of health) rowOf(serviceKey(one.match), one.match).health = one
  return [...rows.values()]
}

function realsOf(of: ServiceRow, wish: Service | undefined): readonly RealRow[] {
  const rows = new Map<string, { counted?: RealSnapshot; health?: RealHealth }>()
  for (const real of wish?.reals ?? []) rows.set(realText(real), {})
  const { counted, health } = of
  for (const real of byAge(counted?.reals ?? [])) {
    const name = nameOf(of.match, real)
    const row = rows.get(name)
    if (row) row.counted = real
    else rows.set(name, { counted: real })
  }
  for (const real of health?.reals ?? []) {
    const row = rows.get(real.name)
    if (row) row.health = real
    else rows.set(real.name, { health: real })
  }
  const before = `${of.labels},real="`
  return Array.from(rows, ([name, row]) => ({ labels: `${before}${name}"`, of, ...row }))
}

/** A port belongs to the name in services of a mark only. */
function nameOf({ mark }: ServiceMatch, { address, port }: RealSnapshot): string {
  return mark === undefined ? address : realText({ address, port })
}

function byAge(reals: readonly RealSnapshot[]): readonly RealSnapshot[] {
  return [...reals].sort(byId)
}

function byId(a: { readonly id: number }, b: { readonly id: number }): number {
  return a.id - b.id
}

/** A mark stands for many addresses and ports: those labels are empty there, which Prometheus takes as absent. */
export function serviceLabels(match: ServiceMatch): LabelText {
  if (match.mark === undefined) return labels({ vip: match.vip, port: match.port, proto: match.protocol })
  const mark = match.family === 6 ? `${match.mark} ipv6` : match.mark
  return labels({ vip: '', port: '', proto: 'fwm', mark })
}

/** Handshakes are TCP's; a mark may be on anything. */
export function isTimed({ match }: Pick<ServiceRow, 'match'>): boolean {
  return match.mark !== undefined || match.protocol === 'tcp'
}
