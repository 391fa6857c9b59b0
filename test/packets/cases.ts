// SPDX-License-Identifier: Apache-2.0
// The one table of packets: given, frame in, reason, action, frame out. Tests and benchmark read it.
import type { PacketCase } from './case.js'
import { ANSWERS } from './cases/answers.js'
import { DRAINS } from './cases/drain.js'
import { FLOWS } from './cases/flows.js'
import { FRAGMENTS } from './cases/fragments.js'
import { ICMP } from './cases/icmp.js'
import { IP_CASES } from './cases/ip.js'
import { LINK } from './cases/link.js'
import { SERVICES } from './cases/services.js'
import { TRANSPORTS } from './cases/transports.js'

export type { PacketCase }

export const CASES: Readonly<Record<string, readonly PacketCase[]>> = {
  'link layer': LINK,
  IP: IP_CASES,
  fragments: FRAGMENTS,
  ICMP,
  flows: FLOWS,
  services: SERVICES,
  transports: TRANSPORTS,
  answers: ANSWERS,
  drains: DRAINS,
}
