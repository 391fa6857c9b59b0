// SPDX-License-Identifier: Apache-2.0
// Does a text match a regular expression? One that runs away is stopped: V8 matches by trying, so a pattern with
// nested repeats may need years, and nobody else of this process would be served meanwhile.
import { type Context, createContext, Script } from 'node:vm'
import { quote } from '../../model/describe.js'
import { Failure } from './failure.js'

/** Bytes of a body that a pattern is given. */
export const PATTERN_INPUT = 65_536
/** ms; asked a second time, because it may be this process that had no time */
export const PATTERN_TIME = 100

let room: { readonly context: Context; readonly script: Script } | undefined

export function matches(pattern: string, text: string): boolean {
  const expression = compiled(pattern)
  const answer = tried(expression, text) ?? tried(expression, text)
  if (answer !== undefined) return answer
  throw new Failure(
    'cannot-check',
    `the pattern ${quote(pattern)} needs more than ${PATTERN_TIME} ms for ${text.length} characters; write it without repeats inside of repeats`,
  )
}

/** undefined: it was stopped */
function tried(pattern: RegExp, text: string): boolean | undefined {
  room ??= { context: createContext(Object.create(null)), script: new Script('pattern.test(text)') }
  Object.assign(room.context, { pattern, text })
  try {
    return room.script.runInContext(room.context, { timeout: PATTERN_TIME }) as boolean
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined
    throw error
  } finally {
    room.context['text'] = undefined
  }
}

function compiled(pattern: string): RegExp {
  try {
    return new RegExp(pattern)
  } catch (error) {
    throw new Failure('cannot-check', (error as Error).message)
  }
}
