// SPDX-License-Identifier: Apache-2.0
// A window: traffic goes, something happens, everything held has been heard from since, the traffic rests; and what
// the books and the programs say of it. Between windows nothing is under way, so every figure is exact.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Listing, ReasonRow } from '../api/contract.js'
import { type Books, booksAtRest, difference } from './ledger.js'
import type { Stage } from './stage.js'
import { joinStreams, longestOf, type Streams } from './streams.js'
import { now } from './traffic/clock.js'
import type { ClientFigures, ServerFigures } from './traffic/figures.js'

export interface Window {
  /** ms of traffic */
  readonly length: number
  readonly books: Books
  /** packets for the VIPs that the director did not forward, by reason */
  readonly refused: Readonly<Record<string, number>>
  readonly streams: Streams
  readonly held: number
  /** held connections that were silent when all others had been heard from */
  readonly silent: number
  readonly broken: Readonly<Record<string, number>>
  readonly requests: number
  readonly failed: number
  readonly failures: Readonly<Record<string, number>>
  /** when the last request that failed on a connection of its own had been asked; ms by the common clock */
  readonly lastFailure: number | undefined
  /** longest time between two arrivals on a download, by the real server's name; ms */
  readonly gaps: Readonly<Record<string, number>>
}

/** What was so at the last rest. */
export interface Rest {
  readonly books: Books
  readonly reasons: ReadonlyMap<string, ReasonRow>
}

/** Figures of the daemon may be so old, ms. */
const FRESH = 150

export async function rest(stage: Stage): Promise<Rest> {
  const actors = [...stage.servers, ...stage.clients]
  await Promise.all(actors.map((actor) => actor.tell('hold')))
  const books = await booksAtRest(stage)
  await sleep(FRESH)
  const { rows } = await stage.director.json<Listing<ReasonRow>>('show', 'reasons')
  return { books, reasons: new Map(rows.map((row) => [row.reason, row])) }
}

/** Starts at rest and ends at rest. */
export async function watch(
  stage: Stage,
  before: Rest,
  act: () => Promise<unknown>,
): Promise<{ window: Window; after: Rest }> {
  // clients first: what comes of a download before its client goes would be measured from before the rest
  for (const actors of [stage.clients, stage.servers])
    await Promise.all(actors.map((actor) => actor.tell('go')))
  const began = now()
  await act()
  const silent = await Promise.all(stage.clients.map((client) => client.tell<number>('round')))
  const length = now() - began
  const after = await rest(stage)
  const clients = await Promise.all(stage.clients.map((client) => client.tell<ClientFigures>('read')))
  const servers = await Promise.all(stage.servers.map((server) => server.tell<ServerFigures>('read')))
  const add = (of: (figures: ClientFigures) => number) => clients.reduce((sum, one) => sum + of(one), 0)
  const failures = clients.flatMap(({ lastFailure }) => lastFailure ?? [])
  const window: Window = {
    length,
    books: difference(before.books, after.books),
    refused: refusedBetween(before, after),
    streams: joinStreams(clients, servers),
    held: add(({ held }) => held),
    silent: silent.reduce((sum, one) => sum + one, 0),
    broken: addUp(clients.map(({ broken }) => broken)),
    requests: add(({ requests }) => requests),
    failed: add(({ failed }) => failed),
    failures: addUp(clients.map((one) => one.failures)),
    lastFailure: failures.length === 0 ? undefined : Math.max(...failures),
    gaps: longestOf(clients.map((one) => one.gaps)),
  }
  return { window, after }
}

/** Passed to the stack though they were for a service: the stack has no use for them. */
const LOST_TO_THE_STACK: ReadonlySet<string> = new Set([
  'pass_malformed',
  'pass_no_service',
  'pass_no_conn',
  'pass_local_real',
  'pass_fragment_first_unseen',
  'pass_not_attached',
])

function refusedBetween(before: Rest, after: Rest): Record<string, number> {
  const changed = [...after.reasons.values()]
    .filter(({ reason, action }) => action === 'drop' || action === 'answer' || LOST_TO_THE_STACK.has(reason))
    .map(({ reason, packets }) => [reason, packets - (before.reasons.get(reason)?.packets ?? 0)] as const)
  return Object.fromEntries(changed.filter(([, packets]) => packets !== 0))
}

function addUp(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const [name, count] of all.flatMap((one) => Object.entries(one)))
    sums[name] = (sums[name] ?? 0) + count
  return sums
}
