// SPDX-License-Identifier: Apache-2.0
// What limits leave room for: services, real servers, VIPs and marked ranges.
import type { Finding, Path } from './findings.js'
import type { SketchedMark } from './marks.js'
import { type Fault, LIMIT_RANGES, MAX_MARK_RANGES } from './rules.js'
import type { SketchedService } from './service-rules.js'
import type { Desired, Limits } from './types.js'

interface Crowd {
  readonly interfaces: readonly unknown[]
  readonly services: readonly SketchedService[]
  readonly marks: readonly SketchedMark[]
  readonly limits: Pick<Limits, 'services' | 'reals' | 'interfaces'>
}

/** What a changed Desired has too much of, in the words of a request. */
export function fullFault({ services, marks, limits }: Desired): Fault | undefined {
  const fix = (what: string) => `raise limits.${what} in the file and start the daemon again, or remove some`
  if (services.length > limits.services)
    return { reason: `limits.services ${limits.services} is reached`, fix: fix('services') }
  const vips = vipPaths({ services, marks }).size
  if (vips > limits.services) return { reason: tooManyVips(vips, limits), fix: fix('services') }
  const reals = services.reduce((sum, service) => sum + service.reals.length, 0)
  if (reals > limits.reals) return { reason: `limits.reals ${limits.reals} is reached`, fix: fix('reals') }
  const ranges = marks.reduce((sum, { ports }) => sum + ports.length, 0)
  return ranges > MAX_MARK_RANGES ? { reason: tooManyRanges(ranges), fix: 'remove some' } : undefined
}

/** The first thing of each kind that is one too many. */
export function beyondLimits({ services, marks, interfaces, limits }: Crowd): Finding[] {
  const found: Finding[] = []
  const raise = (what: 'services' | 'reals' | 'interfaces', count: number) =>
    count > LIMIT_RANGES[what][1] ? 'take some away' : `raise limits.${what} to ${count} or more`
  const beyond = (what: 'services' | 'reals' | 'interfaces', count: number, path: Path) => {
    const reason = `there are ${count} ${what}, more than limits.${what} ${limits[what]}`
    found.push({ path, reason, fix: raise(what, count) })
  }
  if (services.length > limits.services) beyond('services', services.length, ['services', limits.services])
  if (interfaces.length > limits.interfaces)
    beyond('interfaces', interfaces.length, ['interfaces', limits.interfaces])
  const reals = services.reduce((sum, service) => sum + service.reals.length, 0)
  if (reals > limits.reals) beyond('reals', reals, nthReal(services, limits.reals))
  const vips = [...vipPaths({ services, marks }).values()]
  if (vips.length > limits.services && services.length <= limits.services) {
    const fix = raise('services', vips.length)
    found.push({ path: vips[limits.services] as Path, reason: tooManyVips(vips.length, limits), fix })
  }
  const ranges = marks.reduce((sum, { ports = [] }) => sum + ports.length, 0)
  if (ranges > MAX_MARK_RANGES)
    found.push({ path: ['marks'], reason: tooManyRanges(ranges), fix: 'take some away' })
  return found
}

/** Each VIP, of services and of marks, and where it stands for the first time. */
export function vipPaths({ services, marks }: Pick<Crowd, 'services' | 'marks'>): Map<string, Path> {
  const vips = new Map<string, Path>()
  const note = (vip: string | undefined, path: Path) => {
    if (vip !== undefined && !vips.has(vip)) vips.set(vip, path)
  }
  for (const [i, { vip }] of services.entries()) note(vip, ['services', i, 'vip'])
  for (const [i, { vip }] of marks.entries()) note(vip, ['marks', i, 'vip'])
  return vips
}

function tooManyVips(count: number, limits: Pick<Limits, 'services'>): string {
  return `there are ${count} VIPs of services and marks, more than limits.services ${limits.services}`
}

function tooManyRanges(count: number): string {
  return `there are ${count} marked port ranges, more than ${MAX_MARK_RANGES}`
}

/** Path of the n-th real server of all, from 0. */
function nthReal(services: readonly SketchedService[], n: number): Path {
  let rest = n
  for (const [i, { reals }] of services.entries()) {
    if (rest < reals.length) return ['services', i, 'reals', rest]
    rest -= reals.length
  }
  return ['services']
}
