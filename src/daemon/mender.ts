// SPDX-License-Identifier: Apache-2.0
// Drift: what somebody else has changed behind the daemon's back is made good every two seconds, told once a round in
// one line, and counted.
import type { Datapath } from '../datapath/types.js'
import type { Happening } from '../events/feed.js'
import { MEND_MS, type Round } from './rounds.js'

/** What a repair was about: a kind of datapath.mend(), or 'maps' where operations were needed. */
export type Mended = (kind: string, count: number) => void

const FEW = 5

export function createMender(
  datapath: Pick<Datapath, 'mend'>,
  tell: (event: Happening) => void,
  mended: Mended,
): Round {
  const act = () => {
    const repairs = datapath.mend()
    if (repairs.length === 0) return
    for (const { kind } of repairs) mended(kind, 1)
    tell(mendedHappened(repairs.map(({ what }) => what)))
  }
  return { what: 'looking for drift', every: MEND_MS, act }
}

/** 'mended, as somebody else had changed it: the next hop of 192.0.2.21, … and 12 more' */
export function mendedHappened(whats: readonly string[]): Happening {
  const more = whats.length > FEW ? ` and ${whats.length - FEW} more` : ''
  const [reason, to] = ['somebody else had changed it', `${whats.slice(0, FEW).join(', ')}${more}`]
  return { kind: 'mended', severity: 'warning', to, reason, text: `mended, as ${reason}: ${to}` }
}
