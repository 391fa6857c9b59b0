// SPDX-License-Identifier: Apache-2.0
// xlvs reload: the daemon reads its file again; a bad file changes nothing.
import type { Command } from 'commander'
import { change } from '../change.js'
import type { Context } from '../context.js'
import { type DaemonOptions, daemonOptions, examples } from '../options.js'
import type { Act } from '../verbs.js'

export function define(command: Command, context: Context, act: Act): void {
  examples(daemonOptions(command), 'xlvs check /etc/xlvs/lb.yaml && xlvs reload')
  command.action(
    act((options: DaemonOptions) =>
      change(context, options, 'reload', {}, undefined, 'the file is in force'),
    ),
  )
}
