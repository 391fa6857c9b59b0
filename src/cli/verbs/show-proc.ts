// SPDX-License-Identifier: Apache-2.0
// xlvs show --format proc FILE: what the file of that name in /proc/net would hold if this were the kernel's IPVS.
import type { Calls, RouteName } from '../../api/routes.js'
import { fail, oneOf, quote, succeed } from '../../model/describe.js'
import type { Outcome } from '../../model/types.js'
import { answer, misused } from '../answer.js'
import { call } from '../client.js'
import type { Context } from '../context.js'
import { type DaemonOptions, socketOf } from '../options.js'
import { ipVsConnLines, ipVsLines, ipVsStatsLines } from '../views/proc.js'

type Ask = <Name extends RouteName>(name: Name) => Promise<Outcome<Calls[Name]['answer']>>
type Lines = Outcome<readonly string[]>

const FILES: Readonly<Record<string, (ask: Ask) => Promise<Lines>>> = {
  ip_vs: async (ask) => {
    const [services, reals, statistics] = [await ask('services'), await ask('reals'), await ask('statistics')]
    if (!services.ok) return services
    if (!reals.ok) return reals
    if (!statistics.ok) return statistics
    return succeed(ipVsLines(services.value.rows, reals.value.rows, statistics.value))
  },
  ip_vs_conn: async (ask) => {
    const [conns, templates] = [await ask('conns'), await ask('templates')]
    if (!conns.ok) return conns
    return templates.ok ? succeed(ipVsConnLines(conns.value.rows, templates.value.rows)) : templates
  },
  ip_vs_stats: async (ask) => {
    const statistics = await ask('statistics')
    return statistics.ok ? succeed(ipVsStatsLines(statistics.value)) : statistics
  },
}

export const PROC_FILES = Object.keys(FILES)

export async function procAnswer(context: Context, file = 'ip_vs', options: DaemonOptions) {
  const lines = PROC_FILES.includes(file) ? FILES[file] : undefined
  if (!lines) {
    const reason = `no such file in /proc/net: ${quote(file)}`
    return misused(context, options, fail({ reason, fix: `use ${oneOf(PROC_FILES)}` }))
  }
  const found = await lines((name) => call(socketOf(options, context), name))
  const shown = found.ok ? succeed({ file, lines: found.value }) : found
  return answer(context, options, shown, (value) => value.lines)
}
