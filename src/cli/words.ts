// SPDX-License-Identifier: Apache-2.0
// A configuration in one command line: --vip, --to, --dev and friends -> what a file would have said. Pure.
import { familyOf } from '../abi/address.js'
import { parseMode } from '../api/parse.js'
import type { Source } from '../daemon/source.js'
import { completeService } from '../model/change.js'
import { fail, succeed } from '../model/describe.js'
import { METRICS_LEVELS, type MetricsLevel, type MetricsWish } from '../model/metrics.js'
import { choiceFault } from '../model/rules.js'
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  DEFAULT_TUNABLES,
  type Outcome,
  type Service,
} from '../model/types.js'
import {
  parseInterfaceName,
  parseListen,
  parsePersistence,
  parseReals,
  parseScheduler,
  parseVip,
} from '../model/words.js'
import { given, maybe, protocolWord } from './service-words.js'

export interface WordOptions {
  readonly vip?: string
  readonly to?: string
  readonly dev?: string
  readonly mode?: string
  readonly scheduler?: string
  readonly persistence?: string
  readonly udp?: boolean
  readonly sctp?: boolean
  readonly metrics?: string
  readonly metricsLevel?: string
}

export const WORDS: readonly (keyof WordOptions)[] = [
  'vip',
  'to',
  'dev',
  'mode',
  'scheduler',
  'persistence',
  'udp',
  'sctp',
  'metrics',
  'metricsLevel',
]

/** What only makes sense of a service. */
const OF_SERVICE: readonly (keyof WordOptions)[] = ['vip', 'to', 'scheduler', 'persistence', 'udp', 'sctp']

/** --dev alone is a director whose services are added later, by xlvs or xlvsadm. */
export function sourceFromWords(options: WordOptions): Outcome<Extract<Source, { kind: 'words' }>> {
  const needed: readonly (keyof WordOptions)[] = OF_SERVICE.some((name) => options[name] !== undefined)
    ? ['vip', 'to', 'dev']
    : ['dev']
  const missing = needed.filter((name) => options[name] === undefined)
  if (missing.length > 0)
    return fail(...missing.map((name) => ({ reason: `--${name} is missing`, fix: 'see: xlvs run --help' })))
  const services = needed.includes('vip') ? serviceFromWords(options) : succeed<readonly Service[]>([])
  const names = (options.dev ?? '').split(',').map((name) => parseInterfaceName(name.trim(), '--dev'))
  const mode = parseMode(options.mode ?? 'native', '--mode')
  const metrics = metricsFromWords(options)
  if (!services.ok || !mode.ok || !metrics.ok || !names.every((n) => n.ok))
    return problemsOf(services, mode, metrics, ...names)
  const interfaces = [...new Set(names.map((n) => n.value))].map((name) => ({ name, mode: mode.value }))
  const base = {
    interfaces,
    services: [],
    marks: [],
    peers: [],
    timeouts: DEFAULT_TIMEOUTS,
    tunables: DEFAULT_TUNABLES,
    limits: DEFAULT_LIMITS,
    ...given('metrics', metrics.value),
  }
  return succeed({ kind: 'words', base, services: services.value })
}

function serviceFromWords(options: WordOptions): Outcome<readonly Service[]> {
  const vip = parseVip(options.vip ?? '', '--vip')
  if (!vip.ok) return vip
  const { address, port } = vip.value
  const reals = parseReals(options.to ?? '', port, '--to')
  const scheduler = maybe(options.scheduler, (text) => parseScheduler(text, '--scheduler'))
  const persistence = maybe(options.persistence, (text) =>
    parsePersistence(text, familyOf(address), '--persistence'),
  )
  const protocol = protocolWord(options)
  if (!reals.ok || !scheduler.ok || !persistence.ok || !protocol.ok)
    return problemsOf(protocol, reals, scheduler, persistence)
  const service = completeService({
    vip: address,
    port,
    ...given('protocol', protocol.value),
    ...given('scheduler', scheduler.value),
    ...given('persistence', persistence.value),
    reals: reals.value,
  })
  return succeed([service])
}

function metricsFromWords({ metrics, metricsLevel }: WordOptions): Outcome<MetricsWish | undefined> {
  const listen = maybe(metrics, (text) => parseListen(text, '--metrics'))
  const bad = metricsLevel === undefined ? undefined : choiceFault('level', metricsLevel, METRICS_LEVELS)
  if (bad) return problemsOf(listen, fail({ subject: '--metrics-level', ...bad }))
  if (!listen.ok || metricsLevel === undefined) return listen
  if (listen.value === undefined)
    return fail({
      subject: '--metrics-level',
      reason: 'there are no metrics without --metrics',
      fix: 'add --metrics 127.0.0.1:9612',
    })
  return succeed({ ...listen.value, level: metricsLevel as MetricsLevel })
}

function problemsOf(...words: readonly Outcome<unknown>[]): Outcome<never> {
  return fail(...words.flatMap((word) => (word.ok ? [] : word.problems)))
}
