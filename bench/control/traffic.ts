// SPDX-License-Identifier: Apache-2.0
// The process that sends, as its owner sees it: it lives in the director's namespace and is told what to do.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { enter } from '../../src/demo/lab/command.js'
import type { Place } from './documents.js'

export interface Where {
  readonly pinRoot: string
  readonly device: string
}

export type Order =
  /** `flows` of each service become known, each with the real server that it went to */
  | { readonly what: 'know'; readonly places: readonly Place[]; readonly flows: number }
  /** known flows and new ones, from now on */
  | { readonly what: 'send' }
  | { readonly what: 'stop' }
  /** while no daemon is there: so many flows of each service, a SYN and an ACK each, straight into the table */
  | { readonly what: 'fill'; readonly places: readonly Place[]; readonly flows: number }

/** Packets since 'send'. */
export interface Tally {
  /** of known flows: sent, not forwarded, forwarded to another real server than before */
  readonly known: number
  readonly lost: number
  readonly moved: number
  /** first packets of flows: sent, not forwarded */
  readonly fresh: number
  readonly refused: number
}

export const SILENCE: Tally = { known: 0, lost: 0, moved: 0, fresh: 0, refused: 0 }

export function together(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (sum, one) => ({
      known: sum.known + one.known,
      lost: sum.lost + one.lost,
      moved: sum.moved + one.moved,
      fresh: sum.fresh + one.fresh,
      refused: sum.refused + one.refused,
    }),
    SILENCE,
  )
}

export type Answer =
  | { readonly ok: true; readonly tally: Tally }
  | { readonly ok: false; readonly reason: string }

export interface Traffic {
  /** no answer: it failed, and that is thrown */
  tell(order: Order): Promise<Tally>
  /** sends as long as that goes on */
  during(act: () => Promise<unknown>): Promise<Tally>
  close(): void
}

const sender = fileURLToPath(new URL('./sender.js', import.meta.url))

export function openTraffic(namespace: string, where: Where): Traffic {
  const [file, ...words] = enter(namespace, [process.execPath, sender, JSON.stringify(where)])
  const child = spawn(file, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the sender ended with status ${code}`)
  })
  ended.catch(() => undefined)
  const tell = async (order: Order): Promise<Tally> => {
    child.send(order)
    const [answer] = (await Promise.race([once(child, 'message'), ended])) as [Answer]
    if (!answer.ok) throw new Error(`${order.what}: ${answer.reason}`)
    return answer.tally
  }
  return {
    tell,
    during: async (act) => {
      await tell({ what: 'send' })
      await act()
      return tell({ what: 'stop' })
    },
    close: () => void child.kill(),
  }
}
