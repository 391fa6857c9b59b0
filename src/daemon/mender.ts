// SPDX-License-Identifier: Apache-2.0
// Drift: what somebody else has changed behind the daemon's back is made good every two seconds, told once a round in
// one line, and counted.
import type { Datapath } from '../datapath/types.js'
import { MEND_MS, type Round } from './rounds.js'

/** What a repair was about: a kind of datapath.mend(), or 'maps' where operations were needed. */
export type Mended = (kind: string, count: number) => void

const FEW = 5

export function createMender(
  datapath: Pick<Datapath, 'mend'>,
  log: (line: string) => void,
  mended: Mended,
): Round {
  const act = () => {
    const repairs = datapath.mend()
    if (repairs.length === 0) return
    for (const { kind } of repairs) mended(kind, 1)
    log(mendedLine(repairs.map(({ what }) => what)))
  }
  return { what: 'looking for drift', every: MEND_MS, act }
}

/** 'mended, as somebody else had changed it: the next hop of 192.0.2.21, … and 12 more' */
export function mendedLine(whats: readonly string[]): string {
  const more = whats.length > FEW ? ` and ${whats.length - FEW} more` : ''
  return `mended, as somebody else had changed it: ${whats.slice(0, FEW).join(', ')}${more}`
}
