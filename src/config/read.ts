// SPDX-License-Identifier: Apache-2.0
// The plain values of a file -> the domain's. Reads what is right and leaves out what is wrong, so that the checks
// between values can run over a file with faults; what hangs on the family or port of a service is judged here.
import { familyOf } from '../abi/address.js'
import { parseNetmask, prefixFault, wholeAddress } from '../model/persistence.js'
import {
  DEFAULT_PROTOCOL,
  DEFAULT_SCHEDULER,
  DEFAULT_WEIGHT,
  type Fault,
  LIMIT_RANGES,
  rangeFault,
} from '../model/rules.js'
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  type Desired,
  type InterfaceWish,
  type Limits,
  type Outcome,
  type Persistence,
  type Real,
  type Service,
} from '../model/types.js'
import type { Finding, Path } from '../model/validate.js'
import {
  type Endpoint,
  parseListen,
  parsePeer,
  parseRealAddress,
  parseVip,
  samePort,
  splitEndpoint,
} from '../model/words.js'

/** Like T, but what was wrong is missing. */
type Draft<T> = { readonly [K in keyof T]?: T[K] | undefined }
export type ServiceDraft = Draft<Omit<Service, 'reals'>> & { readonly reals: readonly Draft<Real>[] }
export type DesiredDraft = Omit<Desired, 'interfaces' | 'peers' | 'services'> & {
  readonly interfaces: readonly Draft<InterfaceWish>[]
  readonly peers: readonly (string | undefined)[]
  readonly services: readonly ServiceDraft[]
}

type Values = Readonly<Record<string, unknown>>

export function readFile(value: unknown): {
  readonly draft: DesiredDraft
  readonly findings: readonly Finding[]
} {
  const findings: Finding[] = []
  const { interfaces, services, peers, timeouts, limits, metrics: listen } = values(value)
  const metrics = typeof listen === 'string' ? given(parseListen(listen)) : undefined
  const draft = {
    interfaces: items(interfaces).map(readInterface),
    services: items(services).map((item, i) => readService(values(item), ['services', i], findings)),
    peers: items(peers).map((item) => (typeof item === 'string' ? given(parsePeer(item)) : undefined)),
    timeouts: { ...DEFAULT_TIMEOUTS, ...values(timeouts) },
    limits: readLimits(values(limits)),
    ...(metrics === undefined ? {} : { metrics }),
  }
  return { draft, findings }
}

function readInterface(item: unknown): Draft<InterfaceWish> {
  if (typeof item === 'string') return { name: item, mode: 'native' }
  const { name, mode = 'native' } = values(item)
  return typeof name === 'string' ? { name, mode: mode as InterfaceWish['mode'] } : {}
}

/** A limit that is wrong itself does not make its services wrong. */
function readLimits(file: Values): Limits {
  const keys = Object.keys(DEFAULT_LIMITS) as (keyof Limits)[]
  const entries = keys.map((key): [string, number] => {
    if (file[key] === undefined) return [key, DEFAULT_LIMITS[key]]
    const wrong = rangeFault(key, file[key], LIMIT_RANGES[key])
    return [key, wrong ? LIMIT_RANGES[key][1] : (file[key] as number)]
  })
  return Object.fromEntries(entries) as unknown as Limits
}

function readService(file: Values, path: Path, findings: Finding[]): ServiceDraft {
  const {
    vip: text,
    protocol = DEFAULT_PROTOCOL,
    scheduler = DEFAULT_SCHEDULER,
    persistence: stay,
    name,
    reals,
  } = file
  const vip = typeof text === 'string' ? given(parseVip(text)) : undefined
  const persistence = readPersistence(stay, vip, [...path, 'persistence'], findings)
  return {
    vip: vip?.address,
    port: vip?.port,
    protocol: protocol as Service['protocol'],
    scheduler: scheduler as Service['scheduler'],
    ...(persistence === undefined ? {} : { persistence }),
    ...(typeof name === 'string' ? { name } : {}),
    owner: 'file',
    reals: items(reals).map((item, i) => readReal(item, vip, [...path, 'reals', i], findings)),
  }
}

function readReal(item: unknown, vip: Endpoint | undefined, path: Path, findings: Finding[]): Draft<Real> {
  const plain = typeof item === 'string'
  const { address: text, weight = DEFAULT_WEIGHT, name } = plain ? { address: item } : values(item)
  const address = typeof text === 'string' ? given(parseRealAddress(text)) : undefined
  if (address === undefined) return {}
  const { port } = splitEndpoint(text as string)
  const moved = port === undefined ? undefined : samePort(address, Number(port), vip?.port)
  if (moved) findings.push({ path: plain ? path : [...path, 'address'], ...moved })
  return { address, weight: weight as number, ...(typeof name === 'string' ? { name } : {}) }
}

function readPersistence(
  file: unknown,
  vip: Endpoint | undefined,
  path: Path,
  findings: Finding[],
): Persistence | undefined {
  if (file === undefined || vip === undefined) return undefined
  const family = familyOf(vip.address)
  if (typeof file === 'number') return { timeout: file, prefix: wholeAddress(family) }
  const { timeout, netmask, prefix = wholeAddress(family) } = values(file)
  const wrong = (key: string, fault: Fault | undefined) => {
    if (fault) findings.push({ path: [...path, key], ...fault })
  }
  if (typeof netmask === 'string') {
    const net = parseNetmask(netmask, family)
    if (net.ok) return { timeout: timeout as number, ...net.value }
    if (family === 6) wrong('netmask', net.problems[0] as Fault)
  } else if (typeof prefix === 'number' && family === 4 && prefix <= 128)
    wrong('prefix', prefixFault(prefix, family))
  return { timeout: timeout as number, prefix: prefix as number }
}

function given<T>(outcome: Outcome<T>): T | undefined {
  return outcome.ok ? outcome.value : undefined
}

function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function values(value: unknown): Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Values) : {}
}
