// SPDX-License-Identifier: Apache-2.0
// xlvs keepalived check|convert FILE: what becomes of each line of a keepalived.conf, and the YAML that does the same.
import { access, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { Command } from 'commander'
import type { Reading } from '../../config/keepalived/read.js'
import { fail, oneOf, succeed } from '../../model/describe.js'
import { METRICS_LEVELS } from '../../model/metrics.js'
import { pathFault } from '../../model/rules.js'
import type { Desired, Outcome, Problem } from '../../model/types.js'
import { answer, type JsonOption, refuse } from '../answer.js'
import { type Context, EXIT, type ExitCode } from '../context.js'
import { type DaemonOptions, daemonOptions, examples, jsonOption, pinOption } from '../options.js'
import type { Act } from '../verbs.js'
import { reportLines, summaryLine, verdictCounts } from '../views/keepalived.js'
import { sourceFromWords } from '../words.js'

const CHECK = 'xlvs keepalived check /etc/keepalived/keepalived.conf'
const RUN = 'xlvs keepalived run /etc/keepalived/keepalived.conf --dev eth0'
const CONVERT = 'xlvs keepalived convert keepalived.conf -o lb.yaml'

interface Options extends JsonOption {
  readonly configId?: string
  readonly output?: string
}

export function define(command: Command, context: Context, act: Act): void {
  examples(command, CHECK, CONVERT, RUN)
  const check = asked(command.command('check').description('say what becomes of each line'))
  examples(check, CHECK)
  check.action(act((file: string, options: Options) => checkFile(context, options, file)))
  const convert = asked(command.command('convert').description('print the YAML that does the same'))
  convert.option('-o, --output <file>', 'write it there; the file must not exist yet')
  examples(convert, CONVERT)
  convert.action(act((file: string, options: Options) => convertFile(context, options, file)))
  defineRun(named(command.command('run').description('be the director that it describes')), context, act)
}

interface RunOptions extends Options, DaemonOptions {
  readonly dev: string
  readonly mode?: string
  readonly metrics?: string
  readonly metricsLevel?: string
  readonly trackFile?: string
  readonly pinRoot?: string
  readonly stateDir?: string
}

function defineRun(command: Command, context: Context, act: Act): void {
  command
    .requiredOption('--dev <interfaces>', 'where packets arrive: eth0 or eth0,eth1')
    .option('--mode <mode>', 'native (in the driver) or generic (any driver, slower)')
    .option('--metrics <host:port>', 'serve /metrics and /healthz: 127.0.0.1:9612')
    .option('--metrics-level <level>', `${oneOf(METRICS_LEVELS)}: how far down (default: real)`)
    .option('--track-file <path>', "keepalived's track_file: 0, or -1 while nothing can be served")
    .option('--state-dir <path>', 'where requests are kept over restarts (XLVS_STATE_DIR)')
  examples(pinOption(daemonOptions(command)), RUN)
  command.action(act((file: string, options: RunOptions) => runFile(context, options, file)))
}

/** As `xlvs run -c`, from the same file that keepalived's VRRP reads; a reload reads it again. */
async function runFile(context: Context, options: RunOptions, file: string): Promise<ExitCode> {
  const words = beside(options)
  if (!words.ok) return refuse(context, options, words.problems)
  const read = async (): Promise<Outcome<Desired>> => {
    const reading = await readingOf(file, options)
    if (!reading.ok) return reading
    const { desired, remarks, notifyFifo } = reading.value
    if (desired === undefined) return fail(...problemsOf(reading.value))
    const counts = verdictCounts(remarks)
    if (counts.adjusted > 0) context.err(`${summaryLine(file, counts)}; see: xlvs keepalived check ${file}\n`)
    const { trackFile } = options
    const vrrp = {
      ...(notifyFifo !== undefined && { notifyFifo }),
      ...(trackFile !== undefined && { trackFile }),
    }
    return succeed({ ...desired, ...words.value, ...(Object.keys(vrrp).length > 0 && { vrrp }) })
  }
  const { runDaemon } = await import('./run.js')
  return runDaemon(context, options, { kind: 'file', path: file, read })
}

/** What a keepalived.conf does not say. */
function beside({ dev, mode, metrics, metricsLevel, trackFile }: RunOptions): Outcome<Partial<Desired>> {
  const words = sourceFromWords({
    dev,
    ...(mode !== undefined && { mode }),
    ...(metrics !== undefined && { metrics }),
    ...(metricsLevel !== undefined && { metricsLevel }),
  })
  if (!words.ok) return words
  const fault = trackFile === undefined ? undefined : pathFault('track file', trackFile)
  if (fault) return fail({ subject: '--track-file', ...fault })
  const { interfaces, metrics: listen } = words.value.base
  return succeed({ interfaces, ...(listen && { metrics: listen }) })
}

function asked(command: Command): Command {
  return named(jsonOption(command))
}

function named(command: Command): Command {
  return command
    .argument('<file>', 'a keepalived.conf')
    .option('-i, --config-id <word>', 'what @word lines are compared with (the host name)')
}

async function checkFile(context: Context, options: Options, file: string): Promise<ExitCode> {
  const read = await readingOf(file, options)
  if (!read.ok) return refuse(context, options, read.problems)
  const { desired, remarks, taken } = read.value
  const counts = verdictCounts(remarks)
  const told = { file, taken, ...counts, remarks }
  answer(context, options, succeed(told), () => [
    ...reportLines(remarks, context.look),
    summaryLine(file, counts, taken),
  ])
  return desired === undefined ? EXIT.refused : EXIT.ok
}

async function convertFile(context: Context, options: Options, file: string): Promise<ExitCode> {
  const read = await readingOf(file, options)
  if (!read.ok) return refuse(context, options, read.problems)
  const { desired, remarks } = read.value
  if (desired === undefined) return refuse(context, options, problemsOf(read.value))
  const { printConverted } = await import('../../config/keepalived/yaml.js')
  const yaml = printConverted(desired, remarks, file)
  if (options.output === undefined)
    return answer(context, options, succeed({ yaml, remarks }), () => [yaml.trimEnd()])
  const written = await write(options.output, yaml)
  const counts = verdictCounts(remarks)
  return answer(context, options, written, () => [`${options.output}: written`, summaryLine(file, counts)])
}

async function readingOf(file: string, { configId = shortName() }: Options): Promise<Outcome<Reading>> {
  const [{ includedFiles, sourceOf }, { readKeepalived }] = await Promise.all([
    import('../keepalived-files.js'),
    import('../../config/keepalived/read.js'),
  ])
  const source = sourceOf(file)
  if (!source.ok) return source
  return succeed(readKeepalived(source.value, { configId, include: includedFiles }))
}

/** keepalived's default: the first part of the host's name. */
function shortName(): string {
  return hostname().split('.')[0] ?? ''
}

function problemsOf({ remarks }: Reading): readonly Problem[] {
  return remarks
    .filter(({ verdict }) => verdict === 'cannot')
    .map(({ place, reason = '', fix }) => ({ place, reason, ...(fix === undefined ? {} : { fix }) }))
}

async function write(path: string, text: string): Promise<Outcome<{ readonly written: string }>> {
  const there = await access(path).then(
    () => true,
    () => false,
  )
  if (there)
    return fail({
      subject: path,
      reason: 'the file exists already',
      fix: 'give another name, or move it away',
    })
  try {
    await writeFile(path, text, { flag: 'wx' })
    return succeed({ written: path })
  } catch (error) {
    return fail({ subject: path, reason: `cannot be written: ${(error as Error).message}` })
  }
}
