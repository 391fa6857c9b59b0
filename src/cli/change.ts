// SPDX-License-Identifier: Apache-2.0
// Verbs that change something: one call, one line that says what is true now, and what else the daemon has to say.
import type { Change } from '../api/contract.js'
import type { Calls, RouteName } from '../api/routes.js'
import { answer } from './answer.js'
import { call } from './client.js'
import type { Context, ExitCode } from './context.js'
import { type DaemonOptions, socketOf } from './options.js'

type ChangeRoute = { [Name in RouteName]: Calls[Name]['answer'] extends Change ? Name : never }[RouteName]

/** `done` is printed when something changed: 'tcp 192.0.2.10:80 is gone'. */
export async function change<Name extends ChangeRoute>(
  context: Context,
  options: DaemonOptions,
  name: Name,
  params: Calls[Name]['params'],
  body: Calls[Name]['body'],
  done: string,
): Promise<ExitCode> {
  const outcome = await call(socketOf(options, context), name, params, body)
  return answer(context, options, outcome, (value) => changeLines(value as Change, done))
}

export function changeLines(change: Change, done: string): readonly string[] {
  return [
    change.changed ? done : `${done} (it was so already)`,
    ...change.notices.map((notice) => `note: ${notice}`),
  ]
}
