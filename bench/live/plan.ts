// SPDX-License-Identifier: Apache-2.0
// What `make bench-live` measures: directors, cases, which CPU sends which flows, the services. Pure.

/**
 * Each in a namespace of its own behind a veth of its own: `stop` drops, `swap` exchanges MACs and sends back, `line` also
 * adds one to a word that all CPUs share.
 */
export const DIRECTORS = ['stop', 'swap', 'line', 'xlvs'] as const
export type Director = (typeof DIRECTORS)[number]

/** `one` CPU; two at once that send the `same` flows, or `different` ones. */
export const SHARINGS = ['one', 'same', 'different'] as const
export type Sharing = (typeof SHARINGS)[number]

export interface Service {
  readonly name: string
  readonly port: number
  readonly scheduler: 'wrr' | 'mh'
  /** of REALS, the first so many */
  readonly reals: number
}

/** wrr has a cursor that all CPUs move; mh has none. The loads of eight real servers lie in one cache line. */
export const SERVICES = [
  { name: 'wrr', port: 53, scheduler: 'wrr', reals: 4 },
  { name: 'mh', port: 54, scheduler: 'mh', reals: 4 },
  { name: 'mh-64', port: 55, scheduler: 'mh', reals: 64 },
] as const satisfies readonly Service[]

export interface Case {
  readonly id: string
  readonly title: string
  readonly sharing: Sharing
  readonly service: Service
  /** of one CPU; undefined: every frame begins a flow */
  readonly flows: number | undefined
  /** id of the case with one CPU it is compared with */
  readonly alone: string
}

export const MANY = 2 ** 16
const [WRR] = SERVICES

export const CASES: readonly Case[] = [
  ...SHARINGS.map((sharing) => knownCase('1', 1, sharing)),
  ...SHARINGS.map((sharing) => knownCase('64K', MANY, sharing)),
  ...SERVICES.flatMap((service) => (['one', 'different'] as const).map((how) => newCase(service, how))),
]

function knownCase(name: string, flows: number, sharing: Sharing): Case {
  const what = flows === 1 ? '1 flow' : `${name} flows`
  const title = { one: what, same: `${what}, the same`, different: `${what} each` }[sharing]
  return { id: `hit/${name}/${sharing}`, title, sharing, service: WRR, flows, alone: `hit/${name}/one` }
}

function newCase(service: Service, sharing: 'one' | 'different'): Case {
  const title = `new flows, ${service.scheduler}, ${service.reals} reals`
  const id = `new/${service.name}/${sharing}`
  return { id, title, sharing, service, flows: undefined, alone: `new/${service.name}/one` }
}

/** `line` does not look at flows: it is measured once. */
export function directorsOf({ flows, sharing }: Pick<Case, 'flows' | 'sharing'>): readonly Director[] {
  return flows === 1 && sharing !== 'different' ? DIRECTORS : DIRECTORS.filter((name) => name !== 'line')
}

export function cpusOf({ sharing }: Pick<Case, 'sharing'>): 1 | 2 {
  return sharing === 'one' ? 1 : 2
}

/** What one CPU sends in a round: flows `first` and up take turns. */
export interface Share {
  readonly cpu: number
  readonly first: number
  readonly flows: number
}

/** One CPU is now this one, now that: none is the quicker for all. New flows begin at `unseen`. */
export function sharesOf(
  each: Case,
  cpus: readonly number[],
  round: number,
  packets: number,
  unseen: number,
) {
  const flows = each.flows ?? packets
  const start = each.flows === undefined ? unseen : 0
  const chosen = cpusOf(each) === 1 ? [cpus[round % cpus.length] as number] : cpus.slice(0, 2)
  return chosen.map((cpu, i): Share => {
    return { cpu, first: start + (each.sharing === 'different' ? i * flows : 0), flows }
  })
}

export const VIP = '192.0.2.10'
export const REALS = Array.from({ length: 64 }, (_, i) => ({
  address: `192.0.2.${21 + i}`,
  mac: `02:bb:00:00:00:${(i + 1).toString(16).padStart(2, '0')}`,
  weight: 4 - (i % 4),
}))
export const CLIENT_MAC = '02:aa:00:00:00:00'
export const DIRECTOR_MAC = '02:dd:00:00:00:00'
/** bytes of a frame, without its checksum */
export const FRAME = 60
/** of live frames, as many as a driver takes off its ring at once */
export const BATCH = 64
/** room in xlvs's table; new flows of a round fill half of it at most */
export const CONNECTIONS = 2 ** 20
/** rows of the rig's program */
export const LANES = 256

/** What the daemon is given. */
export function configOf(device: string): string {
  const service = ({ port, scheduler, reals }: Service) => [
    `  - vip: ${VIP}:${port}`,
    '    protocol: udp',
    `    scheduler: ${scheduler}`,
    '    reals:',
    ...REALS.slice(0, reals).map(
      ({ address, weight }) => `      - { address: ${address}, weight: ${weight} }`,
    ),
  ]
  return [
    `interfaces: [{ name: ${device}, mode: native }]`,
    `limits: { connections: ${CONNECTIONS} }`,
    'services:',
    ...SERVICES.flatMap(service),
    '',
  ].join('\n')
}
