// SPDX-License-Identifier: Apache-2.0
// flag-1, sh-port, mh-fallback …: the named ones count only behind the line that names their scheduler.
import { canonicalFlags } from '../../model/flags.js'
import type { SchedulerFlag } from '../../model/types.js'
import type { Remarks } from './remarks.js'
import type { Statement } from './tree.js'

const FLAGS: Readonly<Record<string, { readonly of?: string; readonly flag: SchedulerFlag }>> = {
  'flag-1': { flag: 1 },
  'flag-2': { flag: 2 },
  'flag-3': { flag: 3 },
  'sh-fallback': { of: 'sh', flag: 1 },
  'sh-port': { of: 'sh', flag: 2 },
  'mh-fallback': { of: 'mh', flag: 1 },
  'mh-port': { of: 'mh', flag: 2 },
}

export function readFlags(lines: readonly Statement[], remarks: Remarks): readonly SchedulerFlag[] {
  let scheduler = ''
  const flags: SchedulerFlag[] = []
  for (const line of lines) {
    const known = FLAGS[line.keyword]
    if (line.keyword === 'lb_algo' || line.keyword === 'lvs_sched') scheduler = line.args[0] ?? ''
    else if (line.keyword === 'hashed')
      remarks.ignored(line, 'nothing', 'IPVS sets it itself', !isHashing(scheduler))
    else if (known?.of !== undefined && known.of !== scheduler) misplaced(line, known.of, scheduler, remarks)
    else if (known !== undefined) flags.push(known.flag)
  }
  return canonicalFlags(flags)
}

function isHashing(scheduler: string): boolean {
  return scheduler === 'sh' || scheduler === 'mh'
}

function misplaced(line: Statement, of: string, scheduler: string, remarks: Remarks): void {
  const why = `it counts only behind lb_algo ${of}`
  remarks.ignored(line, 'nothing', why, !isHashing(scheduler))
}
