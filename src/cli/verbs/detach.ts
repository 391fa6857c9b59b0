// SPDX-License-Identifier: Apache-2.0
// xlvs detach IFACE | --all: only this ends forwarding. With a daemon it is the daemon's work; without one the pins
// are taken down from here.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { PERMISSION_FIX } from '../../api/places.js'
import { fail, succeed } from '../../model/describe.js'
import { DEFAULT_LIMITS, type Outcome } from '../../model/types.js'
import { parseInterfaceName } from '../../model/words.js'
import { answer, misused } from '../answer.js'
import { changeLines } from '../change.js'
import { call, isNoDaemon } from '../client.js'
import type { Context } from '../context.js'
import { type DaemonOptions, daemonOptions, examples, pinOption, places } from '../options.js'
import type { Act } from '../verbs.js'

interface Options extends DaemonOptions {
  readonly all?: boolean
  readonly pinRoot?: string
}

export function define(command: Command, context: Context, act: Act): void {
  command
    .argument('[interface]', 'an interface that carries the program')
    .option('--all', 'every interface; without a daemon all pins and connections too')
  examples(pinOption(daemonOptions(command)), 'xlvs detach eth0', 'xlvs detach --all')
  command.action(act((name: string | undefined, options: Options) => detach(context, name, options)))
}

async function detach(context: Context, word: string | undefined, options: Options) {
  const wanted = wish(word, options)
  if (!wanted.ok) return misused(context, options, wanted)
  const name = wanted.value
  const { socket, pinRoot } = places(options, context)
  const asked = await (name === undefined
    ? call(socket, 'detachAll')
    : call(socket, 'detach', { interface: name }))
  const done = name === undefined ? 'nothing is attached any more' : `${name} is detached`
  if (asked.ok || !isNoDaemon(asked.problems))
    return answer(context, options, asked, (change) => changeLines(change, done))
  const alone = name === undefined ? await clear(pinRoot) : await detachPin(pinRoot, name)
  return answer(context, options, alone, ({ changed }) =>
    changeLines({ changed, generation: 0, notices: [] }, done),
  )
}

/** The interface, or undefined for all of them. */
function wish(word: string | undefined, { all }: Options): Outcome<string | undefined> {
  if (word !== undefined && all)
    return fail({ reason: `${word} and --all are named`, fix: 'name one interface, or --all' })
  if (word !== undefined) return parseInterfaceName(word, 'interface')
  if (all) return succeed(undefined)
  return fail({ reason: 'no interface is named', fix: 'name one, or --all for every one' })
}

interface Alone {
  readonly changed: boolean
}

async function clear(pinRoot: string): Promise<Outcome<Alone>> {
  const there = isThere(pinRoot)
  if (!there.ok) return there
  if (!there.value) return succeed({ changed: false })
  const { clearDatapath } = await import('../../datapath/open.js')
  const { forgetNeighbours } = await import('../../datapath/forget.js')
  await forgetNeighbours(pinRoot)
  const cleared = clearDatapath(pinRoot)
  return cleared.ok ? succeed({ changed: true }) : cleared
}

async function detachPin(pinRoot: string, name: string): Promise<Outcome<Alone>> {
  const nothing = fail({ reason: `xlvs is not attached to ${name}`, fix: 'see: bpftool net' })
  const there = isThere(join(pinRoot, 'links'))
  if (!there.ok) return there
  if (!there.value) return nothing
  const { openDatapath } = await import('../../datapath/open.js')
  const opened = await openDatapath({ pinRoot, limits: DEFAULT_LIMITS })
  if (!opened.ok) return opened
  const datapath = opened.value
  try {
    if (!datapath.attachments().some((attachment) => attachment.interface === name)) return nothing
    const outcome = await datapath.detach(name)
    return outcome.ok ? succeed({ changed: true }) : outcome
  } finally {
    datapath.close()
  }
}

/** Not being allowed to look is not the same as nothing being there. */
function isThere(path: string): Outcome<boolean> {
  try {
    statSync(path)
    return succeed(true)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return succeed(false)
    return fail({ reason: `no permission to look at ${path}`, fix: PERMISSION_FIX })
  }
}
