// SPDX-License-Identifier: Apache-2.0
// Applying a file under watch: what is asked for, what became of it, and the reading of the question.
import { fail, succeed } from '../model/describe.js'
import type { Jump, Tolerance } from '../model/jump.js'
import { kindOf, refuse } from '../model/rules.js'
import type { Outcome, Problem } from '../model/types.js'
import type { Change } from './contract.js'

export interface ApplyRequest extends Tolerance {
  /** its name, for what is wrong in it; without it the daemon's own file is read again */
  readonly file?: string
  readonly text?: string
  /** seconds, 0 = not watched */
  readonly watch: number
  /** when it is kept, it becomes the text of the daemon's file */
  readonly write?: boolean
}

/** 'stuck': it was to be rolled back, and that was refused. */
export type ApplyState = 'watching' | 'kept' | 'rolled-back' | 'stuck'

export interface Applied {
  /** counts from 1 at the daemon's start */
  readonly id: number
  readonly file: string
  readonly state: ApplyState
  readonly change: Change
  /** ms since the epoch: of the change; of the end of the watch, to come or gone */
  readonly at: number
  readonly until: number
  /** why it was rolled back; empty when somebody asked for that */
  readonly jumps: readonly Jump[]
  /** what failed at the end */
  readonly problems: readonly Problem[]
  /** what is in force is what the daemon's file says */
  readonly agrees: boolean
}

/** Of the last one; nothing before the first, and after a reload. */
export interface LastApplied {
  readonly applied?: Applied
}

export const MAX_WATCH = 86_400
const FIX =
  'send {"file": "its name", "text": "what is in it", "watch": seconds}, without file and text for the file of the daemon'
const NUMBERS = ['watch', 'rate', 'packets'] as const

export function readApplyRequest(body: unknown): Outcome<ApplyRequest> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return refuse({ reason: `body is ${kindOf(body)}`, fix: FIX }, 'body')
  const { file, text, write, watch = 10, rate, packets, ...rest } = body as Record<string, unknown>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined)
    return refuse({ reason: `unknown key ${JSON.stringify(unknown)}`, fix: FIX }, 'body')
  const both = (file === undefined) === (text === undefined)
  const texts = [file, text].every((one) => one === undefined || typeof one === 'string')
  if (!both || !texts) return refuse({ reason: 'file and text are not two texts', fix: FIX }, 'body')
  if (write !== undefined && typeof write !== 'boolean')
    return refuse({ reason: `write is ${kindOf(write)}`, fix: 'send true or false' }, 'write')
  const numbers = { watch, ...(rate !== undefined && { rate }), ...(packets !== undefined && { packets }) }
  const wrong = NUMBERS.flatMap((name) => numberFault(name, (numbers as Record<string, unknown>)[name]))
  if (wrong.length > 0) return fail(...wrong)
  return succeed({
    ...(file !== undefined && { file, text }),
    ...(write !== undefined && { write }),
    ...numbers,
  } as ApplyRequest)
}

function numberFault(name: (typeof NUMBERS)[number], value: unknown): readonly Problem[] {
  if (value === undefined) return []
  const most = name === 'watch' ? MAX_WATCH : Number.MAX_SAFE_INTEGER
  if (typeof value === 'number' && value >= 0 && value <= most) return []
  const reason =
    typeof value === 'number' ? `${name} ${value} is out of range` : `${name} is ${kindOf(value)}`
  return [{ subject: name, reason, fix: `send a number, 0..${most}` }]
}
