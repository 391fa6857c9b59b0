// SPDX-License-Identifier: Apache-2.0
// An event: what is done to the director, or to a real server, while the traffic goes.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Listing, RealRow } from '../../api/contract.js'
import type { Stage } from '../stage.js'

export interface Event {
  /** first cell of its row */
  readonly name: string
  /** What takes time and is not part of it; before anything is measured. */
  readonly prepare?: (stage: Stage) => void
  /** Throws when it could not be carried out. */
  run(stage: Stage): Promise<Outcome | string>
  /** role of the real server that fails in it: only its own connections may break, and only its packets may be lost */
  readonly fails?: (stage: Stage) => string
  /** new connections are held in it, by dropping what would open them: that is said, and no fault when all are made */
  readonly holds?: true
}

export interface Outcome {
  /** what is worth saying of it, for the last cell */
  readonly note: string
  /** no request on a connection of its own, asked from now on, may fail; ms by the common clock */
  readonly over?: number
}

/** The first answer that is neither undefined nor false. */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  const began = performance.now()
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() - began > 60_000) throw new Error(`waited 60 s in vain: ${what}`)
    await sleep(50)
  }
}

export async function realRows({ director }: Stage, service: string): Promise<readonly RealRow[]> {
  return (await director.json<Listing<RealRow>>('show', 'reals', '--service', service)).rows
}

export async function realRow(stage: Stage, service: string, address: string): Promise<RealRow> {
  const row = (await realRows(stage, service)).find((each) => each.address === address)
  if (row === undefined) throw new Error(`${service} has no real server ${address}`)
  return row
}
