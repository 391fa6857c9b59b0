// SPDX-License-Identifier: Apache-2.0
// Asks a real kernel's IPVS. Scenarios are dealt out to boots, each boot plays its share one after the other in fresh
// network namespaces, and the answers come back in the order of the questions.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { boots, secondsOf, type Task } from './boots.js'
import { configOf, expand } from './expand.js'
import { guestFolder, lastWords, OracleError, runGuest, withScratch } from './guest.js'
import { runQemu } from './qemu.js'
import type { Answer, Answers, Config, Operation, Result, Runner, Scenario } from './scenario.js'
import { ScenarioError } from './scenario.js'

export interface Options {
  /** boots at the same time; 1 unless said */
  readonly jobs?: number
  /** scenarios of a boot that may sleep side by side; 1: each has the guest for itself, and is over soonest */
  readonly lanes?: number
  /** plays all scenarios there, whatever they ask for */
  readonly runner?: Runner
  /** an unpacked kernel package for qemu; fetched unless said */
  readonly kernel?: string
}

export type Outcome = { readonly answers: Answers } | { readonly error: Error }

/** The answers to each scenario; throws the first mistake or failure there is. */
export async function askKernel(
  scenarios: readonly Scenario[],
  options: Options = {},
): Promise<readonly Answers[]> {
  const outcomes = await ask(scenarios, options)
  return outcomes.map((outcome) => {
    if ('error' in outcome) throw outcome.error
    return outcome.answers
  })
}

/** For each scenario its answers, or what became of it instead. */
export async function ask(
  scenarios: readonly Scenario[],
  options: Options = {},
): Promise<readonly Outcome[]> {
  const outcomes = new Array<Outcome | undefined>(scenarios.length)
  const tasks: Task[] = []
  for (const [index, scenario] of scenarios.entries()) {
    try {
      const ops = expand(scenario)
      const runner = options.runner ?? scenario.runner
      tasks.push({ index, scenario, ops, config: configOf(scenario), runner })
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error
      outcomes[index] = { error }
    }
  }
  const waiting = [...boots(tasks, options.jobs ?? 1)]
  const worker = async () => {
    for (let boot = waiting.shift(); boot !== undefined; boot = waiting.shift())
      for (const [index, outcome] of await played(boot, options)) outcomes[index] = outcome
  }
  await Promise.all(Array.from({ length: options.jobs ?? 1 }, worker))
  return outcomes.map((outcome) => outcome ?? { error: new OracleError('it was not played') })
}

/** What the guest reads. */
interface Job {
  readonly modules: readonly string[]
  /** how many scenarios may sleep while others are played */
  readonly lanes: number
  readonly scenarios: readonly { readonly config: Config; readonly ops: readonly Operation[] }[]
}

/** A line the guest writes. */
type Line =
  | { readonly kernel: string; readonly ipvsadm: string }
  | { readonly scenario: number; readonly results: readonly Result[]; readonly seconds: number }
  | { readonly scenario: number; readonly error: string; readonly at?: number }
  | { readonly error: string }
  | { readonly done: true }

const LANES = 6

async function played(
  boot: readonly Task[],
  { kernel, lanes = LANES }: Options,
): Promise<readonly (readonly [number, Outcome])[]> {
  const [first] = boot
  if (first === undefined) return []
  const virtual = first.runner === 'qemu-icount'
  const job: Job = {
    modules: first.scenario.modules,
    lanes: virtual ? 1 : lanes,
    scenarios: boot.map(({ config, ops }) => ({ config, ops: ops.filter(({ op }) => op !== 'note') })),
  }
  const seconds = 60 + 10 * boot.reduce((sum, task) => sum + secondsOf(task), 0)
  try {
    const lines = await withScratch(async (folder) => {
      const written = virtual
        ? await runQemu(JSON.stringify(job), folder, seconds, kernel)
        : await runUml(JSON.stringify(job), folder, seconds)
      return linesOf(written, folder)
    })
    return boot.map((task, number) => [task.index, outcomeOf(task, number, lines)])
  } catch (error) {
    if (!(error instanceof OracleError)) throw error
    return boot.map(({ index }) => [index, { error }])
  }
}

async function runUml(job: string, folder: string, seconds: number): Promise<string> {
  writeFileSync(join(folder, 'job.json'), job)
  const kernel = [
    'linux.uml',
    'mem=384M',
    `uml_dir=${folder}/`,
    'con=null',
    'con0=null,fd:1',
    'quiet',
    'panic=-1',
  ]
  const root = ['rootfstype=hostfs', 'rootflags=/', 'ro', 'init=/usr/bin/python3']
  const agent = [join(guestFolder(), 'agent.py'), 'hostfs', folder, '/usr/lib/uml/modules']
  await runGuest([...kernel, ...root, '--', ...agent], folder, seconds)
  try {
    return readFileSync(join(folder, 'answers.jsonl'), 'utf8')
  } catch {
    throw new OracleError(`the guest wrote nothing${lastWords(folder)}`)
  }
}

function linesOf(written: string, folder: string): readonly Line[] {
  const lines = written
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line)
  const last = lines.at(-1)
  if (last !== undefined && 'done' in last) return lines
  if (last !== undefined && 'error' in last && !('scenario' in last))
    throw new OracleError(`the guest gave up: ${last.error}`)
  throw new OracleError(`the guest ended before its work was done${lastWords(folder)}`)
}

function outcomeOf({ scenario, ops, config }: Task, number: number, lines: readonly Line[]): Outcome {
  const line = lines.find((one) => 'scenario' in one && one.scenario === number)
  const head = lines[0]
  if (head === undefined || !('kernel' in head) || line === undefined)
    return { error: new OracleError(`${scenario.name}: the guest did not answer`) }
  if ('error' in line) {
    const op =
      'at' in line && line.at !== undefined ? ops.filter(({ op }) => op !== 'note')[line.at] : undefined
    const where = op === undefined ? 'could not be set up' : `failed at ${JSON.stringify(op)}`
    return { error: new OracleError(`${scenario.name}: ${where}: ${line.error}`) }
  }
  if (!('results' in line)) return { error: new OracleError(`${scenario.name}: the guest did not answer`) }
  const results = line.results.values()
  const answers = ops.map((op) =>
    op.op === 'note' ? op : { ...op, ...results.next().value },
  ) as readonly Answer[]
  const { vips, rs } = config
  const heading = { scenario: scenario.name, about: scenario.about, ...head, vips, rs }
  return { answers: { heading, answers, seconds: line.seconds } }
}
