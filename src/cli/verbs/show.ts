// SPDX-License-Identifier: Apache-2.0
// xlvs show NOUN: one row per noun says what it is, which filters it knows and how it is drawn.
import type { Command } from 'commander'
import type { Listing } from '../../api/contract.js'
import { readFilter } from '../../api/parse.js'
import type { Calls, RouteName } from '../../api/routes.js'
import { answer, misused } from '../answer.js'
import { call } from '../client.js'
import type { Context } from '../context.js'
import type { Look } from '../look.js'
import { type DaemonOptions, daemonOptions, examples, socketOf } from '../options.js'
import { maybe, type ProtocolOption, serviceKeyWord, udpOption } from '../service-words.js'
import type { Act } from '../verbs.js'
import {
  connsLines,
  interfacesLines,
  nexthopsLines,
  reasonsLines,
  templatesLines,
} from '../views/listings.js'
import { realsLines, servicesLines } from '../views/services.js'

type FilterName = 'service' | 'client' | 'real' | 'limit'

interface Noun<Name extends RouteName = RouteName> {
  readonly name: Name
  readonly summary: string
  readonly filters: readonly FilterName[]
  readonly example: string
  /** the lines; undefined = as indented JSON */
  readonly lines?: (answer: Calls[Name]['answer'], look: Look) => readonly string[]
}

const MANY = '100'

const NOUNS: readonly Noun[] = [
  listing('services', 'virtual services and their counters', ['service'], servicesLines),
  listing('reals', 'real servers, by service', ['service', 'real'], realsLines),
  listing('conns', 'connections', ['service', 'client', 'real', 'limit'], connsLines),
  listing(
    'templates',
    'persistence: which client stays where',
    ['service', 'client', 'real', 'limit'],
    templatesLines,
  ),
  listing('nexthops', 'how packets get to each real server', ['real'], nexthopsLines),
  listing('interfaces', 'where the XDP program is attached', [], interfacesLines),
  listing('reasons', 'why packets were passed, forwarded or dropped', [], reasonsLines),
  stage('desired', 'what was asked for: the file and what was added at run time'),
  stage('effective', 'desired with the overrides of operators: what should be in the maps'),
  stage('actual', 'what is in the maps'),
  stage('diff', 'what is missing between effective and actual; [] when nothing is'),
]

export function define(command: Command, context: Context, act: Act): void {
  examples(command, 'xlvs show services', 'xlvs show conns --service 192.0.2.10:80 --limit 20')
  for (const noun of NOUNS) {
    const sub = command.command(noun.name).description(noun.summary)
    if (noun.filters.includes('service')) udpOption(sub.option('--service <vip:port>', 'only this service'))
    if (noun.filters.includes('client')) sub.option('--client <address>', 'only this client')
    if (noun.filters.includes('real')) sub.option('--real <address>', 'only this real server')
    if (noun.filters.includes('limit')) sub.option('--limit <n>', 'at most so many rows, 0 = all', MANY)
    examples(daemonOptions(sub), noun.example)
    sub.action(act((options: Options) => show(context, noun, options)))
  }
}

interface Options extends DaemonOptions, ProtocolOption {
  readonly service?: string
  readonly client?: string
  readonly real?: string
  readonly limit?: string
}

async function show(context: Context, noun: Noun, options: Options) {
  const key = maybe(options.service, (text) => serviceKeyWord(text, options))
  if (!key.ok) return misused(context, options, key)
  const filter = readFilter({ ...options, service: key.value })
  if (!filter.ok) return misused(context, options, filter)
  const outcome = await call(socketOf(options, context), noun.name, filter.value)
  if (!noun.lines) return answer(context, { json: true }, outcome, () => [])
  const { lines } = noun
  return answer(context, options, outcome, (value) => lines(value, context.look))
}

function listing<Name extends RouteName, Row>(
  name: Name,
  summary: string,
  filters: readonly FilterName[],
  draw: (rows: readonly Row[], look: Look) => readonly string[],
): Noun {
  const lines = (answer: unknown, look: Look) => {
    const { rows, more } = answer as Listing<Row>
    const drawn = draw(rows, look)
    if (drawn.length === 0) return [`no ${name}`]
    return more ? [...drawn, look.dim(`there are more; --limit 0 shows all`)] : drawn
  }
  const narrowed = filters.includes('service') ? ' --service 192.0.2.10:80' : ''
  return { name, summary, filters, lines, example: `xlvs show ${name}${narrowed}` }
}

function stage(name: RouteName, summary: string): Noun {
  return { name, summary, filters: [], example: `xlvs show ${name} | less` }
}
