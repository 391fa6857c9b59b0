// SPDX-License-Identifier: Apache-2.0
// Packets of known flows: one flow in every dress, then more and more flows, and known flows while strangers flood the table.
import type { ServiceWords } from '../test/bpf/rig.js'
import type { Case, Group, Work } from './cases.js'

export const VIPS = { 4: '192.0.2.10', 6: '2001:db8:ffff::10' } as const
const TAGGED_VIPS = { 4: '192.0.2.11', 6: '2001:db8:ffff::11' } as const
export const REALS = {
  4: ['192.0.2.21', '192.0.2.22', '192.0.2.23', '192.0.2.24'],
  6: ['2001:db8:1::21', '2001:db8:1::22', '2001:db8:1::23', '2001:db8:1::24'],
} as const
const TAGGED_REALS = { 4: ['192.0.2.31'], 6: ['2001:db8:1::31'] } as const
const FAMILIES = [4, 6] as const
const TAG = 100

/** As on axes: 1, 1K, 64K, 1M. */
export function short(count: number): string {
  if (count % 1_000_000 === 0) return `${count / 1_000_000}M`
  if (count >= 2 ** 20) return `${count / 2 ** 20}M`
  return count >= 2 ** 10 && count % 2 ** 10 === 0 ? `${count / 2 ** 10}K` : String(count)
}

function services(): readonly ServiceWords[] {
  const scheduler = 'wrr' as const
  const plain = FAMILIES.map((family) => ({ vip: VIPS[family], scheduler, reals: REALS[family] }))
  const tagged = FAMILIES.map((family) => {
    return { vip: TAGGED_VIPS[family], scheduler, reals: TAGGED_REALS[family] }
  })
  // The floor knows the VIPs by their numbers: first those without a tag, IPv4 before IPv6.
  return [...plain, ...tagged].flatMap((tcp) => [tcp, { ...tcp, protocol: 'udp' as const }])
}

function hit(family: 4 | 6, changes: Partial<Work>, programs: Case['programs']): Case {
  const to = changes.tag === undefined ? VIPS[family] : TAGGED_VIPS[family]
  const work: Work = { to, flows: 1, flags: 'ack', expected: 'tx', ...changes }
  const { protocol = 'tcp', tag, flows } = work
  const dress = [protocol.toUpperCase(), ...(tag === undefined ? [] : ['tagged'])].join(', ')
  const heat = `${protocol}${tag === undefined ? '' : '-tagged'}/${short(flows)}`
  const id = `hit/v${family}/${heat}`
  const many = `${short(flows)} flow${flows === 1 ? '' : 's'}`
  const beside = { place: [`hit/v4/${heat}`, 'xlvs'], says: 'IPv4' } as const
  const title = `DR hit, IPv${family} ${dress}, ${many}`
  return { id, title, programs, work, known: true, heat, ...(family === 6 ? { beside } : {}) }
}

const ALL_OF_THEM = ['xlvs', 'floor', 'control'] as const
const EVERY_DRESS: readonly Partial<Work>[] = [
  { protocol: 'udp' },
  { protocol: 'udp', flows: 2 ** 16 },
  { tag: TAG },
  { protocol: 'udp', tag: TAG },
]

export const SIZES: Group = {
  name: 'a table for 2M connections',
  limits: { connections: 2 ** 21 },
  services: services(),
  tagged: FAMILIES.flatMap((family) => TAGGED_REALS[family]),
  cases: FAMILIES.flatMap((family) => [
    ...[1, 2 ** 10, 2 ** 16, 2 ** 20].map((flows) => hit(family, { flows }, ALL_OF_THEM)),
    ...EVERY_DRESS.map((dress) => hit(family, dress, ALL_OF_THEM)),
  ]),
}

export const LARGE: Group = {
  name: 'a table for 16M connections',
  limits: { connections: 2 ** 24 },
  services: services(),
  cases: FAMILIES.flatMap((family) =>
    [2 ** 22, 10_000_000].map((flows) => hit(family, { flows }, ALL_OF_THEM)),
  ),
}

const FLOODED = 2 ** 20
const flood = { to: VIPS[4], expected: 'tx' } as const

/** Half of the table is established; the rest fills with SYNs that nobody follows. */
export const FLOOD: Group = {
  name: 'a table for 1M connections, half of it established, the rest full of SYNs',
  limits: { connections: FLOODED },
  services: services(),
  fill: { to: VIPS[4], packets: 2 * FLOODED },
  cases: [
    {
      id: 'flood/syn',
      title: 'SYN flood, table full',
      programs: ['xlvs', 'control'],
      work: { ...flood, flows: 2 ** 30, flags: 'syn' },
      fresh: true,
      lossy: true,
    },
    {
      id: 'flood/known',
      title: `known flow in a SYN flood, ${short(FLOODED / 2)} flows`,
      programs: ['xlvs', 'control'],
      work: { ...flood, flows: FLOODED / 2, flags: 'ack' },
      known: true,
      lossy: true,
    },
  ],
}
