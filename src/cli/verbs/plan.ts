// SPDX-License-Identifier: Apache-2.0
// xlvs plan: what a reload of a file would change, down to the connections that would end; changes nothing.
import type { Command } from 'commander'
import { answer, refuse } from '../answer.js'
import { call } from '../client.js'
import { type Context, EXIT, type ExitCode } from '../context.js'
import { readConfig } from '../file.js'
import { type DaemonOptions, daemonOptions, examples, socketOf } from '../options.js'
import type { Act } from '../verbs.js'
import { planLines } from '../views/plan.js'

interface Options extends DaemonOptions {
  readonly config?: string
}

export function define(command: Command, context: Context, act: Act): void {
  command.option('-c, --config <file>', 'the file to come (default: that of the daemon)')
  examples(daemonOptions(command), 'xlvs plan -c new.yaml', 'xlvs plan && xlvs reload')
  command.addHelpText('after', '\nExit code 3: live connections would break; 0: none would.\n')
  command.action(act((options: Options) => plan(context, options)))
}

async function plan(context: Context, options: Options): Promise<ExitCode> {
  const file = options.config
  const read = file === undefined ? undefined : await readConfig(file)
  if (read && !read.ok) return refuse(context, options, read.problems)
  const request = read && file !== undefined ? { file, text: read.value.text } : undefined
  const outcome = await call(socketOf(options, context), 'plan', {}, request)
  const code = answer(context, options, outcome, (preview) => planLines(preview, context.look))
  return outcome.ok && outcome.value.verdict === 'breaks' ? EXIT.breaks : code
}
