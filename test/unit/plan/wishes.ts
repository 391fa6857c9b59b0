// SPDX-License-Identifier: Apache-2.0
// Wishes in few words, and what a diff makes of them.
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  DEFAULT_TUNABLES,
  type Desired,
  type MarkRule,
  type MarkService,
  type Real,
  type Service,
} from '../../../src/model/types.js'
import { diff } from '../../../src/plan/diff.js'
import type { Op } from '../../../src/plan/ops.js'
import type { Maps } from './maps.js'

export function wish(services: readonly Partial<Service>[], rest: Partial<Desired> = {}): Desired {
  return {
    interfaces: [],
    peers: [],
    timeouts: DEFAULT_TIMEOUTS,
    limits: DEFAULT_LIMITS,
    ...rest,
    marks: rest.marks ?? [],
    tunables: rest.tunables ?? DEFAULT_TUNABLES,
    services: services.map(web),
  }
}

export function web(service: Partial<Service>): Service {
  return {
    vip: '10.0.1.1',
    port: 80,
    protocol: 'tcp',
    scheduler: 'wlc',
    owner: 'file',
    reals: [],
    ...service,
  } as Service
}

export function marked(service: Partial<MarkService>): Partial<Service> {
  return { vip: undefined, port: undefined, protocol: undefined, mark: 6, family: 4, ...service }
}

export function rule(words: Partial<MarkRule>): MarkRule {
  return { vip: '10.0.1.1', protocol: 'tcp', ports: [[80, 80]], mark: 6, owner: 'file', ...words }
}

export function reals(...weights: readonly number[]): Real[] {
  return weights.map((weight, i) => ({ address: `10.0.2.${i + 1}`, weight }))
}

export function ops(desired: Desired, maps: Maps, now = 1000): readonly Op[] {
  const made = diff(desired, maps.actual(), now)
  if (!made.ok) throw new Error(made.problems.map((problem) => problem.reason).join('; '))
  return made.value
}

export function settle(maps: Maps, desired: Desired, now = 1000): string[] {
  const made = ops(desired, maps, now)
  maps.apply(made)
  return made.map((op) => op.op)
}
