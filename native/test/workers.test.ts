// SPDX-License-Identifier: Apache-2.0
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { u32 } from '../src/index.js'
import { child, objectFiles } from './children.js'
import { bpfObject, openDescriptors } from './lab.js'

const objectFile = objectFiles('ring')

const program = (name: string) => join(import.meta.dirname, 'programs', `${name}.mjs`)

interface Answer {
  readonly seen: number
  readonly log: string
  readonly map: Uint8Array
}

async function work(name: string, end: 'wait' | 'exit' | 'throw'): Promise<Answer> {
  const workerData = { ring: bpfObject('ring'), broken: bpfObject('broken'), name, end }
  const worker = new Worker(program('worker'), { workerData })
  // The worker's last message and its error come on two ways, in either order.
  worker.on('error', () => {})
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  const answer = await new Promise<Answer>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('exit', () => setImmediate(() => reject(new Error('the worker ended without an answer'))))
  })
  if (end === 'wait') await worker.terminate()
  await ended
  return answer
}

describe('worker threads', () => {
  test('each see their own records and their own log, at the same time', async () => {
    const names = ['first', 'second', 'third', 'fourth']
    const answers = await Promise.all(names.map((name) => work(name, 'wait')))
    answers.forEach((answer, i) => {
      expect(answer.seen).toBe(100)
      expect(answer.map).toEqual(u32(999))
      const mentioned = names.filter((name) => answer.log.includes(`failed to load object '${name}'`))
      expect(mentioned).toEqual([names[i]])
    })
  })

  test.each(['wait', 'exit', 'throw'] as const)('give everything back when they end (%s)', async (end) => {
    await work('warm', end)
    const before = openDescriptors()
    for (let round = 0; round < 5; round++) await work('again', end)
    await sleep(20)
    expect(openDescriptors()).toBeLessThanOrEqual(before)
  })
})

test('a worker terminated in the middle of a call takes nothing else with it', async () => {
  for (let round = 0; round < 40; round++) {
    const worker = new Worker(program('busy-worker'), { workerData: { ring: bpfObject('ring') } })
    await once(worker, 'message')
    await sleep(round % 8)
    expect(await worker.terminate()).toBe(1)
  }
})

test('workers may come and go where the main thread never loads the addon', async () => {
  const result = await child<{ answers: string[]; mapped: boolean }>('alone', [objectFile('ring')])
  expect(result.answers).toEqual(Array.from({ length: 10 }, () => 'EINVAL'))
  // libbpf keeps a pointer to the addon's print function: the addon has to stay.
  expect(result.mapped).toBe(true)
})

describe('an open ring buffer', () => {
  test('lets the process end once it is unref-ed', () => {
    const { status, stdout } = spawnSync(process.execPath, [program('lingering'), 'unref'], {
      encoding: 'utf8',
      timeout: 10_000,
    })
    expect([status, stdout]).toEqual([0, 'open\n'])
  })

  test.each(['', 'ref again'])('keeps the process alive otherwise (%s)', async (word) => {
    const child = spawn(process.execPath, [program('lingering'), word], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill())
    await once(child.stdout, 'data')
    await sleep(150)
    expect(child.exitCode).toBeNull()
  })
})
