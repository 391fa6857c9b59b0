// SPDX-License-Identifier: Apache-2.0
// From facts to findings, in the order of CHECKS. Pure.
import type { Facts } from './facts.js'
import { CHECKS, type Finding } from './finding.js'
import { judgeHost } from './host.js'
import { judgeInterfaces } from './interfaces.js'
import { judgeIpvs } from './ipvs.js'
import { judgeKernel } from './kernel.js'
import { judgeNexthops } from './nexthops.js'
import { judgeOffloads } from './offloads.js'
import { judgePlaces } from './places.js'
import { judgeTables } from './tables.js'
import { judgeThrough } from './through.js'
import { judgeVips } from './vips.js'

const JUDGES: readonly ((facts: Facts) => readonly Finding[])[] = [
  judgeKernel,
  judgeHost,
  judgePlaces,
  judgeInterfaces,
  judgeOffloads,
  judgeVips,
  judgeNexthops,
  judgeThrough,
  judgeTables,
  judgeIpvs,
]

export function diagnose(facts: Facts): readonly Finding[] {
  const findings = JUDGES.flatMap((judge) => judge(facts))
  return findings.sort((a, b) => CHECKS.indexOf(a.check) - CHECKS.indexOf(b.check))
}
