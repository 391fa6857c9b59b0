// SPDX-License-Identifier: Apache-2.0
// Looks on while a drain goes on: one line that changes on a terminal, a line per change elsewhere.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DrainRow } from '../api/contract.js'
import type { DrainName } from '../api/parse-drain.js'
import { succeed } from '../model/describe.js'
import { realText } from '../model/keys.js'
import type { Outcome, Problem } from '../model/types.js'
import { refuse } from './answer.js'
import { call, isNoDaemon } from './client.js'
import { type Context, EXIT, type ExitCode } from './context.js'
import { duration, plural } from './numbers.js'
import { given } from './service-words.js'

export interface Watched {
  readonly context: Context
  readonly socket: string
  readonly json: boolean
  readonly name: DrainName
  /** for people */
  readonly text: string
}

const EVERY_MS = 250
/** A daemon that starts again is waited for: ten seconds in all. */
const MOST_MISSED = 40

/** 0: it is empty, or its deadline has come. A Ctrl-C ends the looking, not the drain. */
export async function watchDrain(watched: Watched): Promise<ExitCode> {
  const { context, text, json } = watched
  const stop = new AbortController()
  const interrupted = once(process, 'SIGINT', { signal: stop.signal }).then(
    () => true,
    () => false,
  )
  const show = meter(context, json)
  const began = context.now()
  const giveUp = (problems: readonly Problem[]) => {
    show.end()
    return refuse(context, { json }, problems)
  }
  let missed = 0
  try {
    for (;;) {
      const found = await look(watched)
      if (found.ok) {
        const end = ending(found.value, text, context.now() - began)
        show.left(found.value)
        if (end) return conclude(context, show, json, end)
      } else if (!isNoDaemon(found.problems) || ++missed > MOST_MISSED)
        return giveUp([...found.problems, stays(text)])
      if (await Promise.race([interrupted, sleep(EVERY_MS, false)])) return giveUp([stays(text)])
    }
  } finally {
    stop.abort()
  }
}

/** A port tells apart real servers of marks only. */
async function look({ socket, name }: Watched): Promise<Outcome<readonly DrainRow[]>> {
  const { address, port, service } = name
  const found = await call(socket, 'drains', { real: address, ...given('service', service) })
  if (!found.ok) return found
  const { rows } = found.value
  const ending = ` > ${realText(name)}`
  return succeed(port === undefined ? rows : rows.filter(({ real }) => real.endsWith(ending)))
}

interface Ending {
  readonly code: ExitCode
  readonly line: string
  readonly left: number
}

function ending(rows: readonly DrainRow[], text: string, ms: number): Ending | undefined {
  const left = leftOf(rows)
  if (rows.length === 0) return { code: EXIT.refused, line: `${text} is not drained any more`, left }
  if (left === 0) return { code: EXIT.ok, line: `${text} is empty after ${duration(ms / 1_000)}`, left }
  if (rows.some(({ stage }) => stage === 'soft')) return undefined
  const reset = rows.every(({ end }) => end === 'reset')
  const [are, choose, their] = left === 1 ? ['is', 'chooses', 'its'] : ['are', 'choose', 'their']
  const fate = `${reset ? `${are} reset` : `${choose} another real server`} with ${their} next packet`
  return { code: EXIT.ok, line: `the deadline has come: ${plural(left, 'connection')} ${fate}`, left }
}

function conclude(context: Context, show: Meter, json: boolean, { code, line, left }: Ending): ExitCode {
  show.end()
  context.out(json ? `${JSON.stringify({ empty: left === 0, left })}\n` : `${line}\n`)
  return code
}

function stays(text: string) {
  return {
    reason: `${text} stays drained`,
    fix: 'look on with: xlvs show drains; use it again with: xlvs undrain',
  }
}

interface Meter {
  left(rows: readonly DrainRow[]): void
  /** what comes next stands on a line of its own */
  end(): void
}

function meter({ look, out }: Context, json: boolean): Meter {
  if (json) return { left: () => undefined, end: () => undefined }
  const terminal = Number.isFinite(look.columns)
  let last = ''
  return {
    left: (rows) => {
      const line = leftLine(rows)
      if (terminal) out(`\r\x1b[K${line.slice(0, look.columns - 1)}`)
      else if (line !== last) out(`${line}\n`)
      last = line
    },
    end: () => {
      if (terminal && last !== '') out('\r\x1b[K')
    },
  }
}

function leftLine(rows: readonly DrainRow[]): string {
  const [active, inactive] = [sum(rows, 'active'), sum(rows, 'inactive')]
  return `${plural(active + inactive, 'connection')} left (${active} active, ${inactive} inactive)`
}

function leftOf(rows: readonly DrainRow[]): number {
  return sum(rows, 'active') + sum(rows, 'inactive')
}

function sum(rows: readonly DrainRow[], what: 'active' | 'inactive'): number {
  return rows.reduce((total, row) => total + row[what], 0)
}
