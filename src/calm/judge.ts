// SPDX-License-Identifier: Apache-2.0
// What a window must not show, and what becomes of it in a row of the table. Pure.
import type { Window } from './window.js'

/** The reason of packets that would open a flow while none may begin. */
const HOLD = 'drop_defence'

/** Packets that were sent, did not arrive, and were not dropped by a full queue of the virtual wire. */
export function lostIn({ books }: Window): number {
  return books.sent - books.arrived - books.wire
}

/** Dropped by the director so that no flow begins while flows are carried into another table. */
export function heldBackIn({ refused }: Window): number {
  return refused[HOLD] ?? 0
}

export function brokenIn({ broken }: Window): number {
  return Object.values(broken).reduce((sum, count) => sum + count, 0)
}

/** Longest time between two arrivals from anyone but the real server that is meant to fail, ms. */
export function longestGap(gaps: Readonly<Record<string, number>>, fails?: string): number {
  const others = Object.entries(gaps).filter(([name]) => name !== fails)
  return Math.max(0, ...others.map(([, ms]) => ms))
}

export interface Allowance {
  /** the real server that is meant to fail; what is its own is its own */
  readonly fails?: string | undefined
  /** ms by the common clock, from when on no new connection may meet it */
  readonly over?: number | undefined
  /** connections may have to be asked for again, and then have to come about */
  readonly holds?: boolean | undefined
}

/** One sentence each. */
export function faultsOf(window: Window, allowed: Allowance = {}): readonly string[] {
  const { fails, over = Number.POSITIVE_INFINITY, holds = false } = allowed
  const { failures, failed, requests, streams, silent } = window
  const others = Object.entries(window.broken).filter(([name]) => name !== fails)
  const strict = fails === undefined
  const lost = strict ? lostIn(window) - (holds ? heldBackIn(window) : 0) : 0
  const refused = Object.entries(window.refused).filter(([reason]) => !holds || reason !== HOLD)
  const astray = Object.entries(streams.lost).filter(([name]) => name !== fails)
  const spilt = Math.max(0, window.books.wire)
  const gone = astray.reduce((sum, [, count]) => sum + count, 0)
  return [
    ...(lost === 0 ? [] : [`${lost} packets lost`]),
    ...(gone > spilt || gone < 0 ? [`datagrams lost: ${words(Object.fromEntries(astray))}`] : []),
    ...(strict && refused.length > 0 ? [`not forwarded: ${words(Object.fromEntries(refused))}`] : []),
    ...(others.length === 0 ? [] : [`connections broken: ${words(Object.fromEntries(others))}`]),
    ...(strict && failed > 0 ? [`requests failed: ${words(failures)}`] : []),
    ...((window.lastFailure ?? 0) > over ? ['a new connection failed though it was known to be down'] : []),
    ...(strict && silent > 0 ? [`${silent} held connections heard nothing`] : []),
    ...(strict && streams.moved > 0 ? [`${streams.moved} streams moved to another real server`] : []),
    ...(streams.again === 0 ? [] : [`${streams.again} datagrams arrived twice or out of order`]),
    ...(requests === 0 || streams.sent === 0 ? ['there was no traffic'] : []),
  ]
}

function words(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}
