// SPDX-License-Identifier: Apache-2.0
// virtual_server_group: several addresses, ranges and marks that virtual servers of that name answer to.
import type { Remarks } from './remarks.js'
import type { Target } from './servers.js'
import { readAddressTarget, readMarkTarget } from './target.js'
import type { Statement } from './tree.js'

export interface Groups {
  /** undefined when there is no such group */
  of(name: string): readonly Target[] | undefined
  /** Says which groups nobody asked for. */
  end(): void
}

export function readGroups(statements: readonly Statement[], remarks: Remarks): Groups {
  const groups = new Map<
    string,
    { readonly targets: Target[]; readonly statement: Statement; used: boolean }
  >()
  for (const statement of statements) {
    const name = statement.args[0] as string
    if (groups.has(name))
      remarks.cannot(statement, {
        reason: `group ${name} stands above already`,
        fix: 'write all of it in one block',
      })
    const targets = (statement.block ?? []).flatMap((line) => readLine(line, remarks))
    if (targets.length === 0) remarks.ignored(statement, 'nothing', 'the group is empty', true)
    groups.set(name, { targets, statement, used: false })
  }
  return {
    of(name) {
      const group = groups.get(name)
      if (group !== undefined) group.used = true
      return group?.targets
    },
    end() {
      for (const [name, { statement, used }] of groups)
        if (!used) remarks.ignored(statement, 'nothing', `no virtual server uses group ${name}`)
    },
  }
}

function readLine(line: Statement, remarks: Remarks): readonly Target[] {
  const target =
    line.keyword === 'fwmark'
      ? readMarkTarget(line, line.args[0], line.args[1])
      : readAddressTarget(line, line.keyword, line.args[0])
  if ('reason' in target) {
    remarks.cannot(line, target)
    return []
  }
  remarks.used(line)
  return [target]
}
