// SPDX-License-Identifier: Apache-2.0
// A configuration in one command line: --vip, --to, --dev and friends -> what a file would have said. Pure.
import { familyOf } from '../abi/address.js'
import { parseMode } from '../api/parse.js'
import type { Source } from '../daemon/source.js'
import { completeService } from '../model/change.js'
import { fail, succeed } from '../model/describe.js'
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, DEFAULT_TUNABLES, type Outcome } from '../model/types.js'
import {
  parseInterfaceName,
  parseListen,
  parsePersistence,
  parseReals,
  parseScheduler,
  parseVip,
} from '../model/words.js'
import { given, maybe } from './service-words.js'

export interface WordOptions {
  readonly vip?: string
  readonly to?: string
  readonly dev?: string
  readonly mode?: string
  readonly scheduler?: string
  readonly persistence?: string
  readonly udp?: boolean
  readonly metrics?: string
}

export const WORDS: readonly (keyof WordOptions)[] = [
  'vip',
  'to',
  'dev',
  'mode',
  'scheduler',
  'persistence',
  'udp',
  'metrics',
]

export function sourceFromWords(options: WordOptions): Outcome<Source> {
  const missing = (['vip', 'to', 'dev'] as const).filter((name) => options[name] === undefined)
  if (missing.length > 0)
    return fail(...missing.map((name) => ({ reason: `--${name} is missing`, fix: 'see: xlvs run --help' })))
  const vip = parseVip(options.vip ?? '', '--vip')
  if (!vip.ok) return vip
  const { address, port } = vip.value
  const reals = parseReals(options.to ?? '', port, '--to')
  const names = (options.dev ?? '').split(',').map((name) => parseInterfaceName(name.trim(), '--dev'))
  const mode = parseMode(options.mode ?? 'native', '--mode')
  const scheduler = maybe(options.scheduler, (text) => parseScheduler(text, '--scheduler'))
  const persistence = maybe(options.persistence, (text) =>
    parsePersistence(text, familyOf(address), '--persistence'),
  )
  const metrics = maybe(options.metrics, (text) => parseListen(text, '--metrics'))
  if (!reals.ok || !mode.ok || !scheduler.ok || !persistence.ok || !metrics.ok || !names.every((n) => n.ok))
    return problemsOf(reals, mode, scheduler, persistence, metrics, ...names)
  const service = completeService({
    vip: address,
    port,
    protocol: options.udp ? 'udp' : 'tcp',
    ...given('scheduler', scheduler.value),
    ...given('persistence', persistence.value),
    reals: reals.value,
  })
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
  return succeed({ kind: 'words', base, services: [service] })
}

function problemsOf(...words: readonly Outcome<unknown>[]): Outcome<never> {
  return fail(...words.flatMap((word) => (word.ok ? [] : word.problems)))
}
