// SPDX-License-Identifier: Apache-2.0
// Health checking of one virtual server: checks of its real servers, what follows from them, and who is told.
import { canonicalAddress } from '../../abi/address.js'
import type { Check, HealthPolicy, Notify } from '../../model/checks.js'
import type { Real, ServiceMatch } from '../../model/types.js'
import { checksOf } from './checkers.js'
import { CHECKERS } from './grammar.js'
import { readProgram } from './programs.js'
import { type Quorum, sorryMethod } from './quorum.js'
import { lastOf } from './real-server.js'
import type { Remarks } from './remarks.js'
import type { RealServer, ScriptUser, VirtualServer } from './servers.js'
import type { Statement } from './tree.js'

export interface Checking {
  /** of each real server, in their order */
  readonly checks: readonly (readonly Check[])[]
  readonly reals: readonly Pick<Real, 'onDown' | 'notify'>[]
  /** absent when nothing is said, or checked, that it would be for */
  readonly health?: HealthPolicy
}

const POLICY = [
  'quorum',
  'hysteresis',
  'sorry_server',
  'alpha',
  'omega',
  'inhibit_on_failure',
  'quorum_up',
  'quorum_down',
]

export function readChecking(
  server: VirtualServer,
  reals: readonly RealServer[],
  quorum: Quorum,
  scriptUser: ScriptUser | undefined,
  remarks: Remarks,
): Checking {
  const checks = reals.map((real) => checksOf(real, server, scriptUser, remarks))
  const inhibit = lastOf(server.health, 'inhibit_on_failure') !== undefined
  for (const real of reals) judgeAlpha(real, server, remarks)
  judgeIdle(server.health, reals, remarks)
  for (const real of reals) judgeIdle(real.health, [real], remarks)
  const meant =
    checks.some(({ length }) => length > 0) || server.health.some(({ keyword }) => POLICY.includes(keyword))
  return {
    checks,
    reals: reals.map(({ health }) => ({
      ...onDownOf(lastOf(health, 'inhibit_on_failure'), inhibit),
      ...notifyOf(health, 'notify', remarks),
    })),
    ...(meant ? { health: policyOf(server, inhibit, quorum, remarks) } : {}),
  }
}

/** What of it goes into a service that matches this; checks that all real servers have are the service's. */
export function checkingFor({ checks, reals, health }: Checking, match: ServiceMatch) {
  const own = checks.map((list) => list.map((check) => withoutPort(check, match)))
  const [first = []] = own
  const same = first.length > 0 && own.every((list) => JSON.stringify(list) === JSON.stringify(first))
  return {
    service: {
      ...(same ? { checks: first } : {}),
      ...(health === undefined ? {} : { health }),
    },
    reals: reals.map((real, i) => {
      const mine = own[i] ?? []
      return { ...(same || mine.length === 0 ? {} : { checks: mine }), ...real }
    }),
  }
}

function withoutPort(check: Check, match: ServiceMatch): Check {
  const { port, ...rest } = check
  return port === undefined || port !== match.port ? check : (rest as Check)
}

function policyOf(
  { health, method }: VirtualServer,
  inhibit: boolean,
  { quorum, hysteresis }: Quorum,
  remarks: Remarks,
): HealthPolicy {
  const has = (keyword: string) => lastOf(health, keyword) !== undefined
  const line = lastOf(health, 'sorry_server')
  const sorry = line && canonicalAddress(line.args[0] ?? '')
  if (line !== undefined && sorryMethod(health, method?.value) !== 'DR')
    remarks.cannot(lastOf(health, 'sorry_server_lvs_method') ?? line, {
      reason: 'xlvs has direct routing only yet, to a sorry server too',
      fix: 'set it up for direct routing and write sorry_server_lvs_method DR',
    })
  return {
    quorum,
    hysteresis,
    onDown: inhibit ? 'quiesce' : 'remove',
    ...(sorry === undefined ? {} : { sorry: { address: sorry } }),
    ...(sorry !== undefined && has('sorry_server_inhibit') ? { sorryInhibit: true } : {}),
    ...(has('alpha') ? { alpha: true } : {}),
    ...(has('omega') ? { omega: true } : {}),
    ...notifyOf(health, 'quorum', remarks),
  }
}

function onDownOf(line: Statement | undefined, inhibit: boolean): Pick<Real, 'onDown'> {
  if (line === undefined || isOn(line) === inhibit) return {}
  return { onDown: isOn(line) ? 'quiesce' : 'remove' }
}

function notifyOf(
  lines: readonly Statement[],
  word: 'notify' | 'quorum',
  remarks: Remarks,
): { readonly notify?: Notify } {
  const told = (['up', 'down'] as const).flatMap((way) => {
    const line = lastOf(lines, `${word}_${way}`)
    const program = line && readProgram(line, remarks)
    if (line !== undefined && line.args.length > 1)
      remarks.adjusted(line, { reason: 'its user is left out: all programs that are told run as one user' })
    return program === undefined ? [] : [[way, program] as const]
  })
  return told.length === 0 ? {} : { notify: Object.fromEntries(told) }
}

const FOR_CHECKERS = ['delay_loop', 'delay_before_retry', 'warmup', 'connect_timeout', 'retry']
const HTTP = ['HTTP_GET', 'SSL_GET']

/** Words for checkers of `reals` that there are none of. */
function judgeIdle(lines: readonly Statement[], reals: readonly RealServer[], remarks: Remarks): void {
  const kinds = reals.flatMap(({ health }) => health.map(({ keyword }) => keyword))
  const [checked, asked] = [kinds.some((kind) => kind in CHECKERS), kinds.some((kind) => HTTP.includes(kind))]
  for (const line of lines) {
    if (!checked && FOR_CHECKERS.includes(line.keyword)) remarks.ignored(line, 'nothing', 'it has no checker')
    if (!asked && line.keyword === 'virtualhost')
      remarks.ignored(line, 'nothing', 'it has no HTTP_GET and no SSL_GET')
  }
}

/** keepalived has alpha of one real server, and of one checker, too. */
function judgeAlpha(real: RealServer, server: VirtualServer, remarks: Remarks): void {
  const alpha = lastOf(server.health, 'alpha') !== undefined
  const inside = real.health.flatMap(({ keyword, block = [] }) => (keyword in CHECKERS ? block : []))
  for (const line of [...real.health, ...inside])
    if (line.keyword === 'alpha' && isOn(line) !== alpha)
      remarks.adjusted(line, {
        reason: `alpha is for a whole service: ${alpha ? 'on' : 'off'}, as the virtual server has it`,
        fix: 'write it in the virtual server',
      })
}

function isOn({ args: [word = 'on'] }: Statement): boolean {
  return ['on', 'true', 'yes'].includes(word)
}
