// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { answerScrape, type Scrape, Scrapes } from '../../../src/daemon/scrapes.js'

const LIMITS = { readers: 3, bytes: 1_000_000, patience: 5_000 }

/** Pages that say how many were rendered before them, and a clock that stands still. */
function world(limits: Partial<typeof LIMITS> = {}, size = 10) {
  const state = { now: 0, rendered: 0, cut: [] as string[] }
  async function* page() {
    const number = `${state.rendered++}`
    for (let i = 0; i < size; i += 10) {
      yield number.padEnd(10)
      await setImmediate()
    }
  }
  const scrapes = new Scrapes(page, () => state.now, { ...LIMITS, ...limits })
  const open = (name: string) => scrapes.open(() => state.cut.push(name))
  const opened = (name: string): Scrape => {
    const scrape = open(name)
    if (typeof scrape === 'string') throw new Error(`${name}: ${scrape}`)
    return scrape
  }
  return { state, open, opened }
}

async function textOf({ chunks }: Scrape): Promise<string> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all).toString()
}

describe('readers of the metrics page', () => {
  it('who come within a tenth of a second read one rendering, however slowly each of them', async () => {
    const { state, opened } = world({}, 200_000)
    const first = opened('first')
    const slow = first.chunks[Symbol.asyncIterator]()
    await slow.next()
    state.now = 100
    const [second, third] = [await textOf(opened('second')), await textOf(opened('third'))]
    expect(second).toBe('0'.padEnd(10).repeat(20_000))
    expect(third).toBe(second)
    expect(state.rendered).toBe(1)
  })

  it('who come later read a new one', async () => {
    const { state, opened } = world()
    const first = opened('first')
    state.now = 101
    expect(await textOf(opened('second'))).toBe('1'.padEnd(10))
    expect(await textOf(first)).toBe('0'.padEnd(10))
  })

  it('who come when nobody reads read a new one', async () => {
    const { opened } = world()
    opened('first').close()
    expect(await textOf(opened('second'))).toBe('1'.padEnd(10))
  })

  it('are no more than there is room for, and have their time to themselves', () => {
    const { state, open, opened } = world()
    for (const name of ['a', 'b', 'c']) opened(name)
    state.now = 4_999
    expect(open('d')).toBe('full')
    expect(state.cut).toEqual([])
  })

  it('give way when their time is over, the oldest first, and only to who needs the room', () => {
    const { state, opened } = world()
    for (const name of ['a', 'b', 'c']) opened(name)
    state.now = 5_000
    opened('d')
    expect(state.cut).toEqual(['a'])
    state.now = 9_000_000
    expect(state.cut).toEqual(['a'])
  })

  it('hold no more bytes of pages than allowed, but share one page without end', async () => {
    const { state, open, opened } = world({ readers: 1_000, bytes: 300_000 }, 200_000)
    for (const at of [0, 200]) {
      state.now = at
      await textOf(opened(`at ${at}`))
    }
    state.now = 300
    expect(typeof open('shares the second page')).toBe('object')
    state.now = 400
    expect(open('wants a third page')).toBe('full')
    state.now = 5_000
    opened('wants a third page')
    expect(state.cut).toEqual(['at 0'])
  })

  it('are told when a page breaks off', async () => {
    async function* broken() {
      yield 'x'.repeat(100_000)
      throw new Error('the maps are gone')
    }
    const scrape = new Scrapes(broken, () => 0).open(() => undefined)
    if (typeof scrape === 'string') throw new Error(scrape)
    await expect(textOf(scrape)).rejects.toThrow('the maps are gone')
  })

  it('are told that there is no page yet', () => {
    expect(
      new Scrapes(
        () => undefined,
        () => 0,
      ).open(() => undefined),
    ).toBe('starting')
  })
})

describe('scrapers that ask and never read', () => {
  /** A page of 5 MB, as many who stall as told, and what one more gets. */
  async function among(stalling: number, limits: typeof LIMITS) {
    async function* page() {
      for (let i = 0; i < 50; i++) yield 'x'.repeat(100_000)
    }
    const scrapes = new Scrapes(page, () => performance.now(), limits)
    const server = createServer((_, reply) => void answerScrape(scrapes, reply)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const sockets: Socket[] = []
    try {
      for (let i = 0; i < stalling; i++) {
        const socket = connect(port, '127.0.0.1').on('error', () => undefined)
        sockets.push(socket)
        socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
        await Promise.race([once(socket, 'readable'), once(socket, 'close')])
      }
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
      return { status: answer.status, text: await answer.text(), retry: answer.headers.get('retry-after') }
    } finally {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      server.close()
    }
  }

  it('do not keep a page from who comes after ten times as many as there is room for, once they had their time', async () => {
    const { status, text } = await among(40, { readers: 4, bytes: 1e9, patience: 0 })
    expect([status, text.length]).toEqual([200, 5_000_000])
  })

  it('are refused beyond the limit while they have it, in a sentence', async () => {
    const { status, text, retry } = await among(4, { readers: 4, bytes: 1e9, patience: 1e9 })
    expect([status, retry]).toEqual([503, '5'])
    expect(text).toBe(
      'so many read this page already that there is no room for one more; scrape less often, or read faster\n',
    )
  })
})
