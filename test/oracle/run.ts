// SPDX-License-Identifier: Apache-2.0
// `make oracle`: asks the kernel from the command line.
//   run.js record FILE...   play scenarios, write what the kernel did to answers/
//   run.js check FILE...    play again, compare with what was recorded
//   run.js print FILE...    play, print the answers as JSON lines
//   run.js show FILE...     recorded answers for people
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { answerPath, formatAnswers, readAnswers, writeAnswers } from './answers.js'
import { differences } from './compare.js'
import { ask, type Outcome } from './kernel.js'
import { readScenario } from './read.js'
import { type Answers, type Fields, type Scenario, ScenarioError } from './scenario.js'
import { show } from './show.js'

const USAGE =
  'usage: run.js record|check|print|show [--jobs N] [--qemu] [--kernel DIRECTORY] [--seed N] FILE...\n' +
  '  FILE: scenarios (.json); for show, scenarios or answers (.jsonl)\n' +
  '  --jobs N            boots at the same time (as many as there are processors)\n' +
  "  --qemu              a distribution's kernel in virtual time, for all of them\n" +
  '  --kernel DIRECTORY  an unpacked linux-image package for qemu (fetched unless said)\n' +
  "  --seed N            the variable seed of the scenarios' expressions\n"

type Act = (path: string, answers: Answers) => boolean

/** What is done with the answers of a scenario; false if it did not go well. */
const ACTS: Readonly<Record<string, Act>> = {
  record(path, answers) {
    writeAnswers(answerPath(path), answers)
    const { length } = answers.answers
    process.stderr.write(
      `${path}: ${length} operations, ${answers.seconds} s, Linux ${answers.heading.kernel}\n`,
    )
    return true
  },
  check(path, answers) {
    const recorded = answerPath(path)
    if (!existsSync(recorded))
      throw new ScenarioError(`${path}: nothing is recorded in ${recorded}: record it first`)
    const faults = differences(answers, readAnswers(recorded))
    process.stdout.write(`${faults.length === 0 ? 'same' : 'DIFFERS'}  ${path}\n`)
    for (const fault of faults.slice(0, 10)) process.stdout.write(`  ${fault}\n`)
    return faults.length === 0
  },
  print(_path, answers) {
    process.stdout.write(formatAnswers(answers))
    return true
  },
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`oracle: ${(error as Error).message}\n`)
  process.exitCode = 1
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      jobs: { type: 'string' },
      qemu: { type: 'boolean' },
      kernel: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  const [verb = '', ...files] = positionals
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  if (files.length === 0 || !(verb in ACTS || verb === 'show'))
    throw new Error(`record, check, print or show, and files\n${USAGE}`)
  if (verb === 'show') return shown(files)
  return asked(
    ACTS[verb] as Act,
    files,
    {
      jobs: numberOf('jobs', values.jobs) ?? availableParallelism(),
      ...(values.qemu === true ? { runner: 'qemu-icount' as const } : {}),
      ...(values.kernel === undefined ? {} : { kernel: values.kernel }),
    },
    numberOf('seed', values.seed),
  )
}

function shown(files: readonly string[]): number {
  for (const file of files)
    process.stdout.write(show(readAnswers(file.endsWith('.json') ? answerPath(file) : file)))
  return 0
}

async function asked(
  act: Act,
  files: readonly string[],
  options: Parameters<typeof ask>[1],
  seed: number | undefined,
): Promise<number> {
  const scenarios = files.map((file) => seeded(readScenario(file), seed))
  const outcomes = await ask(scenarios, options)
  const well = outcomes.map((outcome: Outcome, i) => {
    try {
      if ('error' in outcome) throw outcome.error
      return act(files[i] as string, outcome.answers)
    } catch (error) {
      process.stderr.write(`oracle: ${(error as Error).message}\n`)
      return false
    }
  })
  const failed = well.filter((good) => !good).length
  process.stderr.write(
    `${well.length - failed} of ${well.length} scenarios ${failed === 0 ? 'are well' : 'are well; the others are named above'}\n`,
  )
  return failed === 0 ? 0 : 1
}

function seeded(scenario: Scenario, seed: number | undefined): Scenario {
  const vars: Fields = seed === undefined ? scenario.vars : { ...scenario.vars, seed }
  return { ...scenario, vars: { seed: 0, ...vars } }
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} ${text}: a number from 1 is needed`)
  return value
}
