// SPDX-License-Identifier: Apache-2.0
// xlvs realserver setup|check: makes this host a real server for direct routing, or says what is wrong with it. No daemon.
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { carryOut, foldersFor, undo } from '../../host/carry-out.js'
import { readFacts } from '../../host/facts.js'
import { type Host, thisHost } from '../../host/host.js'
import { fail, succeed } from '../../model/describe.js'
import type { Outcome } from '../../model/types.js'
import { addDone, readDone } from '../../realserver/done.js'
import { judge, planOf } from '../../realserver/judge.js'
import { keeperOf } from '../../realserver/keep.js'
import type { Done, Facts, Finding, Step, Wish } from '../../realserver/types.js'
import { readVips, readWish, unknownInterfaces, withDone } from '../../realserver/words.js'
import { answer, type JsonOption, misused, refuse } from '../answer.js'
import { type Context, EXIT, type ExitCode } from '../context.js'
import { examples, jsonOption, places } from '../options.js'
import type { Act } from '../verbs.js'
import { appliedLines, checkedLines, checkedRows, printedLines, undoneLines } from '../views/realserver.js'

const SETUP = 'xlvs realserver setup --vip 192.0.2.10,2001:db8::10'

export function define(command: Command, context: Context, act: Act): void {
  examples(command, SETUP, `${SETUP} --apply`, 'xlvs realserver check --vip 192.0.2.10')
  const setup = wishOptions(command.command('setup'))
    .description('VIPs on a silent interface, settings, files for the next boot')
    .option('--print', 'only show what would be run and written (default)')
    .option('--apply', 'do it; what is so already stays; all or nothing')
    .option('--undo', 'take back what --apply did')
  examples(setup, SETUP, `${SETUP} --apply`, 'xlvs realserver setup --undo')
  setup.action(act((options: Options) => setUp(context, thisHost(), rooted(options))))
  const check = wishOptions(command.command('check')).description('is this host right? 1 when it is not')
  examples(check, 'xlvs realserver check --vip 192.0.2.10,2001:db8::10', 'xlvs realserver check --json')
  check.action(act((options: Options) => checkHost(context, thisHost(), rooted(options))))
}

function wishOptions(command: Command): Command {
  return jsonOption(command)
    .option('--vip <addresses>', 'virtual addresses, by comma (default: those of --apply)')
    .option('--device <where>', 'lo or dummy: where the VIPs are (default: lo)')
    .option('--from <interfaces>', "where the director's packets arrive (default: found)")
    .option('--arp <how>', 'silent by sysctl or arptables (default: sysctl, or rules)')
    .option('--keeper <name>', 'networkd, NetworkManager, ifupdown, none (default: found)')
    .option('--root <folder>', 'stands before the path of every file')
}

interface Options extends JsonOption {
  readonly vip?: string
  readonly device?: string
  readonly from?: string
  readonly keeper?: string
  readonly arp?: string
  readonly root?: string
  readonly print?: boolean
  readonly apply?: boolean
  readonly undo?: boolean
}

function setUp(context: Context, host: Host, options: Options): ExitCode {
  const ways = (['print', 'apply', 'undo'] as const).filter((way) => options[way])
  if (ways.length > 1)
    return misused(context, options, fail({ reason: `--${ways.join(' and --')} exclude each other` }))
  const [way = 'print'] = ways
  if (way !== 'print' && !host.privileged)
    return refuse(context, options, [
      { reason: `--${way} changes settings, addresses and files of this host`, fix: 'run it as root' },
    ])
  return way === 'undo' ? takeBack(context, host, options) : printOrApply(context, host, options)
}

/** Everything that is known before anything is done. */
interface Case {
  readonly wish: Wish
  readonly facts: Facts
  readonly findings: readonly Finding[]
  readonly stateFile: string
  readonly before: string | undefined
  readonly done: Done | undefined
}

function printOrApply(context: Context, host: Host, options: Options): ExitCode {
  const opened = begin(context, host, options)
  if (typeof opened === 'number') return opened
  const { findings } = opened
  const plan = planOf(findings)
  if (!plan.ok) return refuse(context, options, plan.problems)
  const notes = findings.filter(({ verdict, steps }) => verdict !== 'right' && steps.length === 0)
  const shown = {
    changes: findings.flatMap(({ text, steps }) => (steps.length > 0 ? [{ why: text, steps }] : [])),
    already: findings.filter(({ verdict }) => verdict === 'right').map(({ text }) => text),
    notes: notes.map(({ text, fix }) => ({ text, fix })),
  }
  if (!options.apply) return answer(context, options, succeed(shown), printedLines)
  const applied = plan.value.length === 0 ? succeed(undefined) : apply(host, opened, plan.value)
  return answer(context, options, applied.ok ? succeed(shown) : applied, appliedLines)
}

function apply(host: Host, given: Case, steps: readonly Step[]): Outcome<undefined> {
  const { wish, facts, stateFile, before } = given
  const written = steps.flatMap((step) => (step.kind === 'file' ? [step.path] : []))
  const folders = foldersFor(host, [stateFile, ...written])
  return carryOut(host, {
    steps,
    stateFile,
    before,
    folders,
    done: addDone(given.done, wish, keeperOf(wish, facts), { steps, folders }),
    verify: () => {
      const wrong = judge(wish, readFacts(host, wish)).filter(({ verdict }) => verdict === 'wrong')
      if (wrong.length === 0) return succeed(undefined)
      return fail(...wrong.map(({ text }) => ({ reason: `after all was done ${text}`, fix: 'it is undone' })))
    },
  })
}

function takeBack(context: Context, host: Host, options: Options): ExitCode {
  const state = openState(context, host, options)
  if (!state.ok) return refuse(context, options, state.problems)
  const { stateFile, done } = state.value
  if (done === undefined) return answer(context, options, succeed({ undone: [], left: [] }), undoneLines)
  const named = options.vip === undefined ? succeed(done.vips) : readVips(options.vip)
  if (!named.ok) return misused(context, options, named)
  if (named.value.length !== done.vips.length || !named.value.every((vip) => done.vips.includes(vip)))
    return refuse(context, options, [
      {
        subject: '--vip',
        reason: `--apply was done for ${done.vips.join(', ')}, and --undo takes back all of it`,
        fix: 'leave --vip out, then --apply what is to stay',
      },
    ])
  const undone = undo(host, stateFile, done)
  if (!undone.ok) return refuse(context, options, undone.problems)
  const result = {
    undone: undone.value.filter(({ left }) => left === undefined).map(({ step }) => step),
    left: undone.value.flatMap(({ left }) => (left === undefined ? [] : [left])),
  }
  return answer(context, options, succeed(result), undoneLines)
}

function checkHost(context: Context, host: Host, options: Options): ExitCode {
  const opened = begin(context, host, options)
  if (typeof opened === 'number') return opened
  const rows = checkedRows(opened.findings, opened.wish)
  const right = rows.every(({ verdict }) => verdict !== 'wrong')
  answer(context, options, succeed({ right, findings: rows }), ({ findings }) =>
    checkedLines(findings, context.look),
  )
  return right ? EXIT.ok : EXIT.refused
}

/** Reads words, state and host; what is wrong has been said when it gives an exit code. */
function begin(context: Context, host: Host, options: Options): Case | ExitCode {
  const state = openState(context, host, options)
  if (!state.ok) return refuse(context, options, state.problems)
  const { done } = state.value
  const earlier = done && { vip: done.vips.join(','), device: done.home }
  const words = readWish({ ...earlier, ...options })
  if (!words.ok) return misused(context, options, words)
  const settled = withDone(words.value, done)
  if (!settled.ok) return refuse(context, options, settled.problems)
  const wish = settled.value
  const facts = look(host, wish)
  if (!facts.ok) return refuse(context, options, facts.problems)
  const unknown = unknownInterfaces(wish, facts.value.links)
  if (unknown.length > 0) return misused(context, options, fail(...unknown))
  return { ...state.value, wish, facts: facts.value, findings: judge(wish, facts.value) }
}

function look(host: Host, wish: Wish): Outcome<Facts> {
  try {
    return succeed(readFacts(host, wish))
  } catch (error) {
    return fail({ reason: `this host cannot be looked at: ${(error as Error).message}` })
  }
}

function openState(context: Context, host: Host, { root }: Options) {
  if (root !== undefined && !host.exists(root))
    return fail({ subject: '--root', reason: `there is no folder ${root}` })
  const stateFile = join(root ?? '/', places({}, context).stateDir, 'realserver.json')
  const before = host.read(stateFile)
  const done = before === undefined ? succeed(undefined) : readDone(before, stateFile)
  return done.ok ? succeed({ stateFile, before, done: done.value }) : done
}

/** What is written into the state file has to be true from every folder. */
function rooted({ root, ...options }: Options): Options {
  return root === undefined ? options : { ...options, root: resolve(root) }
}
