// SPDX-License-Identifier: Apache-2.0
// keepalived's rules between the lines of a virtual server: what it defaults, resets, and leaves out at its end.
import type { Family, Protocol, SchedulerName } from '../../model/types.js'
import { type Checking, readChecking } from './checking.js'
import { judgeQuorum, judgeSorry } from './quorum.js'
import type { Remarks, Spot } from './remarks.js'
import type { AddressTarget, RealServer, ScriptUser, VirtualServer } from './servers.js'
import { DEFAULT_TIMEOUT } from './virtual-server.js'

export interface Settled {
  readonly server: VirtualServer
  readonly family: Family
  readonly protocol: Protocol
  readonly scheduler: SchedulerName
  /** seconds; absent = not persistent */
  readonly timeout?: number
  readonly onePacket: boolean
  readonly reals: readonly RealServer[]
  readonly checking: Checking
}

/** Undefined when keepalived makes no service of it. */
export function settle(
  server: VirtualServer,
  scriptUser: ScriptUser | undefined,
  remarks: Remarks,
): Settled | undefined {
  if (server.reals.length === 0) {
    remarks.ignored(server.spot, 'nothing', 'it has no real servers', true)
    return undefined
  }
  judgeMethods(server, remarks)
  const protocol = settleProtocol(server, remarks)
  const family = settleFamily(server, remarks)
  const reals = withoutTwins(server.reals, remarks).filter((real) => fits(server, real, family, remarks))
  judgePorts(server, remarks)
  const quorum = judgeQuorum(server, remarks)
  judgeSorry(server, family, remarks)
  if (server.scheduler === undefined)
    remarks.adjusted(server.spot, {
      reason: 'no scheduler is said: wlc',
      fix: 'write lb_algo wlc',
      objection: true,
    })
  const timeout = settleTimeout(server, remarks)
  return {
    server,
    family,
    protocol,
    scheduler: server.scheduler ?? 'wlc',
    ...(timeout === undefined ? {} : { timeout }),
    onePacket: settleOnePacket(server, protocol, remarks),
    reals,
    checking: readChecking(server, reals, quorum, scriptUser, remarks),
  }
}

export function addressTargets({ targets }: VirtualServer): readonly AddressTarget[] {
  return targets.filter((target) => target.kind === 'address')
}

export function onlyMarks(server: VirtualServer): boolean {
  return server.targets.length > 0 && addressTargets(server).length === 0
}

/** Its own, the virtual server's, or NAT. */
export function methodOf(server: VirtualServer, real: RealServer) {
  return real.method?.value ?? server.method?.value ?? 'NAT'
}

function judgeMethods(server: VirtualServer, remarks: Remarks): void {
  const fix = 'set the real servers up for direct routing (the VIP on lo) and write DR'
  for (const real of server.reals) {
    const said = real.method ?? server.method
    if (said === undefined)
      remarks.cannot(server.spot, {
        reason: "no forwarding method is said: keepalived's default is NAT, xlvs has direct routing only yet",
        fix: 'set the real servers up for direct routing (the VIP on lo) and write lb_kind DR',
        objection: true,
      })
    else if (said.value !== 'DR')
      remarks.cannot(said.spot, { reason: `${said.value}: xlvs has direct routing only yet`, fix })
  }
}

function settleProtocol(server: VirtualServer, remarks: Remarks): Protocol {
  const { protocol, spot, targets } = server
  if (onlyMarks(server)) {
    const objection = targets.every(({ family }) => family === undefined)
    if (protocol !== undefined)
      remarks.adjusted(protocol.spot, {
        reason: 'left out: a mark is of all protocols',
        fix: 'take it away',
        objection,
      })
  } else if (protocol === undefined)
    remarks.adjusted(spot, {
      reason: 'no protocol is said: UDP, as keepalived has it',
      fix: 'write protocol TCP or UDP',
      objection: true,
    })
  return protocol?.value ?? 'udp'
}

/** Of its address; else as said, or as the granularity or the first real server shows. */
function settleFamily(server: VirtualServer, remarks: Remarks): Family {
  const { group, targets, family, granularity, reals, spot } = server
  const own = group === undefined ? targets[0]?.family : undefined
  if (own !== undefined && family !== undefined && own !== family)
    remarks.cannot(spot, {
      reason: 'ip_family is not that of its address',
      fix: 'take ip_family away',
      objection: true,
    })
  const shown = granularity === undefined ? undefined : granularity.value.includes('.') ? 4 : 6
  return own ?? family ?? shown ?? reals[0]?.family ?? 4
}

function fits(server: VirtualServer, real: RealServer, family: Family, remarks: Remarks): boolean {
  if (real.family === family || methodOf(server, real) === 'TUN') return true
  remarks.cannot(real.spot, {
    reason: `the real server is IPv${real.family}, its virtual server IPv${family}`,
    fix: `give its IPv${family} address`,
    objection: true,
  })
  return false
}

function withoutTwins(reals: readonly RealServer[], remarks: Remarks): readonly RealServer[] {
  const seen = new Set<string>()
  return reals.filter(({ address, port, spot }) => {
    const name = `${address} ${port}`
    if (seen.has(name)) remarks.ignored(spot, 'nothing', 'the same real server stands above already', true)
    return !seen.has(name) && seen.add(name)
  })
}

/** A port of a real server that is not the service's: direct routing delivers to the service's all the same. */
function judgePorts(server: VirtualServer, remarks: Remarks): void {
  const marks = server.targets.some(({ kind }) => kind === 'mark')
  for (const real of server.reals) {
    if (real.port === 0 || methodOf(server, real) === 'NAT') continue
    const other = addressTargets(server).find(({ port }) => port !== real.port)
    if (marks)
      remarks.adjusted(real.spot, {
        reason: `port ${real.port} is left out: a marked packet keeps its own`,
        fix: 'take the port away',
        objection: true,
      })
    else if (other !== undefined)
      remarks.adjusted(real.spot, {
        reason: `port ${real.port} becomes ${other.port === 0 ? "the packet's" : other.port}: direct routing keeps ports`,
        fix: "write the virtual server's port",
        objection: true,
      })
  }
}

function settleTimeout(server: VirtualServer, remarks: Remarks): number | undefined {
  const { timeout, granularity, spot } = server
  if (timeout !== undefined) return timeout.value
  if (granularity !== undefined) return DEFAULT_TIMEOUT
  if (addressTargets(server).every(({ port }) => port !== 0)) return undefined
  remarks.adjusted(spot, {
    reason: `port 0 is for persistent services: persistent for ${DEFAULT_TIMEOUT} s`,
    fix: 'write persistence_timeout, or a port',
    objection: true,
  })
  return DEFAULT_TIMEOUT
}

function settleOnePacket(server: VirtualServer, protocol: Protocol, remarks: Remarks): boolean {
  const spot: Spot | undefined = server.onePacket
  if (spot === undefined || protocol === 'udp' || onlyMarks(server)) return spot !== undefined
  remarks.adjusted(spot, {
    reason: 'left out: one-packet scheduling is for UDP',
    fix: 'take it away',
    objection: true,
  })
  return false
}
