// SPDX-License-Identifier: Apache-2.0
// Health checking against its service: a VIP to ask by, a port to ask, and who may be the sorry server.
import { familyOf } from '../abi/address.js'
import { checksFindings, healthFindings } from './check-rules.js'
import type { Check, HealthPolicy } from './checks.js'
import { type Finding, located, type Path } from './findings.js'
import { realText, type ServiceId, serviceFamily, serviceKey } from './keys.js'
import type { Fault } from './rules.js'
import type { SketchedReal } from './service-rules.js'
import { samePort } from './words.js'

/** Those that are wrong by themselves are holes, so that the others keep their places. */
export type SketchedChecks = readonly (Check | undefined)[]

/** Checks of a service, which each real server without checks of its own has. */
export function serviceChecksWithin(
  match: ServiceId,
  checks: SketchedChecks,
  reals: readonly SketchedReal[],
  path: Path,
): Finding[] {
  const users = reals.filter((real) => real.checks === undefined)
  return checksWithin(match, checks, users, path)
}

/** `asked` are the real servers that they are asked of. A check that is wrong by itself is not judged here. */
export function checksWithin(
  match: ServiceId,
  checks: SketchedChecks,
  asked: readonly SketchedReal[],
  path: Path,
): Finding[] {
  return checks.flatMap((check, i): Finding[] => {
    if (check === undefined || checksFindings([check], []).length > 0) return []
    const at = (key: string, fault: Fault | undefined) => located([...path, i, key], fault)
    return [
      ...at('via', viaFault(check, match)),
      ...at('port', portFault(check, match, asked)),
      ...at('bind', bindFault(check, match)),
    ]
  })
}

function viaFault({ via }: Check, match: ServiceId): Fault | undefined {
  if (via === 'real' || match.mark === undefined) return undefined
  return { reason: `${serviceKey(match)} has no VIP to ask by`, fix: 'write via: real, or leave it out' }
}

function portFault(check: Check, match: ServiceId, asked: readonly SketchedReal[]): Fault | undefined {
  const { kind, port } = check
  if (port !== undefined || kind === 'icmp' || kind === 'script') return undefined
  const fix = 'give the check a port'
  if (match.mark === undefined)
    return match.port === 0
      ? { reason: `the ${kind} check has no port, and the service has all of them`, fix }
      : undefined
  const bare = asked.find((real) => real.address !== undefined && real.port === undefined)
  if (bare?.address === undefined) return undefined
  return { reason: `the ${kind} check has no port, and real ${bare.address} of a mark has none`, fix }
}

function bindFault({ bind, address }: Check, match: ServiceId): Fault | undefined {
  const family = address === undefined ? serviceFamily(match) : familyOf(address)
  if (bind === undefined || familyOf(bind) === family) return undefined
  const reason = `bind ${bind} is IPv${familyOf(bind)}, but what it asks is IPv${family}`
  return { reason, fix: `use an IPv${family} address of this host` }
}

export function healthWithin(
  match: ServiceId,
  health: HealthPolicy,
  reals: readonly SketchedReal[],
  path: Path,
): Finding[] {
  if (healthFindings(health, []).length > 0) return []
  const { sorry, passive } = health
  return [
    ...(sorry === undefined ? [] : located([...path, 'sorry'], sorryFault(match, sorry, reals))),
    ...located([...path, 'passive'], passive === undefined ? undefined : passiveFault(match)),
  ]
}

function sorryFault(
  match: ServiceId,
  sorry: NonNullable<HealthPolicy['sorry']>,
  reals: readonly SketchedReal[],
): Fault | undefined {
  const { address, port } = sorry
  const family = serviceFamily(match)
  if (familyOf(address) !== family)
    return {
      reason: `sorry server ${address} is IPv${familyOf(address)} but the service is IPv${family}; direct routing cannot translate`,
      fix: `use its IPv${family} address`,
    }
  const name = realText(sorry)
  const twin = reals.some(
    (real) =>
      real.address !== undefined && realText({ address: real.address, port: real.port ?? 0 }) === name,
  )
  if (twin)
    return { reason: `sorry server ${name} is a real server of the service too`, fix: 'name another server' }
  return match.mark === undefined && port !== undefined ? samePort(address, port, match.port) : undefined
}

function passiveFault(match: ServiceId): Fault | undefined {
  if (match.mark !== undefined || match.protocol === 'tcp') return undefined
  const reason = `passive checks see the SYNs of TCP, and the service is of ${match.protocol}`
  return { reason, fix: 'leave passive out' }
}
