// SPDX-License-Identifier: Apache-2.0
// The command line: finds the verb, loads it, runs it, and turns whatever happens into sentences and an exit code.
import { Command, CommanderError } from 'commander'
import { PERMISSION_FIX } from '../api/places.js'
import { refuse } from './answer.js'
import { type Context, EXIT, type ExitCode } from './context.js'
import { lookOf } from './look.js'
import { type Act, VERBS } from './verbs.js'

/** `argv` without node and the script. */
export async function main(argv: readonly string[], context: Context): Promise<ExitCode> {
  const json = argv.includes('--json')
  const complaint: string[] = []
  let code: ExitCode = EXIT.ok
  const act: Act =
    (handler) =>
    async (...args) => {
      code = await handler(...args)
    }
  try {
    const program = await build(argv, context, complaint, act)
    await program.parseAsync(argv as string[], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok
      return misunderstood(context, complaint.join(''), argv)
    }
    return refuse(context, { json }, [unexpected(error)])
  }
}

/** The real world. Who reads our output may stop reading: `xlvs show conns | head`. */
export function processContext(): Context {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(EXIT.ok)
  })
  return {
    env: process.env,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    look: lookOf(process.stdout, process.env),
    now: Date.now,
  }
}

async function build(
  argv: readonly string[],
  context: Context,
  complaint: string[],
  act: Act,
): Promise<Command> {
  const program = new Command('xlvs')
    .description('xlvs: the Linux Virtual Server on XDP. A layer-4 load balancer in the network driver.')
    .exitOverride()
    .configureOutput({
      writeOut: context.out,
      writeErr: (text) => void complaint.push(text),
      getOutHelpWidth: () => Math.min(context.look.columns, 100),
      getErrHelpWidth: () => Math.min(context.look.columns, 100),
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 refused or failed (the running state is as it was), 2 wrong usage.\n' +
        '\nExamples (each verb has its own: xlvs run --help):\n' +
        '  xlvs run --vip 192.0.2.10:80 --to 192.0.2.21,192.0.2.22 --dev eth0\n' +
        '  xlvs show reals\n',
    )
  const wanted = verbIn(argv)
  for (const verb of VERBS) {
    const command = program.command(verb.name).description(verb.summary)
    if (verb.name === wanted) (await verb.load()).define(command, context, act)
  }
  return program
}

/** The verb that is called, or that help is asked for. */
function verbIn(argv: readonly string[]): string | undefined {
  const words = argv.filter((word) => !word.startsWith('-'))
  return words[0] === 'help' ? words[1] : words[0]
}

/** A word that is missing is answered with the help that lists the words, a word that is wrong with one sentence. */
function misunderstood(context: Context, said: string, argv: readonly string[]): ExitCode {
  const json = argv.includes('--json')
  const verb = VERBS.find(({ name }) => name === verbIn(argv))?.name
  const help = `see: xlvs ${verb ? `${verb} ` : ''}--help`
  const problem = said.startsWith('Usage:')
    ? { reason: `what to ${verb ?? 'do'} is not said`, fix: help }
    : usageProblem(said, help)
  if (said.startsWith('Usage:') && !json) context.err(`${said.trimEnd()}\n\n`)
  return refuse(context, { json }, [problem], EXIT.usage)
}

function usageProblem(said: string, help: string) {
  const [first = '', ...rest] = said
    .replace(/^error: /, '')
    .trim()
    .split('\n')
  const hint = rest.find((line) => line.startsWith('(Did you mean'))
  const meant = hint?.replace(/^\(Did you mean (one of )?(.*)\?\)$/, 'did you mean $2?')
  return { reason: first.replace(/\.$/, '') || 'the command line is not understood', fix: meant ?? help }
}

function unexpected(error: unknown) {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EPERM' || code === 'EACCES')
    return {
      reason: `no permission: ${message}`,
      fix: PERMISSION_FIX,
    }
  return { reason: `this should not happen, and it did: ${message ?? String(error)}` }
}
