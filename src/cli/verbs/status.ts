// SPDX-License-Identifier: Apache-2.0
// xlvs status
import type { Command } from 'commander'
import { answer } from '../answer.js'
import { call } from '../client.js'
import type { Context } from '../context.js'
import { type DaemonOptions, daemonOptions, examples, socketOf } from '../options.js'
import type { Act } from '../verbs.js'
import { statusLines } from '../views/status.js'

export function define(command: Command, context: Context, act: Act): void {
  examples(daemonOptions(command), 'xlvs status', 'watch -n 1 xlvs status')
  command.action(
    act(async (options: DaemonOptions) =>
      answer(context, options, await call(socketOf(options, context), 'status'), (status) =>
        statusLines(status, context.look, context.now()),
      ),
    ),
  )
}
