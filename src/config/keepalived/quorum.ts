// SPDX-License-Identifier: Apache-2.0
// Quorum and sorry server: what keepalived finds wrong with them is wrong here too.
import { parseAddress } from '../../abi/address.js'
import { quote } from '../../model/describe.js'
import type { Family } from '../../model/types.js'
import { lastOf } from './real-server.js'
import type { Fault, Remarks } from './remarks.js'
import type { Method, VirtualServer } from './servers.js'
import { readPort } from './target.js'
import type { Statement } from './tree.js'

export interface Quorum {
  readonly quorum: number
  readonly hysteresis: number
}

/** keepalived lowers a quorum that all weights together do not reach, and drops a hysteresis of its size. */
export function judgeQuorum({ health, reals, spot }: VirtualServer, remarks: Remarks): Quorum {
  const quorum = lastOf(health, 'quorum')
  const hysteresis = lastOf(health, 'hysteresis')
  const wanted = Number(quorum?.args[0] ?? 1)
  const weights = reals.reduce((sum, { weight }) => sum + weight, 0)
  if (wanted > weights)
    remarks.adjusted(quorum ?? spot, {
      reason: `quorum ${wanted} is more than all weights together: ${weights}, as keepalived has it`,
      fix: 'give weights that reach the quorum',
      objection: true,
    })
  if (hysteresis !== undefined && Number(hysteresis.args[0]) >= Math.min(wanted, weights))
    remarks.adjusted(hysteresis, {
      reason: 'hysteresis is not below the quorum: 0, as keepalived has it',
      fix: 'use less than the quorum',
      objection: true,
    })
  const least = Math.max(1, Math.min(wanted, weights))
  const swing = Number(hysteresis?.args[0] ?? 0)
  return { quorum: least, hysteresis: swing >= least ? 0 : swing }
}

export function judgeSorry(server: VirtualServer, family: Family, remarks: Remarks): void {
  const sorry = server.health.findIndex(({ keyword }) => keyword === 'sorry_server')
  for (const [i, line] of server.health.entries()) {
    if (line.keyword === 'sorry_server') {
      const fault = sorryFault(server, line.args, family)
      if (fault !== undefined) remarks.cannot(line, { ...fault, objection: true })
    } else if (line.keyword.startsWith('sorry_server_') && (sorry < 0 || i < sorry))
      remarks.cannot(line, {
        reason: 'no sorry_server stands before it',
        fix: 'move it behind sorry_server',
        objection: true,
      })
  }
}

function sorryFault(
  server: VirtualServer,
  [text = '', portText]: readonly string[],
  family: Family,
): Fault | undefined {
  const parsed = parseAddress(text)
  if (parsed === undefined)
    return { reason: `${quote(text)} is not an IP address`, fix: 'write sorry_server ADDRESS PORT' }
  const port = readPort(portText)
  if (typeof port === 'string') return { reason: `port ${port}`, fix: 'use 1..65535' }
  const method = sorryMethod(server.health, server.method?.value)
  if (parsed.family !== family && method !== 'TUN')
    return {
      reason: `the sorry server is IPv${parsed.family}, its virtual server IPv${family}`,
      fix: `give its IPv${family} address`,
    }
  const [target] = server.targets
  const own = server.group === undefined && target?.kind === 'address' ? target.port : 0
  if (method === 'NAT' || port === 0 || port === own) return undefined
  return {
    reason: `direct routing cannot change the port to ${port}`,
    fix: 'take the port of the sorry server away',
  }
}

export function sorryMethod(health: readonly Statement[], usual: Method = 'NAT'): string {
  return lastOf(health, 'sorry_server_lvs_method')?.args[0] ?? usual
}
