// SPDX-License-Identifier: Apache-2.0
// xlvs top: the live view in a terminal, or one look at it into a pipe.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { toJson } from '../../api/json.js'
import { fail, oneOf, quote, succeed } from '../../model/describe.js'
import { nearest } from '../../model/nearest.js'
import type { Outcome, Problem, ServiceKey } from '../../model/types.js'
import { misused, refuse } from '../answer.js'
import { type Context, EXIT, type ExitCode } from '../context.js'
import { type DaemonOptions, daemonOptions, examples, socketOf } from '../options.js'
import { given, maybe, type ServiceOptions, serviceKeyWord, serviceOptions } from '../service-words.js'
import { type Clocks, poll } from '../top/feed.js'
import { fits, tooSmall } from '../top/frame.js'
import { watch } from '../top/live.js'
import { screenLook } from '../top/look.js'
import { onceJson, onceLines } from '../top/once.js'
import { initial, SORTS, type SortName, type State, type Wishes } from '../top/state.js'
import { sizeOf } from '../top/terminal.js'
import { update } from '../top/update.js'
import type { Act } from '../verbs.js'

interface Options extends DaemonOptions, ServiceOptions {
  readonly delay?: string
  readonly service?: string
  readonly sort?: string
  readonly once?: boolean
}

const SORT_NAMES: readonly SortName[] = [...new Set(Object.values(SORTS).flat())]
const INTERVAL_MS: readonly [number, number] = [500, 3_600_000]

export function define(command: Command, context: Context, act: Act): void {
  serviceOptions(
    command
      .option('-d, --delay <seconds>', 'ask this often; with --once, rates are of this long (default: 1)')
      .option('--service <vip:port>', 'begin with the real servers of this service'),
  )
    .option('--sort <what>', `begin with lists in this order: ${SORT_NAMES.join(', ')}`)
    .option('--once', 'one look as text, without keys; also what happens into a pipe')
  examples(
    daemonOptions(command),
    'xlvs top',
    'xlvs top --service 192.0.2.10:80 --sort share',
    'xlvs top --once --json',
  )
  command.action(act((options: Options) => top(context, options)))
}

async function top(context: Context, options: Options): Promise<ExitCode> {
  const interval = maybe(options.delay, parseDelay)
  const service = serviceOf(options)
  const sort = maybe(options.sort, parseSort)
  if (!interval.ok || !service.ok || !sort.ok) return misused(context, options, interval, service, sort)
  const wishes: Wishes = {
    interval: interval.value ?? 1_000,
    ...given('service', service.value),
    ...given('sort', sort.value),
  }
  if (options.once || !process.stdout.isTTY) return once(context, options, wishes)
  const unfit = unfitTerminal(options, context)
  if (unfit) return refuse(context, options, [unfit])
  const first = await begin(context, options, wishes)
  if (!first.ok) return refuse(context, options, first.problems)
  const problem = await watch(
    {
      input: process.stdin,
      output: process.stdout,
      look: screenLook(context.env, true),
      poll: (of) => poll(socketOf(options, context), of, clocksOf(context)),
      steady: clocksOf(context).steady,
    },
    first.value,
  )
  return problem ? refuse(context, options, [problem]) : EXIT.ok
}

function clocksOf(context: Context): Clocks {
  return { time: context.now, steady: () => performance.now() }
}

/** Asks once, before anything is done to the terminal: who cannot be shown anything is told so. */
async function begin(context: Context, options: Options, wishes: Wishes): Promise<Outcome<State>> {
  const found = await poll(socketOf(options, context), wishes.service, clocksOf(context))
  if (!found.ok) return found
  const { service } = wishes
  if (service !== undefined && !found.value.services.rows.some((row) => row.service === service))
    return fail({ reason: `there is no service ${service}`, fix: 'see: xlvs show services' })
  return succeed(update(initial(wishes), { kind: 'sample', sample: found.value }).state)
}

async function once(context: Context, options: Options, wishes: Wishes): Promise<ExitCode> {
  const first = await begin(context, options, wishes)
  if (!first.ok) return refuse(context, options, first.problems)
  await sleep(wishes.interval)
  const second = await poll(socketOf(options, context), wishes.service, clocksOf(context))
  if (!second.ok) return refuse(context, options, second.problems)
  const { state } = update(first.value, { kind: 'sample', sample: second.value })
  if (options.json) context.out(`${toJson(onceJson(state, wishes.interval / 1_000), 2)}\n`)
  else {
    const look = screenLook(context.env, Number.isFinite(context.look.columns))
    context.out(`${onceLines(state, context.look.columns, look).join('\n')}\n`)
  }
  return EXIT.ok
}

/** Why keys and frames cannot go on this terminal. */
function unfitTerminal(options: Options, { env }: Context): Problem | undefined {
  const fix = 'use xlvs top --once'
  if (options.json) return { subject: '--json', reason: 'a screen is no JSON', fix: 'add --once' }
  if (!env.TERM || env.TERM === 'dumb')
    return { reason: `a terminal of the kind ${quote(env.TERM ?? '')} cannot be drawn on`, fix }
  if (!process.stdin.isTTY) return { reason: 'standard input is no terminal, so there are no keys', fix }
  const size = sizeOf(process.stdout)
  return fits(size) ? undefined : { reason: tooSmall(size), fix: `make it larger, or ${fix}` }
}

function serviceOf(options: Options): Outcome<ServiceKey | undefined> {
  if (options.service !== undefined || options.mark !== undefined)
    return serviceKeyWord(options.service, options)
  if (options.udp || options.sctp || options.ipv6)
    return fail({ reason: 'which service is not said', fix: 'name it with --service or --mark' })
  return succeed(undefined)
}

function parseDelay(text: string): Outcome<number> {
  const ms = /^\d+(?:\.\d+)?$/.test(text.trim()) ? Math.round(Number(text) * 1_000) : Number.NaN
  const [least, most] = INTERVAL_MS
  if (ms >= least && ms <= most) return succeed(ms)
  return fail({
    subject: '--delay',
    reason: `${quote(text)} is no interval`,
    fix: `use ${least / 1_000}..${most / 1_000} seconds`,
  })
}

function parseSort(text: string): Outcome<SortName> {
  const found = SORT_NAMES.find((name) => name === text)
  if (found) return succeed(found)
  const meant = nearest(text, SORT_NAMES)
  return fail({
    subject: '--sort',
    reason: `${quote(text)} is no order`,
    fix: meant ? `did you mean ${meant}?` : `use ${oneOf(SORT_NAMES)}`,
  })
}
