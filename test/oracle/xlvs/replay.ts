// SPDX-License-Identifier: Apache-2.0
// One recording against a director: what is left to say when the differences that are meant to be are taken away.
import type { Answers } from '../scenario.js'
import { compare, faultText } from './compare.js'
import { judge } from './differences.js'
import type { Director } from './director.js'
import { play } from './play.js'

export interface Replay {
  /** a text for each fault, none when all is as it should be */
  readonly faults: readonly string[]
  /** ids of the differences that were seen */
  readonly met: ReadonlySet<string>
}

export async function replay(director: Director, recorded: Answers): Promise<Replay> {
  const xlvs = await play(director, recorded)
  const { unexplained, met } = judge(compare(recorded, xlvs), { kernel: recorded.answers, xlvs })
  return { faults: unexplained.map(faultText), met }
}
