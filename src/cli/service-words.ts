// SPDX-License-Identifier: Apache-2.0
// Words that name a service, and options that may be absent.
import type { Command } from 'commander'
import { fail, succeed } from '../model/describe.js'
import { type ServiceId, serviceKey } from '../model/keys.js'
import type { Outcome, ServiceKey } from '../model/types.js'
import { parseServiceId } from '../model/words.js'

export interface ProtocolOption {
  readonly udp?: boolean
}

export function udpOption(command: Command): Command {
  return command.option('--udp', 'the UDP service at this address and port (default: TCP)')
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
