// SPDX-License-Identifier: Apache-2.0
// Requests to explain a packet: whose it is or how it looks, and what is to be taken for true.
import { canonicalAddress, familyOf } from '../abi/address.js'
import { fail, oneOf, quote, succeed } from '../model/describe.js'
import { endpointText, serviceKey } from '../model/keys.js'
import { choiceFault, hostFault, kindOf, type Range, rangeFault, refuse } from '../model/rules.js'
import type { AddressText, Outcome, Problem, Protocol } from '../model/types.js'
import { parseInterfaceName, parseProtocol, parseRealId, parseServiceId, portsOf } from '../model/words.js'
import type { ExplainRequest, WhatIf } from './contract-sight.js'

type Flags = NonNullable<ExplainRequest['flags']>

export interface PacketWish {
  readonly client: AddressText
  readonly clientPort: number
  readonly vip: AddressText
  readonly port: number
  readonly protocol: Protocol
  readonly flags: Flags
}

export interface ExplainWish {
  /** how it arrived, or a packet to be made up */
  readonly packet: Uint8Array | PacketWish
  readonly interface?: string
  readonly whatIf: readonly WhatIf[]
  readonly brief: boolean
}

/** A client's port when none is named. */
export const ANY_CLIENT_PORT = 40_000
const PORT: Range = [1, 65_535]
const WEIGHT: Range = [0, 2_147_483_647]
const FLAGS: readonly Flags[] = ['syn', 'ack', 'fin', 'rst']
const WORDS = ['client', 'clientPort', 'vip', 'port', 'protocol', 'flags'] as const
const REST = ['interface', 'frame', 'whatIf', 'brief'] as const
const KEYS: readonly string[] = [...WORDS, ...REST]

/** {"client": "198.51.100.7", "vip": "192.0.2.10", "port": 80, "whatIf": [{"down": "192.0.2.21"}]} */
export function readExplainRequest(body: unknown): Outcome<ExplainWish> {
  if (!isObject(body))
    return refuse(
      {
        reason: `body is ${kindOf(body)}`,
        fix: 'send a JSON object with client, vip and port, or with frame',
      },
      'body',
    )
  const unknown = Object.keys(body).find((key) => !KEYS.includes(key))
  if (unknown !== undefined)
    return refuse({ reason: `unknown key ${quote(unknown)}`, fix: `use ${oneOf(KEYS)}` }, 'body')
  const packet = body['frame'] === undefined ? readWords(body) : readFrame(body)
  const device = readInterface(body['interface'])
  const whatIf = readWhatIfs(body['whatIf'] ?? [])
  const problems = [packet, device, whatIf].flatMap((one) => (one.ok ? [] : one.problems))
  if (!packet.ok || !device.ok || !whatIf.ok) return fail(...problems)
  return succeed({
    packet: packet.value,
    ...(device.value !== undefined && { interface: device.value }),
    whatIf: whatIf.value,
    brief: body['brief'] === true,
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readFrame(body: Record<string, unknown>): Outcome<Uint8Array> {
  const { frame } = body
  const both = WORDS.find((word) => body[word] !== undefined)
  if (both !== undefined)
    return refuse({ reason: `a frame says its ${both} itself`, fix: `leave out ${both}` }, 'frame')
  if (typeof frame !== 'string' || !/^(?:[0-9a-f]{2})*$/i.test(frame))
    return refuse({ reason: 'frame is not the bytes of a frame', fix: 'write them as hex digits' }, 'frame')
  return succeed(Uint8Array.from(Buffer.from(frame, 'hex')))
}

function readWords(body: Record<string, unknown>): Outcome<PacketWish> {
  const { clientPort = ANY_CLIENT_PORT, port, flags = 'syn', protocol = 'tcp' } = body
  const client = readHost('client', body['client'])
  const vip = readHost('vip', body['vip'])
  const proto =
    typeof protocol === 'string' ? parseProtocol(protocol, 'protocol') : notText('protocol', protocol)
  const problems: Problem[] = [client, vip, proto].flatMap((one) => (one.ok ? [] : one.problems))
  for (const [word, value] of Object.entries({ clientPort, port })) {
    const wrong = rangeFault(word, value, PORT)
    if (wrong) problems.push({ subject: word, ...wrong })
  }
  const wrong = choiceFault('flags', flags, FLAGS)
  if (wrong) problems.push({ subject: 'flags', ...wrong })
  if (body['flags'] !== undefined && proto.ok && proto.value !== 'tcp')
    problems.push({ subject: 'flags', reason: `${proto.value} has no flags`, fix: 'leave them out' })
  if (!client.ok || !vip.ok || !proto.ok || problems.length > 0) return fail(...problems)
  if (familyOf(client.value) !== familyOf(vip.value))
    return refuse(otherFamily(client.value, vip.value), 'client')
  return succeed({
    ...{ client: client.value, clientPort: clientPort as number },
    ...{ vip: vip.value, port: port as number, protocol: proto.value, flags: flags as Flags },
  })
}

function otherFamily(client: AddressText, vip: AddressText) {
  const [one, other] = [client, vip].map((address) => `${address} is IPv${familyOf(address)}`)
  return {
    reason: `${one} and ${other}: no packet goes from one to the other`,
    fix: 'name two of one family',
  }
}

function readHost(word: string, value: unknown): Outcome<AddressText> {
  if (value === undefined)
    return refuse({ reason: `${word} is missing`, fix: `give ${word}, or a frame` }, word)
  if (typeof value !== 'string') return notText(word, value)
  const wrong = hostFault(word, value)
  return wrong ? refuse(wrong, word) : succeed(canonicalAddress(value) ?? value)
}

function notText(word: string, value: unknown): Outcome<never> {
  return refuse({ reason: `${word} is ${kindOf(value)}`, fix: 'send text' }, word)
}

function readInterface(value: unknown): Outcome<string | undefined> {
  if (value === undefined) return succeed(undefined)
  return typeof value === 'string' ? parseInterfaceName(value, 'interface') : notText('interface', value)
}

function readWhatIfs(value: unknown): Outcome<readonly WhatIf[]> {
  if (!Array.isArray(value))
    return refuse({ reason: `whatIf is ${kindOf(value)}`, fix: 'send [{"down": "192.0.2.21"}]' }, 'whatIf')
  const all = value.map(readWhatIf)
  const problems = all.flatMap((one) => (one.ok ? [] : one.problems))
  return problems.length > 0 ? fail(...problems) : succeed(all.flatMap((one) => (one.ok ? [one.value] : [])))
}

function readWhatIf(value: unknown): Outcome<WhatIf> {
  const fix =
    'send {"down": "192.0.2.21"} or {"real": "192.0.2.21", "weight": 5}, and service where it matters'
  if (!isObject(value)) return refuse({ reason: `it is ${kindOf(value)}`, fix }, 'whatIf')
  const { down, real, weight, service, ...rest } = value
  const name = down ?? real
  if (
    Object.keys(rest).length > 0 ||
    typeof name !== 'string' ||
    (down === undefined) === (real === undefined)
  )
    return refuse({ reason: 'it names no real server, or more than a real server', fix }, 'whatIf')
  const id = service === undefined ? succeed(undefined) : parseServiceId(String(service), 'service')
  if (!id.ok) return id
  const known = parseRealId(name, id.value === undefined ? 'own' : portsOf(id.value), 'whatIf')
  if (!known.ok) return known
  const { address, port } = known.value
  const text = port === undefined ? address : endpointText(address, port)
  const of = id.value === undefined ? {} : { service: serviceKey(id.value) }
  if (down !== undefined) return succeed({ down: text, ...of })
  const wrong = rangeFault('weight', weight, WEIGHT)
  return wrong ? refuse(wrong, 'whatIf') : succeed({ real: text, weight: weight as number, ...of })
}
