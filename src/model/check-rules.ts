// SPDX-License-Identifier: Apache-2.0
// What one check and one policy may be: each value of it, and what its values must be to each other.
import { checkValues, command } from './check-fields.js'
import { CHECK_SECONDS, HYSTERESIS, MAX_CHECKS, QUORUM, RETRIES } from './check-values.js'
import type { Check, HealthPolicy, PassivePolicy } from './checks.js'
import { type Finding, located, type Path } from './findings.js'
import {
  flag,
  hostAddress,
  isJsonMap,
  type Judge,
  listOf,
  mapOf,
  may,
  must,
  oneWordOf,
  seconds,
  whole,
} from './judge.js'
import { type Fault, PORT } from './rules.js'

/** Of a service or of one real server; `least` 0 where an empty list means none. */
export function checksFindings(checks: unknown, path: Path, least: 0 | 1 = 0): Finding[] {
  return listOf('check', checkFindings, MAX_CHECKS, least)(checks, 'checks', path)
}

const checkFindings: Judge = (value, word, path) => {
  const found = checkValues(value, word, path)
  return found.length > 0 ? found : betweenValues(value as Check, path)
}

function betweenValues(check: Check, path: Path): Finding[] {
  const at = (key: string, fault: Fault | false | undefined) => located([...path, key], fault || undefined)
  const { kind, via, address, backOff, interval } = check
  return [
    ...at(
      'address',
      address !== undefined &&
        via === 'vip' && {
          reason: 'a question that goes by way of the VIP cannot go to another host',
          fix: 'write via: real, or leave the address out',
        },
    ),
    ...at(
      'via',
      kind === 'script' &&
        via === 'vip' && { reason: 'a script finds its own way, not by the VIP', fix: 'write via: real' },
    ),
    ...at(
      'backOff',
      backOff !== undefined &&
        backOff < interval && {
          reason: `back-off ${backOff} s is shorter than the interval ${interval} s`,
          fix: 'give a longer one: it is the longest pause while a server is down',
        },
    ),
    ...(kind === 'icmp' ? icmpFindings(check, path) : []),
    ...(kind === 'udp' ? at('minReply', replyFault(check)) : []),
    ...(kind === 'grpc' ? at('tls', grpcFault(check)) : []),
  ]
}

function icmpFindings(check: Check, path: Path): Finding[] {
  const keys = (['port', 'bindPort'] as const).filter((key) => check[key] !== undefined)
  return keys.map((key) => ({ path: [...path, key], reason: 'ICMP has no ports', fix: 'leave it out' }))
}

function replyFault({ minReply = 0, maxReply }: Check & { kind: 'udp' }): Fault | undefined {
  if (maxReply === undefined || minReply <= maxReply) return undefined
  return {
    reason: `min-reply ${minReply} is above max-reply ${maxReply}`,
    fix: `use 0..${maxReply}, or raise max-reply`,
  }
}

function grpcFault({ tls, sni, verify }: Check & { kind: 'grpc' }): Fault | undefined {
  if (tls || (sni === undefined && verify === undefined)) return undefined
  return { reason: 'sni and verify are of TLS, which this check does not use', fix: 'write tls: true' }
}

const passive = mapOf({
  retries: must(whole(RETRIES)),
  pause: must(seconds(CHECK_SECONDS)),
  most: must(seconds(CHECK_SECONDS)),
})

export const notifyFindings: Judge = mapOf({ up: may(command), down: may(command) })

const policy = mapOf({
  quorum: must(whole(QUORUM)),
  hysteresis: must(whole(HYSTERESIS)),
  sorry: may(mapOf({ address: must(hostAddress('sorry server')), port: may(whole(PORT)) })),
  sorryInhibit: may(flag),
  onDown: must(oneWordOf(['quiesce', 'remove'])),
  alpha: may(flag),
  omega: may(flag),
  failOpen: may(flag),
  slowStart: may(seconds(CHECK_SECONDS)),
  passive: may(passive),
  notify: may(notifyFindings),
})

export function healthFindings(value: unknown, path: Path): Finding[] {
  const found = policy(value, 'health', path)
  return found.length > 0 || !isJsonMap(value) ? found : betweenWords(value as unknown as HealthPolicy, path)
}

function betweenWords({ quorum, hysteresis, sorry, sorryInhibit, passive }: HealthPolicy, path: Path) {
  return [
    ...located(
      [...path, 'hysteresis'],
      hysteresis < quorum
        ? undefined
        : {
            reason: `hysteresis ${hysteresis} is not below the quorum ${quorum}`,
            fix: `use 0..${quorum - 1}`,
          },
    ),
    ...located(
      [...path, 'sorryInhibit'],
      sorryInhibit === undefined || sorry !== undefined
        ? undefined
        : { reason: 'there is no sorry server to inhibit', fix: 'give sorry, or leave it out' },
    ),
    ...located([...path, 'passive', 'most'], passive && longestFault(passive)),
  ]
}

function longestFault({ pause, most }: PassivePolicy): Fault | undefined {
  if (pause <= most) return undefined
  return { reason: `the longest pause ${most} s is below the first ${pause} s`, fix: `use ${pause} or more` }
}
