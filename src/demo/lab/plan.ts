// SPDX-License-Identifier: Apache-2.0
// What a lab looks like, before anything is made: hosts, the segments they stand on, their addresses. Pure.
//
//   one-arm:  clients, director and reals on one segment
//   two-arm:  clients and director's eth0 in front, reals and director's eth1 behind, a router for the replies
//   routed:   clients far away behind a router, director and reals on one segment

export type Shape = 'one-arm' | 'two-arm' | 'routed'

export interface LabWish {
  /** one-arm unless told */
  readonly shape?: Shape
  /** 1 unless told */
  readonly clients?: number
  /** 3 unless told */
  readonly reals?: number
  /** 1 unless told; with more of them none has the VIPs: VRRP gives them to one */
  readonly directors?: number
  /** further addresses of each client on its segment, 0 unless told: `203.0.113.101`, ... */
  readonly extraSources?: number
  /** 192.0.2.10 and 2001:db8::10 unless told */
  readonly vips?: readonly string[]
}

export interface SegmentPlan {
  readonly name: 'front' | 'back' | 'far'
  readonly net4: string
  readonly net6: string
}

export interface LegPlan {
  readonly interface: string
  readonly segment: SegmentPlan
  /** name of its other end, a port of the segment's bridge */
  readonly port: string
  /** the host's own addresses first */
  readonly addresses4: readonly string[]
  readonly addresses6: readonly string[]
}

export interface HostPlan {
  readonly role: string
  readonly kind: 'client' | 'director' | 'real' | 'router'
  readonly legs: readonly [LegPlan, ...LegPlan[]]
  /** network and gateway */
  readonly routes: readonly { readonly to: string; readonly via: string }[]
}

export interface LabPlan {
  readonly segments: readonly SegmentPlan[]
  readonly hosts: readonly HostPlan[]
  readonly vips: readonly string[]
  /** the director has the VIPs from the start */
  readonly vipsGiven: boolean
}

const FRONT: SegmentPlan = { name: 'front', net4: '192.0.2', net6: '2001:db8:' }
const BACK: SegmentPlan = { name: 'back', net4: '198.51.100', net6: '2001:db8:b:' }
const FAR: SegmentPlan = { name: 'far', net4: '203.0.113', net6: '2001:db8:f:' }

/** Last part of the addresses, on every segment. */
const NUMBERS = { router: 1, director: 2, real: 21, client: 100 } as const
const MAX_REALS = NUMBERS.client - NUMBERS.real
const MAX_CLIENT_ADDRESSES = 254 - NUMBERS.client

export function planLab(wish: LabWish = {}): LabPlan {
  const shape = wish.shape ?? 'one-arm'
  const clientSide = shape === 'routed' ? FAR : FRONT
  const realSide = shape === 'two-arm' ? BACK : FRONT
  const segments = [...new Set([clientSide, realSide])]
  return {
    segments,
    hosts: [
      ...clients(wish, clientSide, segments),
      ...directors(wish, shape === 'two-arm' ? [FRONT, BACK] : [FRONT], segments),
      ...reals(wish, realSide, segments),
      ...(segments.length > 1 ? [host('router', 'router', segments, segments, [NUMBERS.router])] : []),
    ],
    vips: wish.vips ?? ['192.0.2.10', '2001:db8::10'],
    vipsGiven: (wish.directors ?? 1) === 1,
  }
}

function clients(wish: LabWish, segment: SegmentPlan, segments: readonly SegmentPlan[]): HostPlan[] {
  const count = wish.clients ?? 1
  const each = 1 + (wish.extraSources ?? 0)
  if (count * each > MAX_CLIENT_ADDRESSES)
    throw new Error(`a lab has room for ${MAX_CLIENT_ADDRESSES} client addresses`)
  return range(count).map((i) => {
    const numbers = range(each).map((n) => NUMBERS.client + i * each + n)
    return host(i === 0 ? 'client' : `client${i + 1}`, 'client', [segment], segments, numbers)
  })
}

function directors(wish: LabWish, on: readonly SegmentPlan[], segments: readonly SegmentPlan[]): HostPlan[] {
  return range(wish.directors ?? 1).map((i) =>
    host(i === 0 ? 'director' : `director${i + 1}`, 'director', on, segments, [NUMBERS.director + i]),
  )
}

function reals(wish: LabWish, segment: SegmentPlan, segments: readonly SegmentPlan[]): HostPlan[] {
  const count = wish.reals ?? 3
  if (count > MAX_REALS) throw new Error(`a lab has room for ${MAX_REALS} real servers`)
  return range(count).map((i) => host(`web${i + 1}`, 'real', [segment], segments, [NUMBERS.real + i]))
}

function host(
  role: string,
  kind: HostPlan['kind'],
  on: readonly SegmentPlan[],
  all: readonly SegmentPlan[],
  numbers: readonly number[],
): HostPlan {
  const leg = (segment: SegmentPlan, i: number): LegPlan => ({
    interface: `eth${i}`,
    segment,
    port: on.length > 1 ? `${role}-${segment.name}` : role,
    addresses4: numbers.map((n) => `${segment.net4}.${n}`),
    addresses6: numbers.map((n) => `${segment.net6}:${n}`),
  })
  const [first, ...others] = on
  if (first === undefined) throw new Error(`host ${role} stands nowhere`)
  return {
    role,
    kind,
    legs: [leg(first, 0), ...others.map((segment, i) => leg(segment, i + 1))],
    routes: all
      .filter((segment) => !on.includes(segment))
      .flatMap((segment) => [
        { to: `${segment.net4}.0/24`, via: `${first.net4}.${NUMBERS.router}` },
        { to: `${segment.net6}:/64`, via: `${first.net6}:${NUMBERS.router}` },
      ]),
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}
