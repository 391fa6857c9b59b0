// SPDX-License-Identifier: Apache-2.0
// Which scenarios share a boot: those of one kernel and one set of modules, spread evenly over the boots.
import type { Config, Operation, Runner, Scenario } from './scenario.js'

export interface Task {
  /** place among all scenarios asked */
  readonly index: number
  readonly scenario: Scenario
  readonly ops: readonly Operation[]
  readonly config: Config
  readonly runner: Runner
}

/** What an operation takes on a quiet machine. */
const SECONDS = { setup: 0.3, packet: 0.002, other: 0.03 }
/** Less than this is not worth another boot. */
const WORTH_A_BOOT = 6

/** An estimate, of a quiet machine: to share the work and to know when a guest hangs. */
export function secondsOf({ ops, runner }: Task): number {
  const slower = runner === 'uml' ? 1 : 5
  const spent = (op: Operation) => {
    if (op.op === 'sleep') return runner === 'uml' ? op.s : 0.1 + op.s / 500
    return op.op === 'pkt' ? SECONDS.packet * slower : SECONDS.other * slower
  }
  return ops.reduce((sum, op) => sum + spent(op), SECONDS.setup * slower)
}

export function boots(tasks: readonly Task[], jobs: number): readonly (readonly Task[])[] {
  const groups = new Map<string, Task[]>()
  for (const task of tasks) {
    const { modules, alone } = task.scenario
    const key = JSON.stringify([task.runner, [...modules].sort(), alone ? task.index : 'shared'])
    groups.set(key, [...(groups.get(key) ?? []), task])
  }
  return [...groups.values()].flatMap((group) => shares(group, jobs))
}

/** The longest first, each to the boot that has least. */
function shares(group: readonly Task[], jobs: number): readonly (readonly Task[])[] {
  const total = group.reduce((sum, task) => sum + secondsOf(task), 0)
  const count = Math.max(1, Math.min(jobs, Math.floor(total / WORTH_A_BOOT)))
  const all = Array.from({ length: count }, () => ({ seconds: 0, tasks: [] as Task[] }))
  for (const task of [...group].sort((a, b) => secondsOf(b) - secondsOf(a))) {
    const least = all.reduce((a, b) => (b.seconds < a.seconds ? b : a))
    least.seconds += secondsOf(task)
    least.tasks.push(task)
  }
  return all.map(({ tasks }) => [...tasks].sort((a, b) => a.index - b.index))
}
