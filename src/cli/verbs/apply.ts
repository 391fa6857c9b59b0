// SPDX-License-Identifier: Apache-2.0
// xlvs apply: a file goes in force as by a reload, the daemon watches how packets end, and goes back by itself.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Applied, ApplyRequest } from '../../api/apply.js'
import { toJson } from '../../api/json.js'
import { fail, succeed } from '../../model/describe.js'
import type { Preview } from '../../model/preview.js'
import type { Outcome } from '../../model/types.js'
import { refuse } from '../answer.js'
import { parsePackets, parseWatch } from '../apply-words.js'
import { call } from '../client.js'
import { type Context, EXIT, type ExitCode } from '../context.js'
import { readConfig } from '../file.js'
import { type DaemonOptions, daemonOptions, examples, socketOf } from '../options.js'
import { given } from '../service-words.js'
import type { Act } from '../verbs.js'
import { appliedLines } from '../views/apply.js'
import { planLines } from '../views/plan.js'

interface Options extends DaemonOptions {
  readonly config?: string
  readonly watch: string
  readonly maxDrops?: string
  readonly maxDropRate?: string
  readonly write?: boolean
  readonly yes?: boolean
  readonly dryRun?: boolean
  readonly rollback?: boolean
}

/** ms between two questions to the daemon */
const ASK_MS = 200
const CODE = {
  watching: EXIT.refused,
  kept: EXIT.ok,
  'rolled-back': EXIT.rolledBack,
  stuck: EXIT.refused,
} as const satisfies Record<Applied['state'], ExitCode>

export function define(command: Command, context: Context, act: Act): void {
  command
    .option('-c, --config <file>', 'the file to apply (default: that of the daemon, as a reload)')
    .option('--watch <time>', 'how long packets are watched: 10s, 2m, 0', '10s')
    .option(
      '--max-drop-rate <n>',
      'packets a second of one reason above twice the usual (default: 2, or 1 % of all)',
    )
    .option('--max-drops <n>', 'packets above the usual in the whole watch (default: any number)')
    .option('--write', "once kept, it becomes the text of the daemon's file")
    .option('--yes', 'also when live connections would break')
    .option('--dry-run', 'only say what would change, as plan does')
    .option('--rollback', 'end the watch under way: back to what was before')
  examples(daemonOptions(command), 'xlvs apply -c new.yaml', 'xlvs apply -c new.yaml --watch 2m --write')
  command.addHelpText(
    'after',
    '\nExit codes: 0 kept, 4 rolled back, 1 refused,\n' +
      '3 live connections would break and --yes is not given.\n' +
      'The daemon goes on watching when this command is interrupted.\n',
  )
  command.action(act((options: Options) => apply(context, options)))
}

async function apply(context: Context, options: Options): Promise<ExitCode> {
  if (options.rollback) return rollback(context, options)
  const request = requestOf(options)
  if (!request.ok) return refuse(context, options, request.problems, EXIT.usage)
  const text = await textOf(options)
  if (!text.ok) return refuse(context, options, text.problems)
  const socket = socketOf(options, context)
  const plan = await call(socket, 'plan', {}, text.value)
  if (!plan.ok) return refuse(context, options, plan.problems)
  const breaks = plan.value.verdict === 'breaks'
  if (!options.json) print(context, planLines(plan.value, context.look))
  if (options.dryRun || (breaks && !options.yes)) return unchanged(context, options, plan.value)
  const status = await call(socket, 'status')
  const begun = await call(socket, 'apply', {}, { ...request.value, ...text.value })
  if (!begun.ok) return refuse(context, options, begun.problems)
  const { notices } = begun.value.change
  if (!options.json) print(context, [...notices.map((notice) => `note: ${notice}`), ...watching(begun.value)])
  const ended = await ending(socket, begun.value)
  if (!ended.ok) return refuse(context, options, ended.problems)
  const file = status.ok ? (status.value.file ?? '') : ''
  return told(context, options, ended.value, file, plan.value)
}

async function rollback(context: Context, options: Options): Promise<ExitCode> {
  const socket = socketOf(options, context)
  const status = await call(socket, 'status')
  const outcome = await call(socket, 'rollback')
  if (!outcome.ok) return refuse(context, options, outcome.problems)
  const code = told(context, options, outcome.value, status.ok ? (status.value.file ?? '') : '')
  return outcome.value.state === 'rolled-back' ? EXIT.ok : code
}

function requestOf(options: Options): Outcome<ApplyRequest> {
  const watch = parseWatch(options.watch)
  const rate =
    options.maxDropRate === undefined
      ? undefined
      : parsePackets(options.maxDropRate, '--max-drop-rate', false)
  const packets =
    options.maxDrops === undefined ? undefined : parsePackets(options.maxDrops, '--max-drops', true)
  const problems = [watch, rate, packets].flatMap((one) => (one && !one.ok ? one.problems : []))
  if (problems.length > 0 || !watch.ok) return fail(...problems)
  return succeed({
    watch: watch.value,
    ...given('rate', rate?.ok ? rate.value : undefined),
    ...given('packets', packets?.ok ? packets.value : undefined),
    ...given('write', options.write),
  })
}

/** For plan and apply the same text, read once. */
async function textOf({
  config: file,
}: Options): Promise<Outcome<{ file: string; text: string } | undefined>> {
  if (file === undefined) return succeed(undefined)
  const read = await readConfig(file)
  return read.ok ? succeed({ file, text: read.value.text }) : read
}

function unchanged(context: Context, options: Options, plan: Preview): ExitCode {
  const breaks = plan.verdict === 'breaks'
  if (options.json) context.out(`${toJson({ plan }, 2)}\n`)
  else if (!options.dryRun)
    context.err('nothing was changed: live connections would break; to do it all the same: --yes\n')
  return breaks ? EXIT.breaks : EXIT.ok
}

function watching({ state, at, until }: Applied): readonly string[] {
  return state === 'watching' ? [`in force; watched for ${Math.round((until - at) / 100) / 10} s`] : []
}

/** The daemon watches; this only asks how it goes. */
async function ending(socket: string, begun: Applied): Promise<Outcome<Applied>> {
  for (let now = begun; ; await sleep(ASK_MS)) {
    if (now.state !== 'watching') return succeed(now)
    const answer = await call(socket, 'applied')
    if (!answer.ok) return answer
    const { applied } = answer.value
    if (applied === undefined || applied.id !== begun.id)
      return fail({ reason: `what became of ${begun.file} is not known any more`, fix: 'see: xlvs status' })
    now = applied
  }
}

function told(
  context: Context,
  options: Options,
  applied: Applied,
  daemonFile: string,
  plan?: Preview,
): ExitCode {
  if (options.json) context.out(`${toJson({ ...(plan && { plan }), applied }, 2)}\n`)
  else print(context, appliedLines(applied, daemonFile, context.look))
  return applied.state === 'kept' && applied.problems.length > 0 ? EXIT.refused : CODE[applied.state]
}

function print({ out }: Context, lines: readonly string[]): void {
  out(lines.map((line) => `${line}\n`).join(''))
}
