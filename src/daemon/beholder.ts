// SPDX-License-Identifier: Apache-2.0
// Looks at the reasons once a second, so that a change can be judged by what was before it.
import type { Datapath } from '../datapath/types.js'
import { after, type Look, WINDOW } from '../plan/watch.js'
import { LOOK_MS, type Round } from './rounds.js'

export interface Beholder {
  readonly round: Round
  /** ms that only go forward */
  clock(): number
  /** of the last minute, and of now */
  history(): readonly Look[]
  /** those after the last one of these, and of now */
  since(before: readonly Look[]): readonly Look[]
  /** what was seen counts no more: it was a change's doing */
  forget(): void
}

export function createBeholder(datapath: Pick<Datapath, 'reasons'>, clock: () => number): Beholder {
  let looks: readonly Look[] = []
  const look = (): Look => {
    const packets = Object.entries(datapath.reasons()).map(([name, counts]) => [name, Number(counts.packets)])
    return { at: clock(), packets: new Map(packets as [string, number][]) }
  }
  const history = () => {
    const now = look()
    looks = [...after(looks, now.at - WINDOW), now]
    return looks
  }
  return {
    clock,
    history,
    since: (before) => after(history(), before.at(-1)?.at ?? 0),
    forget: () => {
      looks = []
    },
    round: { what: 'looking at the reasons', every: LOOK_MS, act: history },
  }
}
