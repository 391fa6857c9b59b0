// SPDX-License-Identifier: Apache-2.0
// xlvs show NOUN: one row per noun says what it is, which filters it knows and how it is drawn.
import type { Command } from 'commander'
import type { Filter, Listing } from '../../api/contract.js'
import type { PastListing } from '../../api/contract-sight.js'
import { readFilter } from '../../api/parse.js'
import type { Calls, RouteName } from '../../api/routes.js'
import { fail, harmless, oneOf, quote, succeed } from '../../model/describe.js'
import { nearest } from '../../model/nearest.js'
import type { Timeouts } from '../../model/types.js'
import { answer, misused } from '../answer.js'
import { call } from '../client.js'
import type { Context } from '../context.js'
import type { Look } from '../look.js'
import { parseMoment } from '../moments.js'
import { type DaemonOptions, daemonOptions, examples, socketOf } from '../options.js'
import { type ServiceOptions, serviceKeyWord, serviceOptions } from '../service-words.js'
import type { Act } from '../verbs.js'
import { drainsLines } from '../views/drains.js'
import { dropsLines } from '../views/drops.js'
import { healthLines } from '../views/health.js'
import {
  connsLines,
  interfacesLines,
  nexthopsLines,
  reasonsLines,
  templatesLines,
} from '../views/listings.js'
import { pastRealsLines, pastServicesLines } from '../views/past.js'
import { realRatesLines, realsLines, serviceRatesLines, servicesLines } from '../views/services.js'
import { marksLines, timeoutsLines } from '../views/settings.js'
import { PROC_FILES, procAnswer } from './show-proc.js'

type FilterName = 'service' | 'client' | 'real' | 'limit'

interface Noun<Name extends RouteName = RouteName> {
  readonly name: Name
  readonly summary: string
  readonly filters: readonly FilterName[]
  /** the filter that may also stand as a word of its own: xlvs show health 192.0.2.10:80 */
  readonly word?: 'service'
  readonly example: string
  /** the lines; undefined = as indented JSON */
  readonly lines?: (answer: Calls[Name]['answer'], look: Look, now: number) => readonly string[]
  /** the lines with --at: only nouns that are remembered have them */
  readonly past?: (answer: PastListing<never>, look: Look) => readonly string[]
  /** the lines with --rates */
  readonly rates?: (answer: Calls[Name]['answer'], look: Look, now: number) => readonly string[]
}

const MANY = '100'

const NOUNS: readonly Noun[] = [
  {
    ...listing(
      'services',
      'virtual services and their counters',
      ['service'],
      servicesLines,
      serviceRatesLines,
    ),
    past: pastServicesLines,
  },
  {
    ...listing('reals', 'real servers, by service', ['service', 'real'], realsLines, realRatesLines),
    past: pastRealsLines,
  },
  listing('conns', 'connections', ['service', 'client', 'real', 'limit'], connsLines),
  listing(
    'templates',
    'persistence: which client stays where',
    ['service', 'client', 'real', 'limit'],
    templatesLines,
  ),
  {
    ...listing('health', 'who is up, since when, and what the checks said', ['service', 'real'], healthLines),
    word: 'service',
  },
  listing('drains', 'real servers that are being emptied', ['service', 'real'], drainsLines),
  listing('nexthops', 'how packets get to each real server', ['real'], nexthopsLines),
  listing('interfaces', 'where the XDP program is attached', [], interfacesLines),
  listing('reasons', 'why packets were passed, forwarded or dropped', ['service'], reasonsLines),
  listing('drops', 'what clients miss, worst first, and what to do', ['service'], dropsLines),
  listing('marks', 'which ports carry which mark', [], marksLines),
  {
    name: 'timeouts',
    summary: 'how long connections live',
    filters: [],
    example: 'xlvs show timeouts',
    lines: (found) => timeoutsLines(found as Timeouts),
  },
  stage('desired', 'what was asked for: the file and what was added at run time'),
  stage('effective', 'desired with overrides, drains and health: what should be in the maps'),
  stage('actual', 'what is in the maps'),
  stage('diff', 'what is missing between effective and actual; [] when nothing is'),
]

export function define(command: Command, context: Context, act: Act): void {
  command
    .enablePositionalOptions()
    .argument('[file]', `with --format proc: ${oneOf(PROC_FILES)}`)
    .option('--format <format>', 'proc: a file of /proc/net as IPVS has it')
  examples(
    daemonOptions(command),
    'xlvs show services',
    'xlvs show conns --service 192.0.2.10:80 --limit 20',
    'xlvs show --format proc ip_vs',
  )
  command.action(
    act((file: string | undefined, options: ProcOptions) => showFile(context, command, file, options)),
  )
  for (const noun of NOUNS) defineNoun(command.command(noun.name), noun, context, act)
}

function defineNoun(sub: Command, noun: Noun, context: Context, act: Act): void {
  sub.description(noun.summary)
  if (noun.filters.includes('service'))
    serviceOptions(sub.option('--service <vip:port>', 'only this service'))
  if (noun.word === 'service') sub.argument('[vip:port]', 'only this service')
  if (noun.filters.includes('client')) sub.option('--client <address>', 'only this client')
  if (noun.filters.includes('real')) sub.option('--real <address>', 'only this real server')
  if (noun.filters.includes('limit')) sub.option('--limit <n>', 'at most so many rows, 0 = all', MANY)
  if (noun.past) sub.option('--at <time>', 'as it was then: 12:03:10, 2026-11-21T12:03, -10m')
  if (noun.rates) sub.option('--rates', 'per second, smoothed as IPVS does')
  examples(daemonOptions(sub), noun.example)
  sub.action(
    act((...words: readonly unknown[]) => {
      const [word] = noun.word === undefined ? [] : words
      const options = sub.optsWithGlobals<Options>()
      return show(context, noun, typeof word === 'string' ? { ...options, service: word } : options)
    }),
  )
}

interface Options extends DaemonOptions, ServiceOptions {
  readonly service?: string
  readonly client?: string
  readonly real?: string
  readonly limit?: string
  readonly rates?: boolean
  readonly at?: string
}

async function show(context: Context, noun: Noun, options: Options) {
  const named = options.service !== undefined || options.mark !== undefined
  const key = named ? serviceKeyWord(options.service, options) : succeed(undefined)
  if (!key.ok) return misused(context, options, key)
  const filter = readFilter({ ...options, service: key.value })
  if (!filter.ok) return misused(context, options, filter)
  if (options.at !== undefined) return showPast(context, noun, options, filter.value)
  const outcome = await call(socketOf(options, context), noun.name, filter.value)
  const lines = options.rates ? noun.rates : noun.lines
  if (!lines) return answer(context, { json: true }, outcome, () => [])
  return answer(context, options, outcome, (value) => lines(value, context.look, context.now()))
}

async function showPast(context: Context, noun: Noun, options: Options, filter: Filter) {
  const at = parseMoment(options.at ?? '', context.now(), '--at')
  const counted = { reason: 'rates of then are not kept', fix: 'leave out --rates or --at' }
  const alone = options.rates ? fail({ subject: '--rates', ...counted }) : succeed(undefined)
  if (!at.ok || !alone.ok) return misused(context, options, at, alone)
  const name = noun.name as 'services' | 'reals'
  const outcome = await call(socketOf(options, context), name, { ...filter, at: at.value })
  return answer(context, options, outcome, (found) => {
    return noun.past?.(found as Listing<unknown> as PastListing<never>, context.look) ?? []
  })
}

interface ProcOptions extends DaemonOptions {
  readonly format?: string
}

/** A noun that is none comes here too. */
function showFile(context: Context, command: Command, file: string | undefined, options: ProcOptions) {
  if (options.format === undefined) {
    if (file === undefined) command.help({ error: true })
    const nouns = NOUNS.map(({ name }) => name)
    const meant = nearest(file ?? '', nouns)
    const fix = meant === undefined ? 'see: xlvs show --help' : `did you mean ${meant}?`
    const problem = { reason: `unknown command '${harmless(file ?? '')}'`, fix }
    return misused(context, options, fail(problem))
  }
  if (options.format !== 'proc')
    return misused(
      context,
      options,
      fail({ reason: `unknown format ${quote(options.format)}`, fix: 'use proc' }),
    )
  return procAnswer(context, file, options)
}

type Draw<Row> = (rows: readonly Row[], look: Look, now: number) => readonly string[]

function listing<Name extends RouteName, Row>(
  name: Name,
  summary: string,
  filters: readonly FilterName[],
  draw: Draw<Row>,
  drawRates?: Draw<Row>,
): Noun {
  const linesOf = (how: Draw<Row>) => (answer: unknown, look: Look, now: number) => {
    const { rows, more } = answer as Listing<Row>
    const drawn = how(rows, look, now)
    if (drawn.length === 0) return [`no ${name}`]
    return more ? [...drawn, look.dim(`there are more; --limit 0 shows all`)] : drawn
  }
  const narrowed = filters.includes('service') ? ' --service 192.0.2.10:80' : ''
  const example = `xlvs show ${name}${narrowed}`
  return {
    name,
    summary,
    filters,
    example,
    lines: linesOf(draw),
    ...(drawRates && { rates: linesOf(drawRates) }),
  }
}

function stage(name: RouteName, summary: string): Noun {
  return { name, summary, filters: [], example: `xlvs show ${name} | less` }
}
