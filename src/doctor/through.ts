// SPDX-License-Identifier: Apache-2.0
// Do the real servers answer at the VIPs? One that lacks a VIP takes clients' packets and drops them without a word.
import { endpointText } from '../model/keys.js'
import type { AddressText } from '../model/types.js'
import type { Facts, Through } from './facts.js'
import type { Finding } from './finding.js'

const CHECK = 'through-vip'

export function judgeThrough(facts: Facts): readonly Finding[] {
  const { through } = facts
  if (through === undefined || through.length === 0) return []
  const says = (said: Through['said']) => through.filter((one) => one.said === said)
  const lost = lostOf(facts)
  const quiet = [...says('silent'), ...says('unreachable')].filter(
    ({ real, protocol, said }) => !lost.has(real) && (protocol === 'tcp' || said === 'unreachable'),
  )
  return [
    ...missing(says('vip-missing')),
    ...says('refused').map((one) => refused(facts, one)),
    ...quiet.map(silent),
    ...notAsked(says('not-asked'), through.length),
    ...answered(says('answers'), through),
  ]
}

/** One for each real server, whatever its services. */
function missing(all: readonly Through[]): readonly Finding[] {
  const vips = new Map<AddressText, Set<AddressText>>()
  for (const { real, vip } of all) vips.set(real, (vips.get(real) ?? new Set()).add(vip))
  return [...vips].map(([real, lacking]) => ({
    check: CHECK,
    level: 'red',
    subject: real,
    says: `answers at its own address, not at ${[...lacking].join(', ')}: the VIP is not on its loopback`,
    advice: `there: xlvs realserver setup --vip ${[...lacking].join(',')} --apply`,
  }))
}

/** Red while clients are sent there. */
function refused({ daemon }: Facts, { service, real, vip, port, protocol }: Through): Finding {
  const row =
    daemon.state === 'answers' && daemon.reals.find((one) => one.service === service && one.address === real)
  const used = row === false || row === undefined || row.effectiveWeight > 0
  return {
    check: CHECK,
    level: used ? 'red' : 'yellow',
    subject: real,
    says: `refuses ${protocol} ${endpointText(vip, port)}: nothing listens there${used ? '' : ', and no new clients are sent'}`,
    advice: 'there: start what serves it, on the VIP or on every address',
  }
}

function silent({ real, vip, port, protocol, detail }: Through): Finding {
  return {
    check: CHECK,
    level: 'yellow',
    subject: real,
    says: `does not answer the director at ${protocol} ${endpointText(vip, port)}: ${detail}`,
    advice: 'look whether it runs, and whether it lets the director in',
  }
}

function notAsked(some: readonly Through[], all: number): readonly Finding[] {
  const reasons = [...new Set(some.map(({ detail }) => detail))]
  return reasons.map((reason) => {
    const count = some.filter(({ detail }) => detail === reason).length
    return { check: CHECK, level: 'yellow', says: `${count} of ${all} are not asked: ${reason}` }
  })
}

function answered(good: readonly Through[], all: readonly Through[]): readonly Finding[] {
  const mute = all.filter(({ protocol, said }) => protocol === 'udp' && said === 'silent').length
  if (good.length + mute === 0) return []
  const some = `${good.length} of ${all.length} answer at the VIP`
  const none = mute === 0 ? '' : `; ${mute} of UDP say nothing, which tells nothing`
  return [{ check: CHECK, level: 'green', says: `${some}${none}` }]
}

/** Those that `nexthop` tells of. */
function lostOf({ daemon }: Facts): ReadonlySet<AddressText> {
  const rows = daemon.state === 'answers' ? daemon.reals : []
  return new Set(rows.filter(({ nexthop }) => nexthop.state === 'unresolved').map(({ address }) => address))
}
