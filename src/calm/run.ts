// SPDX-License-Identifier: Apache-2.0
// A run: for each event a quiet window as long as the event's beside it, and a row of figures.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Event, Outcome } from './events/event.js'
import { faultsOf } from './judge.js'
import { openAll, type Stage } from './stage.js'
import { type Rest, rest, type Window, watch } from './window.js'

export interface Row {
  readonly name: string
  readonly window: Window
  /** the same traffic, for as long, with nothing happening */
  readonly quiet: Window
  readonly note: string
  /** none: it was as promised */
  readonly faults: readonly string[]
  /** the real server that was to fail */
  readonly fails: string | undefined
  /** new connections were held in it */
  readonly holds: boolean
}

export async function run(
  stage: Stage,
  events: readonly Event[],
  told: (row: Row) => void,
): Promise<readonly Row[]> {
  for (const event of events) event.prepare?.(stage)
  const rows: Row[] = []
  let before = await rest(stage)
  for (const event of events) {
    const { row, after } = await happen(stage, event, before)
    rows.push(row)
    told(row)
    before = after
  }
  return rows
}

async function happen(stage: Stage, event: Event, before: Rest): Promise<{ row: Row; after: Rest }> {
  const fails = event.fails?.(stage)
  const holds = event.holds ?? false
  let outcome: Outcome = { note: '' }
  let fault: string | undefined
  const it = await watch(stage, before, async () => {
    try {
      const said = await event.run(stage)
      outcome = typeof said === 'string' ? { note: said } : said
    } catch (error) {
      fault = (error as Error).message.replace(/\s+/g, ' ')
    }
  })
  const mended = it.window.held === allHeld(stage) ? it.after : await mend(stage)
  const length = Math.min(it.window.length, stage.size.quiet)
  const quiet = await watch(stage, mended, () => sleep(length))
  const faults = [
    ...(fault === undefined ? [] : [fault]),
    ...faultsOf(it.window, { fails, over: outcome.over, holds }),
    ...faultsOf(quiet.window).map((one) => `in the quiet beside it: ${one}`),
  ]
  const row = {
    name: event.name,
    window: it.window,
    quiet: quiet.window,
    note: outcome.note,
    faults,
    fails,
    holds,
  }
  return { row, after: quiet.after }
}

/** Connections that broke are opened again, at rest. */
async function mend(stage: Stage): Promise<Rest> {
  await openAll(stage)
  return rest(stage)
}

function allHeld({ size }: Stage): number {
  const share = (all: number) => Math.ceil(all / size.clients) * size.clients
  return share(size.kept) + share(size.downloads)
}
