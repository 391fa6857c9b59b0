// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, it } from 'vitest'
import type { RealRow } from '../../../src/api/contract.js'
import { eventText, linesOf } from '../../../src/web/frame.js'
import { Live, type LiveSource, type Outlet } from '../../../src/web/live.js'
import { type Told, told } from './given.js'

const open: Live[] = []
afterEach(() => {
  for (const live of open.splice(0)) live.end()
})

/** A reader that reads, or leaves `unread` bytes lie. */
function reader(unread = 0) {
  const text: string[] = []
  const outlet: Outlet & { destroyed: boolean } = {
    destroyed: false,
    writableLength: unread,
    write: (piece) => text.push(piece) > 0,
    destroy: () => {
      outlet.destroyed = true
    },
  }
  const events = () =>
    text.map((piece) => {
      const [, id, event, data] = /^(?:id: (.*)\n)?event: (.*)\ndata: (.*)\n\n$/.exec(piece) ?? []
      return { id, event, data: data === undefined ? undefined : JSON.parse(data) }
    })
  return { outlet, events, text }
}

function stage(most?: number) {
  const asked = { scenes: 0, reals: [] as string[] }
  let now: Told = { a: 1, b: 2 }
  const source: LiveSource = {
    scene: async () => {
      asked.scenes += 1
      return told(now)
    },
    reals: async (service) => {
      asked.reals.push(service)
      return service === 'a'
        ? ([{ real: 'a > 192.0.2.21', standing: { up: true, reason: 'healthy' } }] as RealRow[])
        : undefined
    },
  }
  const live = new Live(source, 'era', most)
  open.push(live)
  return { live, asked, tell: (next: Told) => (now = next) }
}

const keys = (data: { services: string[][] }) => data.services.map(([key]) => key)

describe('the live stream', () => {
  it('gives a newcomer everything, then only what changed and what is gone', async () => {
    const { live, tell } = stage()
    const one = reader()
    await live.join(one.outlet, {})
    tell({ b: 3, c: 4 })
    await live.tick()
    await live.tick()
    const [full, first, second] = one.events()
    expect([full?.event, first?.event, second?.event]).toEqual(['full', 'delta', 'delta'])
    expect(keys(full?.data)).toEqual(['a', 'b'])
    expect([keys(first?.data), first?.data.gone]).toEqual([['b', 'c'], ['a']])
    expect([keys(second?.data), second?.data.gone]).toEqual([[], []])
  })

  it('is computed once for all viewers, also what they see of one service', async () => {
    const { live, asked } = stage()
    const many = Array.from({ length: 10 }, () => reader())
    for (const { outlet } of many) await live.join(outlet, { service: 'a' })
    const before = { scenes: asked.scenes, reals: asked.reals.length }
    await live.tick()
    expect([asked.scenes - before.scenes, asked.reals.length - before.reals]).toEqual([1, 1])
    expect(new Set(many.map(({ text }) => text.at(-1))).size).toBe(1)
    expect(many[0]?.events().at(-1)).toMatchObject({
      event: 'reals',
      data: { reals: [{ says: 'its checks are good' }] },
    })
  })

  it('says so when the service that is looked at is not there', async () => {
    const { live } = stage()
    const one = reader()
    await live.join(one.outlet, { service: 'z' })
    expect(one.events().at(-1)).toMatchObject({ event: 'gone', data: 'z' })
  })

  it('goes on where a connection before it ended, or begins anew', async () => {
    const { live } = stage()
    const [stays, back, late] = [reader(), reader(), reader()]
    await live.join(stays.outlet, {})
    await live.join(back.outlet, { lastId: stays.events()[0]?.id })
    expect(back.text).toEqual([])
    await live.tick()
    expect(back.events().map(({ event }) => event)).toEqual(['delta'])
    await live.join(late.outlet, { lastId: stays.events()[0]?.id })
    expect(late.events().map(({ event }) => event)).toEqual(['full'])
  })

  it('lets go of who does not read, and keeps who does', async () => {
    const { live } = stage()
    const [slow, good] = [reader(1), reader()]
    await live.join(slow.outlet, {})
    await live.join(good.outlet, {})
    for (let i = 0; i < 6; i++) await live.tick()
    expect([slow.outlet.destroyed, good.outlet.destroyed, live.viewers]).toEqual([true, false, 1])
  })

  it('lets go at once of who has left too much unread', async () => {
    const { live } = stage()
    const slow = reader(16 * 1024 * 1024)
    await live.join(slow.outlet, {})
    await live.tick()
    expect(slow.outlet.destroyed).toBe(true)
  })

  it('is full at its limit, and has room when somebody leaves', async () => {
    const { live } = stage(2)
    const [one, two] = [reader(), reader()]
    await live.join(one.outlet, {})
    expect(live.full).toBe(false)
    await live.join(two.outlet, {})
    expect(live.full).toBe(true)
    live.leave(one.outlet)
    expect(live.full).toBe(false)
  })

  it('counts those who wait for their first frame too', async () => {
    const { live } = stage(2)
    const first = live.join(reader().outlet, {})
    expect(live.full).toBe(false)
    const second = live.join(reader().outlet, {})
    expect(live.full).toBe(true)
    await Promise.all([first, second])
    expect([live.viewers, live.full]).toEqual([2, true])
  })

  it('lives on while there is nothing to show', async () => {
    const broken: LiveSource = { scene: () => Promise.reject(new Error('no')), reals: async () => [] }
    const live = new Live(broken, 'era')
    open.push(live)
    const one = reader()
    await live.join(one.outlet, {})
    await live.tick()
    expect(one.text.every((piece) => piece.startsWith(': ') && piece.endsWith('\n\n'))).toBe(true)
    expect(one.text).toHaveLength(1)
  })
})

describe('an event', () => {
  it('is framed as the standard has it', () => {
    expect(eventText('full', '{"a":1}', 'x-1')).toBe('id: x-1\nevent: full\ndata: {"a":1}\n\n')
  })

  it('stays one line whatever a service is called', () => {
    const rows = told({ a: 1 }).services.map((row) => ({ ...row, name: 'a\nevent: evil\u2028\r' }))
    for (const line of linesOf(rows).values()) expect(line).not.toMatch(/[\r\n]/)
  })
})
