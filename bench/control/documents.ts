// SPDX-License-Identifier: Apache-2.0
// The files the daemon is given: so many services with so many real servers each, and one more whose flows are watched
// while the others come. Pure.

/** RFC 2544's network for such measurements. */
const REAL_NETWORK = '198.18'
export const DIRECTOR = '198.18.255.254'
export const DEVICE = 'eth0'
/** as many addresses as there are; services take them in turn */
export const ADDRESSES = 4096
const VIP = '192.0.2.10'
const FIRST_PORT = 1000

export interface Place {
  readonly vip: string
  readonly port: number
}

/** Is in every file, and never changed. */
export const WITNESS: Place = { vip: '192.0.2.1', port: 80 }
const WITNESS_REALS = 10

export interface Shape {
  readonly services: number
  /** of each service */
  readonly reals: number
}

export interface Room {
  readonly connections?: number
  readonly services?: number
  readonly reals?: number
}

export interface Wish {
  readonly shape: Shape
  /** of the first real server of each service; the others have 1 */
  readonly weight?: number
  /** absent: the defaults */
  readonly limits?: Room
}

export const NOTHING: Shape = { services: 0, reals: 0 }

export function addressOf(i: number): string {
  const n = (i % ADDRESSES) + 1
  return `${REAL_NETWORK}.${n >> 8}.${n & 255}`
}

export function placesOf({ services }: Shape): readonly Place[] {
  return Array.from({ length: services }, (_, i) => ({ vip: VIP, port: FIRST_PORT + i }))
}

/** No more than so many, evenly from among all. */
export function someOf<T>(all: readonly T[], most: number): readonly T[] {
  const step = Math.max(1, all.length / most)
  return Array.from({ length: Math.min(most, all.length) }, (_, i) => all[Math.floor(i * step)] as T)
}

export function configOf({ shape, weight = 1, limits }: Wish): string {
  return [
    `interfaces: [{name: ${DEVICE}, mode: native}]`,
    ...(limits === undefined ? [] : [`limits: ${JSON.stringify(limits)}`]),
    'services:',
    serviceLine(WITNESS, 0, { reals: WITNESS_REALS, weight: 1 }),
    ...placesOf(shape).map((place, i) => serviceLine(place, i * shape.reals, { reals: shape.reals, weight })),
    '',
  ].join('\n')
}

function serviceLine({ vip, port }: Place, first: number, has: { reals: number; weight: number }): string {
  const [one, ...others] = Array.from({ length: has.reals }, (_, i) => addressOf(first + i))
  const all = [`{address: ${one}, weight: ${has.weight}}`, ...others].join(', ')
  return `  - {vip: "${vip}:${port}", scheduler: wrr, reals: [${all}]}`
}
