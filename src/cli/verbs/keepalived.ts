// SPDX-License-Identifier: Apache-2.0
// xlvs keepalived check|convert FILE: what becomes of each line of a keepalived.conf, and the YAML that does the same.
import { access, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { Command } from 'commander'
import type { Reading } from '../../config/keepalived/read.js'
import { fail, succeed } from '../../model/describe.js'
import type { Outcome, Problem } from '../../model/types.js'
import { answer, type JsonOption, refuse } from '../answer.js'
import { type Context, EXIT, type ExitCode } from '../context.js'
import { examples, jsonOption } from '../options.js'
import type { Act } from '../verbs.js'
import { reportLines, summaryLine, verdictCounts } from '../views/keepalived.js'

const CHECK = 'xlvs keepalived check /etc/keepalived/keepalived.conf'
const CONVERT = 'xlvs keepalived convert keepalived.conf -o lb.yaml'

interface Options extends JsonOption {
  readonly configId?: string
  readonly output?: string
}

export function define(command: Command, context: Context, act: Act): void {
  examples(command, CHECK, CONVERT)
  const check = asked(command.command('check').description('say what becomes of each line'))
  examples(check, CHECK)
  check.action(act((file: string, options: Options) => checkFile(context, options, file)))
  const convert = asked(command.command('convert').description('print the YAML that does the same'))
  convert.option('-o, --output <file>', 'write it there; the file must not exist yet')
  examples(convert, CONVERT)
  convert.action(act((file: string, options: Options) => convertFile(context, options, file)))
}

function asked(command: Command): Command {
  return jsonOption(command.argument('<file>', 'a keepalived.conf')).option(
    '-i, --config-id <word>',
    'what @word lines are compared with (the host name)',
  )
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
