// SPDX-License-Identifier: Apache-2.0
// What happens to the daemon as a whole, to its file and to its next hops, in words. Pure.
import type { Applied, ApplyState } from '../api/apply.js'
import type { Change } from '../api/contract.js'
import type { EventRow } from '../api/contract-sight.js'
import { VERSION } from '../api/version.js'
import type { NextHopState } from '../datapath/types.js'
import type { Happening } from '../events/feed.js'
import { formatProblem, formatProblems } from '../model/describe.js'
import type { AddressText, Desired, Outcome, Problem } from '../model/types.js'

export interface Start {
  readonly adopted: boolean
  /** what the daemon before told last of itself */
  readonly before: EventRow | undefined
  readonly effective: Desired
}

export function startHappened({ adopted, before, effective }: Start): Happening {
  const killed = before !== undefined && before.to !== 'ended'
  const reals = effective.services.reduce((sum, service) => sum + service.reals.length, 0)
  const to = adopted ? 'adopted' : 'started'
  const words = adopted ? 'started and took over what is in service' : 'started'
  const reason = killed ? 'the one before did not end by itself' : undefined
  const what = `xlvs ${VERSION}, services: ${effective.services.length}, real servers: ${reals}`
  return {
    kind: 'daemon',
    severity: killed ? 'warning' : 'notice',
    from: killed ? 'killed' : 'ended',
    to,
    ...(reason !== undefined && { reason }),
    text: `the daemon ${words}: ${what}${reason === undefined ? '' : `; ${reason}`}`,
  }
}

export function endHappened(how: 'leave' | 'restore'): Happening {
  const reason = how === 'leave' ? 'packets are forwarded on' : 'interfaces are as they were before'
  const words = { from: 'running', to: 'ended', reason }
  return { kind: 'daemon', severity: 'notice', ...words, text: `the daemon ended: ${reason}` }
}

export function reloadHappened(outcome: Outcome<Change>): Happening {
  if (!outcome.ok) {
    const reason = reasonOf(outcome.problems)
    const text = `reload refused, nothing changed: ${reason}`
    return { kind: 'reload', severity: 'error', to: 'refused', reason, text }
  }
  const reason = outcome.value.changed ? 'the file was read again' : 'the file says what is in force'
  return { kind: 'reload', severity: 'notice', to: 'done', reason, text: 'reloaded' }
}

export function applyRefused(file: string, problems: readonly Problem[]): Happening {
  const reason = reasonOf(problems)
  const text = `${file} was not applied, nothing changed: ${reason}`
  return { kind: 'apply', severity: 'error', to: 'refused', reason, text }
}

const APPLIED: Readonly<
  Record<ApplyState, { readonly said: string; readonly severity: Happening['severity'] }>
> = {
  watching: { said: 'is watched', severity: 'notice' },
  kept: { said: 'was kept', severity: 'notice' },
  'rolled-back': { said: 'was rolled back', severity: 'error' },
  stuck: { said: 'could not be rolled back', severity: 'error' },
}

export function applyHappened({ file, state, jumps: found, problems }: Applied): Happening {
  const why = found.map(({ reason, after }) => `${reason} ${after.toFixed(1)}/s`).join(', ')
  const more = [why, problems.length > 0 ? formatProblems(problems) : ''].filter((part) => part !== '')
  const { said, severity } = APPLIED[state]
  const from = state === 'watching' ? {} : { from: 'watching' }
  const reason = more.length > 0 ? { reason: more.join(': ') } : {}
  return {
    kind: 'apply',
    severity,
    ...from,
    to: state,
    ...reason,
    text: [`${file} ${said}`, ...more].join(': '),
  }
}

/** Without `before` it is looked at for the first time: only that it cannot be reached is an event then. */
export function hopHappened(before: NextHopState | undefined, now: NextHopState): Happening | undefined {
  if (before === undefined && now.state !== 'unresolved') return undefined
  const { address: real, state, why } = now
  const [from, to] = [before === undefined ? 'unknown' : hopWords(before, now), hopWords(now, before)]
  const severity = state === 'unresolved' ? 'warning' : 'notice'
  const reason = state === 'unresolved' ? { reason: why ?? 'not resolved' } : {}
  return { kind: 'nexthop', severity, real, from, to, ...reason, text: hopText(now) }
}

export function hopText({ address, state, interface: name, why }: NextHopState): string {
  if (state === 'unresolved') return `real server ${address} cannot be reached: ${why ?? 'not resolved'}`
  return `real server ${address} is reached ${state === 'local' ? 'on this host' : `through ${name}`}`
}

/** What changes is told of each address; the first sight of one that can be reached is only logged. */
export function createHopTeller(tell: (event: Happening) => void, log: (line: string) => void) {
  const known = new Map<AddressText, NextHopState>()
  return (now: NextHopState): void => {
    const event = hopHappened(known.get(now.address), now)
    if (known.size >= MOST_KNOWN) known.clear()
    known.set(now.address, now)
    if (event) tell(event)
    else log(hopText(now))
  }
}

const MOST_KNOWN = 100_000

/** 'up', and where the way up changed by what. */
function hopWords(hop: NextHopState, other: NextHopState | undefined): string {
  const same = hop.state !== other?.state || hop.state !== 'up'
  return same ? hop.state : `${hop.state} through ${hop.interface ?? '?'} ${hop.mac ?? '?'}`
}

function reasonOf(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join('; ')
}
