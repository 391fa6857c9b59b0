// SPDX-License-Identifier: Apache-2.0
// keepalived.conf -> Desired, with one remark at least for every line of it; nothing is lost silently.
import { DEFAULT_LIMITS, DEFAULT_TUNABLES, type Desired, type Problem } from '../../model/types.js'
import { validateDesired } from '../../model/validate.js'
import { type Assembly, assemble } from './assemble.js'
import { readGlobal } from './global.js'
import { ROOT } from './grammar-root.js'
import { readGroups } from './groups.js'
import { judge } from './judge.js'
import { readLines, type SourceFile, type Surroundings } from './lines.js'
import { type Remark, Remarks, type Spot } from './remarks.js'
import { settle } from './settle.js'
import { readTree } from './tree.js'
import { readVirtualServer } from './virtual-server.js'

export interface Reading {
  /** only when no remark says 'cannot' */
  readonly desired?: Desired
  readonly remarks: readonly Remark[]
  /** that of vrrp_notify_fifo */
  readonly notifyFifo?: string
  /** whether `keepalived -t` takes the file, as far as load balancing goes */
  readonly taken: boolean
}

export function readKeepalived(source: SourceFile, around: Surroundings): Reading {
  const remarks = new Remarks()
  const statements = judge(readTree(readLines(source, around, remarks), remarks), ROOT, remarks)
  const named = (name: string) => statements.filter(({ keyword }) => keyword === name)
  const { timeouts, scriptUser, notifyFifo } = readGlobal(named('global_defs'), remarks)
  const groups = readGroups(named('virtual_server_group'), remarks)
  const servers = named('virtual_server').flatMap(
    (statement) => readVirtualServer(statement, groups, remarks) ?? [],
  )
  groups.end()
  const assembly = assemble(
    servers.flatMap((server) => settle(server, scriptUser, remarks) ?? []),
    remarks,
  )
  const desired: Desired = {
    interfaces: [],
    services: assembly.services,
    marks: assembly.marks,
    peers: [],
    timeouts,
    tunables: DEFAULT_TUNABLES,
    limits: DEFAULT_LIMITS,
  }
  const whole = { place: { file: source.file, line: 1, column: 1 }, words: '' }
  for (const problem of validateDesired(desired)) refuse(problem, assembly, whole, remarks)
  const list = remarks.list()
  const good = list.every(({ verdict }) => verdict !== 'cannot')
  return {
    ...(good ? { desired } : {}),
    remarks: list,
    ...(notifyFifo === undefined ? {} : { notifyFifo }),
    taken: list.every(({ objection }) => objection !== true),
  }
}

/** What the model refuses, said where the file says it. */
function refuse(
  { subject = '', reason, fix }: Problem,
  assembly: Assembly,
  whole: Spot,
  remarks: Remarks,
): void {
  const [, list, index, real] = /^(services|marks)\[(\d+)\](?:\.reals\[(\d+)\])?/.exec(subject) ?? []
  const origin = assembly.origins[Number(index)]
  const spot =
    list === 'marks'
      ? assembly.markSpots[Number(index)]
      : real === undefined
        ? origin?.spot
        : origin?.reals[Number(real)]
  const bare = reason.replace(/, first as [\w[\].]+$/, '')
  remarks.cannot(spot ?? whole, { reason: bare, ...(fix === undefined ? {} : { fix }) })
}
