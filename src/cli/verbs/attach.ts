// SPDX-License-Identifier: Apache-2.0
// xlvs attach IFACE: the daemon puts its program on an interface and keeps it there over restarts.
import type { Command } from 'commander'
import { parseMode } from '../../api/parse.js'
import { parseInterfaceName } from '../../model/words.js'
import { misused } from '../answer.js'
import { change } from '../change.js'
import type { Context } from '../context.js'
import { type DaemonOptions, daemonOptions, examples } from '../options.js'
import type { Act } from '../verbs.js'

interface Options extends DaemonOptions {
  readonly mode: string
}

export function define(command: Command, context: Context, act: Act): void {
  command
    .argument('<interface>', 'a network interface of this host')
    .option('--mode <mode>', 'native (in the driver) or generic (any driver, slower)', 'native')
  examples(daemonOptions(command), 'xlvs attach eth0', 'xlvs attach eth1 --mode generic')
  command.action(act((name: string, options: Options) => attach(context, name, options)))
}

function attach(context: Context, word: string, options: Options) {
  const name = parseInterfaceName(word, 'interface')
  const mode = parseMode(options.mode, '--mode')
  if (!name.ok || !mode.ok) return misused(context, options, name, mode)
  const body = { name: name.value, mode: mode.value }
  return change(context, options, 'attach', {}, body, `${name.value} is attached (${mode.value})`)
}
