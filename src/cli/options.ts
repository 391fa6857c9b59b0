// SPDX-License-Identifier: Apache-2.0
// Options and sentences that many verbs share.
import type { Command } from 'commander'
import { type Places, placesOf } from '../api/places.js'
import { fail, succeed } from '../model/describe.js'
import { type ServiceId, serviceKey } from '../model/keys.js'
import type { Outcome, ServiceKey } from '../model/types.js'
import { parseServiceId } from '../model/words.js'
import type { JsonOption } from './answer.js'
import type { Context } from './context.js'

export interface DaemonOptions extends JsonOption {
  readonly socket?: string
}

export interface ProtocolOption {
  readonly udp?: boolean
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

export function udpOption(command: Command): Command {
  return command.option('--udp', 'the UDP service at this address and port (default: TCP)')
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

/** '192.0.2.10:80' with or without --udp; 'udp 192.0.2.10:53' as one word works too. */
export function serviceWord(text: string, { udp }: ProtocolOption): Outcome<ServiceId> {
  const id = parseServiceId(text, 'service')
  if (!id.ok) return id
  const named = text.trim().includes(' ')
  if (udp && named && id.value.protocol !== 'udp')
    return fail({ subject: 'service', reason: `${text} is not UDP`, fix: 'leave out --udp' })
  return udp ? succeed({ ...id.value, protocol: 'udp' }) : id
}

export function serviceKeyWord(text: string, options: ProtocolOption): Outcome<ServiceKey> {
  const id = serviceWord(text, options)
  return id.ok ? succeed(serviceKey(id.value)) : id
}

/** An option that may be absent: judged only when it is there. */
export function maybe<T>(
  text: string | undefined,
  parse: (text: string) => Outcome<T>,
): Outcome<T | undefined> {
  return text === undefined ? succeed(undefined) : parse(text)
}

/** A property that is only there when it has a value. */
export function given<Key extends string, T>(key: Key, value: T | undefined): { readonly [K in Key]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]: T })
}
