// SPDX-License-Identifier: Apache-2.0
// Who reads slowly costs nobody anything: a few wait, the others are counted.
import { expect, it } from 'vitest'
import type { EventRow } from '../../../src/api/contract-sight.js'
import { createLive } from '../../../src/events/live.js'
import { createQueue } from '../../../src/events/queue.js'
import { happening } from './given.js'

interface One {
  readonly n: number
}

async function all(items: AsyncIterable<One | number>): Promise<readonly (One | number)[]> {
  const read: (One | number)[] = []
  for await (const item of items) read.push(item)
  return read
}

it('what waits is read in order, and what found no room is counted where it was left out', async () => {
  const queue = createQueue<One>(2)
  const read = queue.read()
  for (let n = 0; n < 5; n++) queue.push({ n })
  expect((await read.next()).value).toEqual({ n: 0 })
  queue.push({ n: 5 })
  expect((await read.next()).value).toEqual({ n: 1 })
  expect((await read.next()).value).toBe(4)
  queue.push({ n: 6 })
  queue.end()
  expect(await all(read)).toEqual([{ n: 6 }])
})

it('who waits is woken by what comes, and by the end', async () => {
  const queue = createQueue<One>(2)
  const read = all(queue.read())
  await Promise.resolve()
  queue.push({ n: 1 })
  await Promise.resolve()
  queue.end()
  expect(await read).toEqual([{ n: 1 }])
})

it('a listener that throws is let go, and the others hear on', () => {
  const live = createLive()
  const heard: number[] = []
  const event = (id: number): EventRow => ({ id, at: id, ...happening(`${id}`) })
  live.follow({}, () => {
    throw new Error('of no use')
  })
  const stop = live.follow({ kind: 'service' }, ({ id }) => void heard.push(id))
  for (let id = 1; id <= 3; id++) live.push(event(id))
  live.push({ ...event(4), kind: 'drain' })
  stop()
  live.push(event(5))
  expect(heard).toEqual([1, 2, 3])
  expect(live.recent({ since: 3 }).map(({ id }) => id)).toEqual([3, 4, 5])
})
