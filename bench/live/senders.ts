// SPDX-License-Identifier: Apache-2.0
// The processes that send, one pinned to each CPU, in the client's network namespace; asked together, they begin together.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Rig } from './rig.js'
import type { Answer, Order } from './sender.js'

export type Errand = Omit<Order, 'round' | 'cpus'> & { readonly cpu: number }

export interface Senders {
  /** All at once, to their end. */
  send(errands: readonly Errand[]): Promise<void>
  close(): void
}

export async function openSenders({ client, lab }: Rig, all: readonly number[]): Promise<Senders> {
  const script = fileURLToPath(new URL('./sender.js', import.meta.url))
  const first = precedence()
  const children = new Map<number, ChildProcess>()
  const close = () => {
    for (const child of children.values()) child.kill()
  }
  try {
    for (const cpu of all) {
      const pinned = [...first, 'taskset', '-c', `${cpu}`, process.execPath, script, `${cpu}`, lab.scratch]
      const child = spawn('nsenter', [`--net=/run/netns/${client}`, ...pinned], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      })
      children.set(cpu, child)
      await answerOf(child)
    }
  } catch (error) {
    close()
    throw error
  }
  let round = 0
  const send = async (errands: readonly Errand[]) => {
    const cpus = errands.map(({ cpu }) => cpu)
    round++
    const answers = errands.map(({ cpu, ...rest }): Promise<void> => {
      const child = children.get(cpu)
      if (child === undefined) throw new Error(`no sender on CPU ${cpu}`)
      child.send({ ...rest, round, cpus } satisfies Order)
      return answerOf(child)
    })
    await Promise.all(answers)
  }
  return { send, close }
}

/** Until its next words; an end without any is an error. */
async function answerOf(child: ChildProcess): Promise<void> {
  const heard = new AbortController()
  const { signal } = heard
  const ended = once(child, 'exit', { signal }).then(([code, killer]) => {
    throw new Error(`a sender ended with ${killer ?? `status ${code}`}`)
  })
  try {
    const [answer] = (await Promise.race([once(child, 'message', { signal }), ended])) as [Answer]
    if ('error' in answer) throw new Error(answer.error)
  } finally {
    ended.catch(() => undefined)
    heard.abort()
  }
}

/** Before everything else that wants the CPU, so that rounds are not interrupted; where that is not allowed, as others. */
function precedence(): readonly string[] {
  const words = ['chrt', '-f', '1']
  return spawnSync('chrt', [...words.slice(1), 'true'], { stdio: 'ignore' }).status === 0 ? words : []
}
