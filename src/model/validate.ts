// SPDX-License-Identifier: Apache-2.0
// Everything that must hold between values, and, for a Desired that some program made, of each value too.
import { canonicalMac } from '../abi/address.js'
import { consoleFault } from './console.js'
import { quote } from './describe.js'
import { type Finding, located, type Path, pathText, twice } from './findings.js'
import { serviceKey } from './keys.js'
import { markClashes, markFaults, type SketchedMark } from './marks.js'
import { DEFAULT_SERIES, METRICS_LEVELS, METRICS_NAMES, SERIES } from './metrics.js'
import { beyondLimits, vipPaths } from './room.js'
import {
  choiceFault,
  type Fault,
  interfaceFault,
  LIMIT_RANGES,
  macFault,
  PORT,
  rangeFault,
  SECONDS,
} from './rules.js'
import {
  type SketchedService,
  serviceFaults,
  sketchedMatch,
  vipIsRealFault,
  withinService,
} from './service-rules.js'
import { TUNABLE_NAMES, tunableFault } from './tunables.js'
import type { Desired, Limits, Problem } from './types.js'

export type { Finding, Path } from './findings.js'

/** What is known so far about a configuration of which some parts may be wrong; wrong parts are absent. */
export interface Sketch {
  readonly interfaces: readonly { readonly name?: string | undefined }[]
  readonly peers: readonly (string | undefined)[]
  readonly services: readonly SketchedService[]
  readonly marks: readonly SketchedMark[]
  readonly limits: Pick<Limits, 'services' | 'reals' | 'interfaces'>
}

/** All problems of a Desired; none for one that parseYaml gave. */
export function validateDesired(desired: Desired): Problem[] {
  return [...valueFindings(desired), ...crossFindings(desired)].map(({ path, first, reason, ...rest }) => ({
    ...rest,
    subject: pathText(path),
    reason: first === undefined ? reason : `${reason}, first as ${pathText(first)}`,
  }))
}

/** What only shows when several values are seen together. */
export function crossFindings(sketch: Sketch): Finding[] {
  return [
    ...twice(
      sketch.interfaces.map((wish) => wish.name),
      (i) => ['interfaces', i],
      'interface',
    ),
    ...twice(sketch.peers, (i) => ['peers', i], 'peer'),
    ...twiceServices(sketch.services),
    ...vipsThatAreReals(sketch),
    ...sketch.services.flatMap((service, i) => withinService(service, ['services', i])),
    ...markClashes(sketch.marks),
    ...beyondLimits(sketch),
  ]
}

function valueFindings(desired: Desired): Finding[] {
  const { interfaces, peers, limits, timeouts, metrics, services, marks, tunables } = desired
  return [
    ...interfaces.flatMap((wish, i) => [
      ...located(['interfaces', i, 'name'], interfaceFault(String(wish.name))),
      ...located(['interfaces', i, 'mode'], choiceFault('mode', wish.mode, ['native', 'generic'])),
    ]),
    ...peers.flatMap((peer, i) =>
      located(['peers', i], macFault('peer', String(peer)) ?? canonicalMacFault(peer)),
    ),
    ...Object.entries(LIMIT_RANGES).flatMap(([key, range]) =>
      located(['limits', key], rangeFault(key, limits[key as keyof Limits], range)),
    ),
    ...(['tcp', 'tcpfin', 'udp'] as const).flatMap((key) =>
      located(['timeouts', key], rangeFault(`timeout ${key}`, timeouts[key], SECONDS)),
    ),
    ...TUNABLE_NAMES.flatMap((name) => located(['tunables', name], tunableFault(name, tunables[name]))),
    ...metricsFaults(metrics),
    ...located(['console'], consoleFault(desired)),
    ...services.flatMap((service, i) => serviceFaults(service, ['services', i])),
    ...marks.flatMap((rule, i) => markFaults(rule, ['marks', i])),
  ]
}

function metricsFaults(metrics: Desired['metrics']): Finding[] {
  if (metrics === undefined) return []
  const { port, level = 'real', series = DEFAULT_SERIES, names = [] } = metrics
  return [
    ...located(['metrics', 'port'], rangeFault('port', port, PORT)),
    ...located(['metrics', 'level'], choiceFault('level', level, METRICS_LEVELS)),
    ...located(['metrics', 'series'], rangeFault('series', series, SERIES)),
    ...names.flatMap((name, i) =>
      located(['metrics', 'names', i], choiceFault('names', name, METRICS_NAMES)),
    ),
  ]
}

function twiceServices(services: readonly SketchedService[]): Finding[] {
  const keys = services.map((service) => {
    const match = sketchedMatch(service)
    return match && serviceKey(match)
  })
  const word = (i: number) => (services[i]?.mark === undefined ? 'vip' : 'mark')
  return twice(keys, (i) => ['services', i, word(i)], 'service')
}

function vipsThatAreReals({ services, marks }: Sketch): Finding[] {
  const vips = vipPaths({ services, marks })
  const judge = (address: string | undefined, path: Path): Finding[] => {
    const first = address === undefined ? undefined : vips.get(address)
    return address === undefined || first === undefined ? [] : [{ path, first, ...vipIsRealFault(address) }]
  }
  return services.flatMap(({ reals, health }, i) => [
    ...reals.flatMap(({ address }, r) => judge(address, ['services', i, 'reals', r])),
    ...judge(health?.sorry?.address, ['services', i, 'health', 'sorry']),
  ])
}

function canonicalMacFault(text: string): Fault | undefined {
  const canonical = canonicalMac(text)
  if (canonical === text) return undefined
  return { reason: `peer ${quote(text)} is not canonical`, fix: `write ${canonical}` }
}
