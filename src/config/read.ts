// SPDX-License-Identifier: Apache-2.0
// The plain values of a file -> the domain's. Reads what is right and leaves out what is wrong, so that the checks
// between values can run over a file with faults.
import { canonicalAddress } from '../abi/address.js'
import { CONSOLE_WITHOUT_PORT, type ConsoleWish } from '../model/console.js'
import { type LogFormat, parseEventsSize } from '../model/events.js'
import type { MetricsLevel, MetricsNames, MetricsWish } from '../model/metrics.js'
import { portsFault, unitePorts } from '../model/ports.js'
import { DEFAULT_PROTOCOL, hostFault, LIMIT_RANGES, MARK, PROTOCOLS, rangeFault } from '../model/rules.js'
import { bareTunable } from '../model/tunables.js'
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  DEFAULT_TUNABLES,
  type Desired,
  type InterfaceWish,
  type Limits,
  type MarkRule,
  type PortRange,
  type Protocol,
  type Tunables,
} from '../model/types.js'
import type { Finding } from '../model/validate.js'
import type { LostWhen, VrrpWish } from '../model/vrrp.js'
import { parseListen, parsePeer, parsePorts } from '../model/words.js'
import { readService, type ServiceDraft } from './read-service.js'
import { type Draft, given, items, knownWord, type Values, values } from './values.js'

export type DesiredDraft = Omit<Desired, 'interfaces' | 'peers' | 'services' | 'marks'> & {
  readonly interfaces: readonly Draft<InterfaceWish>[]
  readonly peers: readonly (string | undefined)[]
  readonly services: readonly ServiceDraft[]
  readonly marks: readonly Draft<MarkRule>[]
}

export function readFile(value: unknown): {
  readonly draft: DesiredDraft
  readonly findings: readonly Finding[]
} {
  const findings: Finding[] = []
  const {
    interfaces,
    services,
    marks,
    peers,
    timeouts,
    tunables,
    limits,
    metrics: listen,
    vrrp,
    console: wish,
    events,
    log,
  } = values(value)
  if (wish !== undefined && listen === undefined)
    findings.push({ path: ['console'], ...CONSOLE_WITHOUT_PORT })
  const metrics = readMetrics(listen)
  const size = readEventsSize(values(events))
  const draft = {
    interfaces: items(interfaces).map(readInterface),
    services: items(services).map((item, i) => readService(values(item), ['services', i], findings)),
    marks: items(marks).map((item) => readMark(values(item))),
    peers: items(peers).map((item) => (typeof item === 'string' ? given(parsePeer(item)) : undefined)),
    timeouts: { ...DEFAULT_TIMEOUTS, ...values(timeouts) },
    tunables: readTunables(values(tunables), findings),
    limits: readLimits(values(limits)),
    ...(metrics === undefined ? {} : { metrics }),
    ...(vrrp === undefined ? {} : { vrrp: readVrrp(values(vrrp)) }),
    ...(wish === undefined ? {} : { console: readConsole(values(wish)) }),
    ...(size === undefined ? {} : { events: { size } }),
    ...(log === undefined ? {} : { log: log as LogFormat }),
  }
  return { draft, findings }
}

function readEventsSize({ size }: Values): number | undefined {
  return typeof size === 'string' ? given(parseEventsSize(size)) : undefined
}

function readMetrics(file: unknown): MetricsWish | undefined {
  const { listen, level, series, names } = typeof file === 'string' ? { listen: file } : values(file)
  const where = typeof listen === 'string' ? given(parseListen(listen)) : undefined
  if (where === undefined) return undefined
  return {
    ...where,
    ...(level !== undefined && { level: level as MetricsLevel }),
    ...(series !== undefined && { series: series as number }),
    ...(names !== undefined && { names: items(names) as readonly MetricsNames[] }),
  }
}

function readVrrp(file: Values): VrrpWish {
  const { 'notify-fifo': notifyFifo, 'track-file': trackFile, 'lost-when': lostWhen } = file
  return {
    ...(typeof notifyFifo === 'string' && { notifyFifo }),
    ...(typeof trackFile === 'string' && { trackFile }),
    ...(lostWhen !== undefined && { lostWhen: lostWhen as LostWhen }),
  }
}

function readConsole({ 'token-file': tokenFile, hosts }: Values): ConsoleWish {
  const names = items(hosts).filter((name) => typeof name === 'string')
  return {
    ...(typeof tokenFile === 'string' && { tokenFile }),
    ...(hosts !== undefined && { hosts: names.map((name) => name.toLowerCase()) }),
  }
}

function readInterface(item: unknown): Draft<InterfaceWish> {
  if (typeof item === 'string') return { name: item, mode: 'native' }
  const { name, mode = 'native' } = values(item)
  return typeof name === 'string' ? { name, mode: mode as InterfaceWish['mode'] } : {}
}

function readMark({ vip, protocol = DEFAULT_PROTOCOL, ports, mark }: Values): Draft<MarkRule> {
  return {
    vip: typeof vip === 'string' && !hostFault('VIP', vip) ? canonicalAddress(vip) : undefined,
    protocol: knownWord(protocol, PROTOCOLS) as Protocol | undefined,
    ports: readPorts(ports),
    mark: rangeFault('mark', mark, MARK) ? undefined : (mark as number),
    owner: 'file',
  }
}

function readPorts(file: unknown): readonly PortRange[] | undefined {
  const ranges = (Array.isArray(file) ? file : [file]).map((item: unknown) =>
    typeof item === 'string' ? given(parsePorts(item)) : [[item, item] as unknown as PortRange],
  )
  if (ranges.includes(undefined)) return undefined
  const all = ranges.flatMap((some) => some ?? [])
  return portsFault(all) === undefined ? unitePorts(all) : undefined
}

/** Under the kernel's short names; each may be given once. */
function readTunables(file: Values, findings: Finding[]): Tunables {
  const seen = new Map<string, string>()
  const tunables: Record<string, unknown> = { ...DEFAULT_TUNABLES }
  for (const [key, value] of Object.entries(file)) {
    const name = bareTunable(key)
    const first = seen.get(name)
    if (first === undefined) seen.set(name, key)
    else {
      const reason = `tunable ${name} is listed twice`
      findings.push({ path: ['tunables', key], first: ['tunables', first], reason, fix: 'keep one of them' })
    }
    tunables[name] = value
  }
  return tunables as Tunables
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
