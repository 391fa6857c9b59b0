// SPDX-License-Identifier: Apache-2.0
// The fields of a packet, checked before a kernel is booted for it; guest/packet.py turns them into bytes.
import { parseAddress } from '../../src/abi/address.js'
import { type Fields, ScenarioError, type Value } from './scenario.js'

const PORTS = ['tcp', 'udp', 'sctp']
const PROTOCOLS = [...PORTS, 'icmp', 'icmp6', 'esp', 'ah']
const CHUNKS =
  'DATA INIT INIT-ACK SACK HEARTBEAT HEARTBEAT-ACK ABORT SHUTDOWN SHUTDOWN-ACK ERROR COOKIE-ECHO COOKIE-ACK ECNE CWR SHUTDOWN-COMPLETE'
const EXTENSIONS = ['hop', 'routing', 'dst']

type Check = (value: Value) => boolean

const address: Check = (value) => typeof value === 'string' && parseAddress(value) !== undefined
const hexadecimal: Check = (value) => typeof value === 'string' && /^(?:[0-9a-f]{2})*$/i.test(value)
const text: Check = (value) => typeof value === 'string'
const flag: Check = (value) => typeof value === 'boolean' || value === 0 || value === 1
const upTo =
  (most: number): Check =>
  (value) =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)
const chunk: Check = (value) =>
  upTo(255)(value) || (typeof value === 'string' && CHUNKS.split(' ').includes(value))

function fragment(value: Value): boolean {
  if (!Array.isArray(value) || value.length !== 3) return false
  const [offset = null, more = null, id = null] = value as readonly Value[]
  return upTo(0x1fff)(offset) && flag(more) && upTo(0xffffffff)(id)
}

/** What each may hold, and how that is said. */
const FIELDS: Readonly<Record<string, readonly [Check, string]>> = {
  proto: [
    (value) => upTo(255)(value) || PROTOCOLS.includes(String(value)),
    `${PROTOCOLS.join(', ')} or a number`,
  ],
  src: [address, 'an address'],
  dst: [address, 'an address'],
  sport: [upTo(65535), 'a port'],
  dport: [upTo(65535), 'a port'],
  flags: [(value) => typeof value === 'string' && /^[FSRPAUEC]*$/.test(value), 'letters of FSRPAUEC'],
  seq: [upTo(0xffffffff), 'a number of 32 bits'],
  ack: [upTo(0xffffffff), 'a number of 32 bits'],
  vtag: [upTo(0xffffffff), 'a number of 32 bits'],
  len: [upTo(65495), 'a number of bytes'],
  payload: [text, 'text'],
  ttl: [upTo(255), 'a number up to 255'],
  tos: [upTo(255), 'a number up to 255'],
  flow: [upTo(0xfffff), 'a number of 20 bits'],
  id: [upTo(65535), 'a number of 16 bits'],
  df: [flag, 'true or false'],
  opts: [
    (value) => hexadecimal(value) && String(value).length % 8 === 0,
    'IPv4 options: hex of 4, 8, ... bytes',
  ],
  ext: [listOf((value) => EXTENSIONS.includes(String(value))), `a list of ${EXTENSIONS.join(', ')}`],
  frag: [fragment, '[offset in 8 bytes, more, id]'],
  fragend: [upTo(65535), 'a number of bytes'],
  type: [upTo(255), 'a number up to 255'],
  code: [upTo(255), 'a number up to 255'],
  rest: [upTo(0xffffffff), 'a number of 32 bits'],
  trunc: [upTo(65535), 'a number of bytes'],
  chunk: [(value) => chunk(value) || listOf(chunk)(value), `a number, a name or a list of them: ${CHUNKS}`],
  raw: [hexadecimal, 'hex'],
  l4hex: [hexadecimal, 'hex'],
  detail: [flag, 'true or false'],
  inner: [(value) => typeof value === 'object' && value !== null && !Array.isArray(value), 'a packet'],
  from: [text, 'a server'],
}

/** Throws one sentence on the first field that is unknown, wrong or missing. */
export function checkPacket(fields: Fields, servers: readonly string[]): void {
  for (const [name, value] of Object.entries(fields)) {
    const [check, wanted] = FIELDS[name] ?? []
    if (check === undefined)
      throw new ScenarioError(`a packet has no field "${name}": ${Object.keys(FIELDS).join(', ')}`)
    if (!check(value)) throw new ScenarioError(`"${name}": ${JSON.stringify(value)} is not ${wanted}`)
  }
  const { from, inner } = fields
  if (from !== undefined && !servers.includes(String(from)))
    throw new ScenarioError(`"from": there is no server ${String(from)}: ${servers.join(', ')}`)
  if (inner !== undefined) checkPacket(inner as Fields, servers)
  if (fields['raw'] !== undefined) return
  for (const name of needed(fields))
    if (fields[name] === undefined)
      throw new ScenarioError(`a packet of ${String(fields['proto'])} needs "${name}"`)
  if (String(fields['src']).includes(':') !== String(fields['dst']).includes(':'))
    throw new ScenarioError(`${String(fields['src'])} and ${String(fields['dst'])} are of two families`)
}

function needed({ proto, l4hex }: Fields): readonly string[] {
  const always = ['proto', 'src', 'dst']
  if (l4hex !== undefined || typeof proto === 'number') return always
  if (PORTS.includes(String(proto))) return [...always, 'sport', 'dport']
  return proto === 'icmp' || proto === 'icmp6' ? [...always, 'type'] : always
}
