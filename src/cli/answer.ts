// SPDX-License-Identifier: Apache-2.0
// What every verb ends with: its answer on stdout, or its problems, as text on stderr or as JSON on stdout.
import { toJson } from '../api/json.js'
import { formatProblems } from '../model/describe.js'
import type { Outcome, Problem } from '../model/types.js'
import { type Context, EXIT, type ExitCode } from './context.js'

export interface JsonOption {
  readonly json?: boolean | undefined
}

/** Prints an outcome: `render` makes the lines for people. */
export function answer<T>(
  context: Context,
  options: JsonOption,
  outcome: Outcome<T>,
  render: (value: T) => readonly string[],
): ExitCode {
  if (!outcome.ok) return refuse(context, options, outcome.problems)
  if (options.json) context.out(`${toJson(outcome.value, 2)}\n`)
  else
    context.out(
      render(outcome.value)
        .map((line) => `${line}\n`)
        .join(''),
    )
  return EXIT.ok
}

export function refuse(
  context: Context,
  options: JsonOption,
  problems: readonly Problem[],
  code: ExitCode = EXIT.refused,
): ExitCode {
  if (options.json) context.out(`${toJson({ problems }, 2)}\n`)
  else context.err(`${formatProblems(problems)}\n`)
  return code
}

/** Words of the command line that cannot be right: all their problems at once. */
export function misused(
  context: Context,
  options: JsonOption,
  ...words: readonly (Outcome<unknown> | undefined)[]
): ExitCode {
  const problems = words.flatMap((word) => (word && !word.ok ? word.problems : []))
  return refuse(context, options, problems, EXIT.usage)
}
