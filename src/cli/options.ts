// SPDX-License-Identifier: Apache-2.0
// Options and sentences that many verbs share.
import type { Command } from 'commander'
import { type Places, placesOf } from '../api/places.js'
import type { JsonOption } from './answer.js'
import type { Context } from './context.js'

export interface DaemonOptions extends JsonOption {
  readonly socket?: string
}

export function jsonOption(command: Command): Command {
  return command.option('--json', 'write JSON, problems too')
}

/** For verbs that talk to the daemon. */
export function daemonOptions(command: Command): Command {
  return jsonOption(command).option('--socket <path>', "the daemon's socket (XLVS_SOCKET)")
}

/** For verbs that touch the pins themselves. */
export function pinOption(command: Command): Command {
  return command.option('--pin-root <path>', 'directory of the pinned maps (XLVS_PIN_ROOT)')
}

export function examples(command: Command, ...lines: readonly string[]): Command {
  const title = lines.length > 1 ? 'Examples:' : 'Example:'
  return command.addHelpText('after', `\n${title}\n${lines.map((line) => `  ${line}\n`).join('')}`)
}

export function socketOf(options: DaemonOptions, context: Context): string {
  return places(options, context).socket
}

export function places(
  options: { socket?: string; pinRoot?: string; stateDir?: string },
  context: Context,
): Places {
  return placesOf(options, context.env)
}
