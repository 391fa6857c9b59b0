// SPDX-License-Identifier: Apache-2.0
// Who is to answer at which VIP, and what the daemon knows of it. Pure.
import type { HealthRow } from '../api/contract.js'
import { formatProblems } from '../model/describe.js'
import { serviceKey } from '../model/keys.js'
import type { Desired, Problem } from '../model/types.js'
import { saidBy } from './ask.js'
import type { DaemonView, Pair, Through } from './facts.js'

export interface Pairs {
  /** by the daemon's last question through the VIP */
  readonly known: readonly Through[]
  readonly unknown: readonly Pair[]
}

/** Real servers that are meant to get clients; a mark's have no VIP that is known. */
export function pairsOf(desired: Desired | undefined, daemon: DaemonView): Pairs {
  const rows = daemon.state === 'answers' ? daemon.health : []
  const known: Through[] = []
  const unknown: Pair[] = []
  for (const service of desired?.services ?? []) {
    if (service.mark !== undefined) continue
    const { vip, port, protocol } = service
    for (const { address, weight } of service.reals) {
      if (weight === 0) continue
      const pair = { service: serviceKey(service), protocol, vip, port, real: address }
      const last = lastThrough(rows, pair)
      if (last === undefined) unknown.push(pair)
      else known.push({ ...pair, ...saidBy(last) })
    }
  }
  return { known, unknown }
}

/** Nobody was asked, for the same reason. */
export function tellThrough(pairs: readonly Pair[], problems: readonly Problem[]): readonly Through[] {
  const detail = formatProblems(problems.slice(0, 1))
  return pairs.map((pair) => ({ ...pair, said: 'not-asked', detail }))
}

function lastThrough(rows: readonly HealthRow[], { service, real }: Pair) {
  const row = rows.find((one) => one.service === service && one.address === real)
  return row?.checks.find(({ via, last }) => via === 'vip' && last !== undefined)?.last
}
