// SPDX-License-Identifier: Apache-2.0
// One virtual_server block: its words, before keepalived's rules between them are applied.
import { parseAddress } from '../../abi/address.js'
import { oneOf, quote } from '../../model/describe.js'
import { parseNetmask } from '../../model/persistence.js'
import { DEFAULT_WEIGHT, SCHEDULERS } from '../../model/rules.js'
import type { Protocol, SchedulerName } from '../../model/types.js'
import { VIRTUAL_SERVER } from './grammar.js'
import type { Groups } from './groups.js'
import { judge, lineOf } from './judge.js'
import { lastGood, lastOf, MOST_WEIGHT, readMethod, readNumber, readRealServer } from './real-server.js'
import type { Fault, Remarks } from './remarks.js'
import { readFlags } from './scheduler-flags.js'
import type { Said, Target, VirtualServer } from './servers.js'
import { readAddressTarget, readFamily, readMarkTarget } from './target.js'
import type { Statement } from './tree.js'
import { wholeIn } from './values.js'

/** What keepalived and IPVS take persistence without a time for; seconds. */
export const DEFAULT_TIMEOUT = 360
const MOST_TIMEOUT = 2_678_400

export function readVirtualServer(
  statement: Statement,
  groups: Groups,
  remarks: Remarks,
): VirtualServer | undefined {
  const lines = judge(statement.block ?? [], VIRTUAL_SERVER, remarks)
  const spot = lineOf(statement)
  const targets = readTargets(statement, groups)
  const words = readWords(lines, 'reason' in targets ? [] : targets, remarks)
  const weight =
    lastGood(lines, ['weight'], (line) => readNumber(line, 1, MOST_WEIGHT, remarks))?.value ?? DEFAULT_WEIGHT
  const reals = lines
    .filter(({ keyword }) => keyword === 'real_server')
    .flatMap((line) => readRealServer(line, weight, remarks) ?? [])
  if ('reason' in targets) {
    remarks.cannot(spot, targets)
    return undefined
  }
  return {
    spot,
    ...(statement.args[0] === 'group' ? { group: statement.args[1] as string } : {}),
    targets,
    ...words,
    reals,
    health: lines.filter(({ keyword }) => VIRTUAL_SERVER[keyword]?.health),
  }
}

/** What its own lines say; a line that is wrong is as if it were not there, and said to be wrong. */
function readWords(lines: readonly Statement[], targets: readonly Target[], remarks: Remarks) {
  const engine = lastOf(lines, 'persistence_engine')
  if (engine !== undefined)
    remarks.cannot(engine, { reason: 'xlvs has no persistence engines yet', fix: 'take the line away' })
  const scheduler = lastGood(lines, ['lb_algo', 'lvs_sched'], (line) => readScheduler(line, remarks))
  const method = lastGood(lines, ['lb_kind', 'lvs_method'], (line) => readMethod(line, remarks))
  const protocol = lastGood(lines, ['protocol'], (line) => readProtocol(line, remarks))
  const timeout = lastGood(lines, ['persistence_timeout'], (line) => readTimeout(line, remarks))
  const granularity = lastGood(lines, ['persistence_granularity'], (line) =>
    readGranularity(line, targets, remarks),
  )
  const onePacket = lastOf(lines, 'ops')
  const family = lastGood(lines, ['ip_family'], (line) => readFamilyLine(line, remarks))
  return {
    flags: readFlags(lines, remarks),
    ...(scheduler === undefined ? {} : { scheduler }),
    ...(method === undefined ? {} : { method }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(granularity === undefined ? {} : { granularity }),
    ...(onePacket === undefined ? {} : { onePacket: lineOf(onePacket) }),
    ...(family === undefined ? {} : { family }),
  }
}

function readTargets(statement: Statement, groups: Groups): readonly Target[] | Fault {
  const [first = '', second] = statement.args
  if (first === 'group') {
    if (second === undefined) return { reason: 'the name of the group is missing', objection: true }
    const targets = groups.of(second)
    return targets ?? { reason: `there is no virtual_server_group ${second}`, fix: 'add it' }
  }
  if (first === 'fwmark') {
    const target = readMarkTarget(lineOf(statement), second)
    return 'reason' in target ? target : [target]
  }
  const target =
    parseAddress(first) === undefined
      ? notAddress(first)
      : readAddressTarget(lineOf(statement), first, second)
  return 'reason' in target ? target : [target]
}

function notAddress(text: string): Fault {
  const fix = 'write virtual_server ADDRESS PORT, fwmark NUMBER or group NAME'
  return { reason: `${quote(text)} is not an IP address`, fix, objection: true }
}

function readScheduler(line: Statement, remarks: Remarks): SchedulerName | undefined {
  const name = line.args[0]
  const known = SCHEDULERS.filter((scheduler) => scheduler !== 'none')
  if (known.some((scheduler) => scheduler === name)) return name as SchedulerName | undefined
  const reason = `${quote(name ?? '')} is not a scheduler`
  remarks.cannot(line, { reason, fix: `use ${oneOf(known)}`, objection: true })
  return undefined
}

function readProtocol(line: Statement, remarks: Remarks): Said<Protocol> | undefined {
  const name = (line.args[0] as string).toLowerCase()
  if (name === 'tcp' || name === 'udp' || name === 'sctp') return { value: name, spot: lineOf(line) }
  const reason = `${quote(line.args[0] as string)} is not a protocol`
  remarks.cannot(line, { reason, fix: 'use TCP, UDP or SCTP', objection: true })
  return undefined
}

function readTimeout(line: Statement, remarks: Remarks): Said<number> | undefined {
  const spot = lineOf(line)
  const value = line.args[0] === undefined ? DEFAULT_TIMEOUT : wholeIn(line.args[0], 1, MOST_TIMEOUT)
  if (typeof value === 'number') return { value, spot }
  remarks.cannot(line, {
    reason: `persistence_timeout ${value}`,
    fix: `use 1..${MOST_TIMEOUT} seconds`,
    objection: true,
  })
  return undefined
}

function readFamilyLine(line: Statement, remarks: Remarks) {
  const family = readFamily(line.args[0])
  if (family === undefined)
    remarks.cannot(line, {
      reason: `${quote(line.args[0] as string)} is not a family`,
      fix: 'use inet or inet6',
      objection: true,
    })
  return family
}

/** IPv4: a netmask; keepalived reads a bare 24 as the mask 0.0.0.24, which nobody means. IPv6: a prefix length. */
function readGranularity(
  line: Statement,
  targets: readonly Target[],
  remarks: Remarks,
): Said<string> | undefined {
  const text = line.args[0] as string
  const [target] = targets
  const six = target?.kind === 'address' ? target.family === 6 : !text.includes('.')
  if (six) {
    const prefix = wholeIn(text, 1, 128)
    if (typeof prefix === 'number') return { value: String(prefix), spot: lineOf(line) }
    remarks.cannot(line, { reason: `persistence_granularity ${prefix}`, fix: 'use 1..128', objection: true })
    return undefined
  }
  const net = parseNetmask(text, 4)
  if (net.ok) return { value: text, spot: lineOf(line) }
  const taken = /^(0x[0-9a-f]+|\d+)(\.(0x[0-9a-f]+|\d+)){0,3}$/i.test(text)
  const reason = `persistence_granularity ${quote(text)} is not a netmask`
  remarks.cannot(line, { reason, fix: 'write it like 255.255.255.0', objection: !taken })
  return undefined
}
