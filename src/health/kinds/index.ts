// SPDX-License-Identifier: Apache-2.0
// What asks each kind of check.
import type { Answer, Check, CheckKind } from '../../model/checks.js'
import type { Ask, AskWorld, Way } from '../types.js'
import { askDns } from './dns.js'
import { askGrpc } from './grpc.js'
import { askHttp, askHttps } from './http.js'
import { askIcmp } from './icmp.js'
import { askScript } from './script.js'
import { askTcp } from './tcp.js'
import { askTls } from './tls.js'
import { askUdp } from './udp.js'

export const KINDS: { readonly [K in CheckKind]: Ask<Extract<Check, { kind: K }>> } = {
  tcp: askTcp,
  http: askHttp,
  https: askHttps,
  tls: askTls,
  dns: askDns,
  udp: askUdp,
  icmp: askIcmp,
  grpc: askGrpc,
  script: askScript,
}

/** Never rejects; nothing is left open when it is answered. */
export function ask(check: Check, way: Way, world: AskWorld): Promise<Answer> {
  return (KINDS[check.kind] as Ask<Check>)(check, way, world)
}
