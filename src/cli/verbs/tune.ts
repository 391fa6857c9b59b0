// SPDX-License-Identifier: Apache-2.0
// xlvs tune: the kernel's tunables under the kernel's names; without a value they are shown.
import type { Command } from 'commander'
import type { Listing, TunableRow } from '../../api/contract.js'
import { fail, succeed } from '../../model/describe.js'
import type { Outcome, TunableName, Tunables } from '../../model/types.js'
import { parseTunable, parseTunableName } from '../../model/words.js'
import { answer, misused } from '../answer.js'
import { change } from '../change.js'
import { call } from '../client.js'
import type { Context } from '../context.js'
import { type DaemonOptions, daemonOptions, examples, socketOf } from '../options.js'
import type { Act } from '../verbs.js'
import { tunablesLines } from '../views/settings.js'

export function define(command: Command, context: Context, act: Act): void {
  command.argument('[name[=value]...]', 'what to show or to set; nothing = show all')
  examples(
    daemonOptions(command),
    'xlvs tune',
    'xlvs tune sloppy_tcp',
    'xlvs tune sloppy_tcp=1 drop_entry=1     lasts until reload',
  )
  command.action(act((words: readonly string[], options: DaemonOptions) => tune(context, words, options)))
}

function tune(context: Context, words: readonly string[], options: DaemonOptions) {
  const setting = words.filter((word) => word.includes('='))
  if (setting.length === 0) return show(context, words, options)
  if (setting.length < words.length) {
    const bare = words.filter((word) => !word.includes('=')).join(', ')
    return misused(context, options, fail({ reason: `${bare} has no value`, fix: 'write name=value' }))
  }
  const pairs = setting.map(parsePair)
  if (!pairs.every((pair) => pair.ok)) return misused(context, options, ...pairs)
  const body: Partial<Tunables> = Object.fromEntries(pairs.map(({ value }) => value))
  const done = pairs.map(({ value: [name, value] }) => `${name} is ${value}`).join(', ')
  return change(context, options, 'tune', {}, body, done)
}

function parsePair(word: string): Outcome<readonly [TunableName, number]> {
  const cut = word.indexOf('=')
  const name = parseTunableName(word.slice(0, cut))
  if (!name.ok) return name
  const value = parseTunable(name.value, word.slice(cut + 1), name.value)
  return value.ok ? succeed([name.value, value.value] as const) : value
}

async function show(context: Context, words: readonly string[], options: DaemonOptions) {
  const names = words.map((word) => parseTunableName(word))
  if (!names.every((name) => name.ok)) return misused(context, options, ...names)
  const wanted = new Set(names.map(({ value }) => value))
  const outcome = await call(socketOf(options, context), 'tunables')
  const chosen = outcome.ok ? succeed(narrowed(outcome.value, wanted)) : outcome
  return answer(context, options, chosen, ({ rows }) => tunablesLines(rows, context.look))
}

function narrowed(all: Listing<TunableRow>, wanted: ReadonlySet<TunableName>): Listing<TunableRow> {
  return wanted.size === 0 ? all : { ...all, rows: all.rows.filter(({ name }) => wanted.has(name)) }
}
