// SPDX-License-Identifier: Apache-2.0
// global_defs: what of it concerns load balancing.
import { quote } from '../../model/describe.js'
import { rangeFault, SECONDS } from '../../model/rules.js'
import { DEFAULT_TIMEOUTS, type Timeouts } from '../../model/types.js'
import { ROOT } from './grammar-root.js'
import { judge } from './judge.js'
import type { Remarks } from './remarks.js'
import type { ScriptUser } from './servers.js'
import type { Statement } from './tree.js'

export interface Global {
  readonly timeouts: Timeouts
  readonly scriptUser?: ScriptUser
  /** where keepalived tells of VRRP's changes of state */
  readonly notifyFifo?: string
}

export function readGlobal(blocks: readonly Statement[], remarks: Remarks): Global {
  const grammar = ROOT['global_defs']?.block
  let [timeouts, scriptUser]: [Timeouts, ScriptUser | undefined] = [DEFAULT_TIMEOUTS, undefined]
  const fifo: Statement[] = []
  if (typeof grammar !== 'object') return { timeouts }
  for (const line of blocks.flatMap(({ block = [] }) => judge(block, grammar, remarks))) {
    if (line.keyword === 'lvs_timeouts') timeouts = { ...timeouts, ...readTimeouts(line, remarks) }
    else if (line.keyword === 'script_user') scriptUser = readUser(line)
    else if (line.keyword.startsWith('vrrp_notify_fifo')) fifo.push(line)
    else if (line.keyword === 'lvs_flush')
      remarks.ignored(line, 'process', "the kernel's IPVS is left as it is")
    else if (line.keyword === 'lvs_sync_daemon')
      remarks.ignored(line, 'process', 'xlvs does not synchronise connections between directors yet')
  }
  return { timeouts, ...(scriptUser === undefined ? {} : { scriptUser }), ...readFifo(fifo, remarks) }
}

/** Followed unless a script reads it. */
function readFifo(lines: readonly Statement[], remarks: Remarks): Pick<Global, 'notifyFifo'> {
  const scripts = lines.filter(({ keyword }) => keyword === 'vrrp_notify_fifo_script')
  for (const script of scripts)
    remarks.adjusted(script, {
      reason: 'a FIFO has one reader, and this script is it: xlvs does not follow who is master',
      fix: 'take the script away, and use `xlvs status`',
    })
  const path = lines.find(({ keyword }) => keyword === 'vrrp_notify_fifo')?.args[0]
  return path === undefined || scripts.length > 0 ? {} : { notifyFifo: path }
}

function readUser({ args: [user = '', group] }: Statement): ScriptUser {
  return { user, ...(group === undefined ? {} : { group }) }
}

/** 'tcp 900 tcpfin 120 udp 300', in any order; 0 leaves the kernel's value. */
function readTimeouts(line: Statement, remarks: Remarks): Partial<Timeouts> {
  const timeouts: Record<string, number> = {}
  for (let i = 0; i < line.args.length; i += 2) {
    const [word = '', text = ''] = line.args.slice(i, i + 2)
    const value = /^\d+$/.test(text) ? Number(text) : text
    const known = word === 'tcp' || word === 'tcpfin' || word === 'udp'
    const wrong = known && value !== 0 ? rangeFault(`timeout ${word}`, value, SECONDS) : undefined
    if (!known) {
      const reason = `${quote(word)} is not a timeout`
      remarks.cannot(line, { reason, fix: 'write lvs_timeouts tcp 900 tcpfin 120 udp 300', objection: true })
    } else if (wrong !== undefined) remarks.cannot(line, { ...wrong, objection: typeof value === 'string' })
    else if (value !== 0) timeouts[word] = value as number
  }
  return timeouts
}
