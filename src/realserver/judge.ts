// SPDX-License-Identifier: Apache-2.0
// Is this host a right real server? Every finding carries what mends it; setup does just that. Pure.
import { fail, succeed } from '../model/describe.js'
import type { Outcome } from '../model/types.js'
import { arpFindings } from './arp.js'
import { keepFindings } from './keep.js'
import { routeFindings } from './routes.js'
import { commandsOf } from './steps.js'
import type { Facts, Finding, Step, Wish } from './types.js'
import { vipFindings } from './vip.js'

/** In the order in which they are mended: silent first, then the VIPs, then what the next boot reads. */
export function judge(wish: Wish, facts: Facts): readonly Finding[] {
  const now = [...arpFindings(wish, facts), ...routeFindings(wish, facts), ...vipFindings(wish, facts)]
  return [...now, ...keepFindings(wish, facts, now)]
}

/** What is to be done; a fault that is not ours to mend refuses all of it. */
export function planOf(findings: readonly Finding[]): Outcome<readonly Step[]> {
  const faults = findings.filter(({ verdict, steps }) => verdict === 'wrong' && steps.length === 0)
  if (faults.length === 0) return succeed(findings.flatMap(({ steps }) => steps))
  return fail(...faults.map(({ text, fix }) => ({ reason: text, ...(fix !== undefined && { fix }) })))
}

/** The command that mends a finding; files are left to setup. */
export function fixOf({ steps, fix }: Finding, again: string): string | undefined {
  if (steps.length === 0) return fix
  return steps.some(({ kind }) => kind === 'file' || kind === 'rules')
    ? again
    : steps.flatMap(commandsOf).join(' && ')
}
