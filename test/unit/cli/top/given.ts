// SPDX-License-Identifier: Apache-2.0
// A daemon's answers for the screen's tests: two services, their traffic over some polls, drops.
import type { RealRow, ServiceRow, Status } from '../../../../src/api/contract.js'
import type { DropRow } from '../../../../src/api/contract-sight.js'
import type { Key, KeyName } from '../../../../src/cli/top/keys.js'
import { type ScreenLook, screenLook } from '../../../../src/cli/top/look.js'
import type { Sample } from '../../../../src/cli/top/sample.js'
import { initial, type State, type Wishes } from '../../../../src/cli/top/state.js'
import { type Input, update } from '../../../../src/cli/top/update.js'
import { LATENCY_BOUNDS_US } from '../../../../src/model/latency.js'

export const WEB = 'tcp 192.0.2.10:80'
export const DNS = 'udp 192.0.2.10:53'

export const UTF8: ScreenLook = screenLook({ LANG: 'C.UTF-8' }, false)
export const COLOURED: ScreenLook = screenLook({ LANG: 'C.UTF-8' }, true)
export const ASCII: ScreenLook = screenLook({ LANG: 'C' }, false)

export function serviceRow(service: string, more: Partial<ServiceRow> = {}): ServiceRow {
  return {
    service,
    match: { protocol: 'tcp', vip: '192.0.2.10', port: 80 },
    scheduler: 'wrr',
    rates: { cps: 0, inPps: 0, inBps: 0 },
    sinceZero: { connections: 0, packets: 0, bytes: 0 },
    reals: 3,
    drained: 0,
    down: 0,
    quiesced: 0,
    active: 0,
    inactive: 0,
    persistent: 0,
    connections: 0,
    packets: 0,
    bytes: 0,
    ...more,
  }
}

export function realRow(service: string, address: string, more: Partial<RealRow> = {}): RealRow {
  return {
    service,
    real: `${service} > ${address}`,
    address,
    port: 80,
    weight: 1,
    effectiveWeight: 1,
    upper: 0,
    lower: 0,
    overloaded: false,
    rates: { cps: 0, inPps: 0, inBps: 0 },
    sinceZero: { connections: 0, packets: 0, bytes: 0 },
    active: 0,
    inactive: 0,
    persistent: 0,
    connections: 0,
    packets: 0,
    bytes: 0,
    nexthop: { state: 'up', interface: 'eth0', mac: '02:00:00:00:00:21' },
    ...more,
  }
}

const STATUS = {
  tables: [
    { name: 'conn4', entries: 310_000, capacity: 1_000_000 },
    { name: 'conn6', entries: 0, capacity: 1_000_000 },
    { name: 'template', entries: 800, capacity: 1_000 },
  ],
} as unknown as Status

/** Of the n-th poll, a second after the one before. */
export function sample(n: number, rows: Partial<Rows> = {}, of?: string): Sample {
  const at = 1_000 * n
  return {
    time: 1_000_000_000 + at,
    clock: '12:03:10',
    status: STATUS,
    services: { at, rows: rows.services ?? services(n) },
    drops: { at, rows: rows.drops ?? drops(n) },
    ...(of !== undefined && { reals: { at, of, rows: rows.reals ?? reals(n) } }),
  }
}

export interface Rows {
  readonly services: readonly ServiceRow[]
  readonly reals: readonly RealRow[]
  readonly drops: readonly DropRow[]
}

/** 0 at first, then a hill and a valley. */
function passed(n: number, per: number): number {
  let sum = 0
  for (let i = 1; i <= n; i++) sum += per * (4 + (i % 7))
  return sum
}

export function services(n: number): readonly ServiceRow[] {
  const web = passed(n, 12_345)
  const dns = passed(n, 40)
  return [
    serviceRow(DNS, { scheduler: 'rr', reals: 2, packets: dns, bytes: 80 * dns, connections: dns }),
    serviceRow(WEB, {
      name: 'web',
      down: 1,
      quiesced: 0,
      drained: 0,
      active: 54_321,
      inactive: 1_234,
      packets: web,
      bytes: 600 * web,
      connections: Math.floor(web / 10),
    }),
  ]
}

export function reals(n: number): readonly RealRow[] {
  const packets = (per: number) => {
    const sum = passed(n, per)
    return { packets: sum, bytes: 600 * sum, connections: Math.floor(sum / 10) }
  }
  return [
    realRow(WEB, '192.0.2.21', {
      name: 'alpha',
      weight: 2,
      effectiveWeight: 2,
      active: 36_000,
      inactive: 800,
      ...packets(8_230),
      standing: { up: true, reason: 'healthy', since: 999_000_000 },
      latency: {
        count: 1_000,
        sumUs: 2_000_000,
        buckets: [0, 0, 900, 90, 10, ...zeros(LATENCY_BOUNDS_US.length - 4)],
      },
    }),
    realRow(WEB, '192.0.2.22', {
      name: 'beta',
      active: 18_321,
      inactive: 434,
      ...packets(4_115),
      standing: { up: true, reason: 'healthy', since: 999_000_000 },
    }),
    realRow(WEB, '192.0.2.23', {
      name: 'gamma',
      weight: 3,
      effectiveWeight: 0,
      standing: { up: false, reason: 'timeout', since: 999_900_000, detail: 'no answer in 2 s' },
      nexthop: { state: 'unresolved', why: 'no answer to ARP' },
    }),
  ]
}

export function drops(n: number): readonly DropRow[] {
  return [
    {
      reason: 'drop_no_real',
      service: WEB,
      packets: 500 + 30 * n,
      rate: 30,
      about: 'No real server may get it.',
    },
    { reason: 'drop_ttl', packets: 7, rate: 0, about: 'Its time to live has ended.' },
  ]
}

function zeros(n: number): readonly number[] {
  return Array.from({ length: n }, () => 0)
}

/** After so many polls, then after keys: letters, or names in angle brackets: 's/we<enter>'. */
export function state(polls = 30, keys = '', wishes: Wishes = { interval: 1_000 }): State {
  let now = initial(wishes)
  for (let n = 1; n <= polls; n++) now = fed(now, { kind: 'sample', sample: sample(n, {}, now.service) })
  now = press(now, keys)
  if (now.service !== undefined && now.data?.reals === undefined)
    for (let n = polls + 1; n <= polls + 30; n++)
      now = fed(now, { kind: 'sample', sample: sample(n, {}, now.service) })
  return now
}

export function fed(now: State, ...inputs: readonly Input[]): State {
  return inputs.reduce((state, input) => update(state, input).state, now)
}

export function press(now: State, keys: string): State {
  return fed(now, ...keysOf(keys).map((key) => ({ kind: 'key', key }) as const))
}

export function keysOf(text: string): readonly Key[] {
  return [...text.matchAll(/<(\w+)>|./gsu)].map(([char, name]) =>
    name === undefined ? { char } : { name: name as KeyName },
  )
}
