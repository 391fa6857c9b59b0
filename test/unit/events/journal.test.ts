// SPDX-License-Identifier: Apache-2.0
// The event log on a real folder: what is kept over ends of every kind, what goes, and what a disk that fails does.
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RECENT } from '../../../src/events/feed.js'
import { Journal, RETRY_MS } from '../../../src/events/journal.js'
import { factsAt, history } from '../../../src/events/past.js'
import { full, happening, type Rig, rigged, SIZE } from './given.js'

let rig: Rig
beforeEach(() => {
  rig = rigged()
})
afterEach(() => rig.done())

const files = () => readdirSync(rig.dir).toSorted()
const bytes = () => files().reduce((sum, name) => sum + statSync(join(rig.dir, name)).size, 0)
const texts = (journal: Journal) => journal.live.recent().map(({ text }) => text)

async function kept(journal: Journal): Promise<readonly string[]> {
  const all: string[] = []
  for await (const some of history(journal, {})) all.push(...some.map(({ text }) => text))
  return all
}

describe('the event log', () => {
  it('has what happened, with numbers that go on, after the process was killed', async () => {
    const first = rig.open()
    expect(first.tell(happening('one'))).toMatchObject({ id: 1, at: 1_000, text: 'one' })
    first.tell(happening('two'))
    const second = rig.open()
    expect(texts(second)).toEqual(['one', 'two'])
    expect(second.tell(happening('three')).id).toBe(3)
    expect(await kept(second)).toEqual(['one', 'two', 'three'])
    expect(files()).toHaveLength(1)
    expect(rig.log).toEqual([])
  })

  it('is for its owner alone', () => {
    rig.open().tell(happening('one'))
    expect(statSync(rig.dir).mode & 0o777).toBe(0o700)
    expect(statSync(join(rig.dir, files()[0] ?? '')).mode & 0o777).toBe(0o600)
  })

  it('skips the line that was being written when the power went, and says so', async () => {
    rig.open().tell(happening('one'))
    const [name = ''] = files()
    appendFileSync(join(rig.dir, name), '{"at":1000,"id":2,"kind":"ser')
    const after = rig.open()
    expect(rig.log).toEqual([`events: damaged lines in ${rig.dir}, skipped: 1`])
    expect(after.tell(happening('two')).id).toBe(2)
    expect(await kept(after)).toEqual(['one', 'two'])
    expect(readFileSync(join(rig.dir, name), 'utf8')).not.toContain('"kind":"ser{')
  })

  it('reads on behind a line that is none, wherever it stands', async () => {
    rig.open().tell(happening('one'))
    appendFileSync(join(rig.dir, files()[0] ?? ''), '\u0000\u0000 garbage\n')
    const after = rig.open()
    after.tell(happening('two'))
    expect(rig.log.join()).toContain('skipped: 1')
    expect(await kept(after)).toEqual(['one', 'two'])
  })

  it('never takes more than it may, and lets the oldest go first', async () => {
    const journal = rig.open()
    journal.stands(new Map([['a', '"fact"']]))
    for (let i = 0; i < 2_000; i++) {
      journal.tell(happening(`${i} ${'x'.repeat(i % 200)}`))
      if (i % 100 === 0) expect(bytes()).toBeLessThanOrEqual(SIZE)
    }
    expect(bytes()).toBeLessThanOrEqual(SIZE)
    expect(bytes()).toBeGreaterThan(SIZE / 2)
    const numbers = (await kept(journal)).map((text) => Number(text.split(' ')[0]))
    expect(numbers.at(-1)).toBe(1_999)
    expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i))
    expect(texts(journal)).toHaveLength(RECENT)
    expect(rig.open().tell(happening('next')).id).toBe(2_001)
  })

  it('becomes smaller at once when it is given less', () => {
    const journal = rig.open(4 * SIZE)
    for (let i = 0; i < 2_000; i++) journal.tell(happening(`${i} ${'x'.repeat(80)}`))
    expect(bytes()).toBeGreaterThan(SIZE)
    journal.resize(SIZE)
    expect(bytes()).toBeLessThanOrEqual(SIZE)
  })

  it('goes on with what fits when the state itself is too large for it, and says it once', async () => {
    const journal = rig.open()
    journal.stands(new Map([['a', '"small"']]))
    rig.now = 2_000
    const large = new Map(Array.from({ length: 2_000 }, (_, i) => [`real ${i}`, `{"weight":${i}}`] as const))
    journal.stands(large)
    journal.stands(new Map([...large, ['a', '"b"']]))
    expect(rig.log).toHaveLength(1)
    expect(rig.log[0]).toMatch(/KiB of state do not fit into the 64 KiB of the event log/)
    rig.now = 3_000
    journal.stands(new Map([['a', '"small again"']]))
    expect(await factsAt(journal, 1_500)).toMatchObject({ facts: new Map([['a', '"small"']]) })
    expect(await factsAt(journal, 2_500)).toEqual({ found: 'hole' })
    expect(await factsAt(journal, 3_000)).toMatchObject({ facts: new Map([['a', '"small again"']]) })
  })
})

describe('a disk that takes nothing more', () => {
  it('costs no event: they are kept in memory, that is said once, and they are on the disk when it has room again', async () => {
    const journal = rig.open()
    journal.stands(new Map([['a', '1']]))
    journal.tell(happening('before'))
    Object.assign(rig, { fault: full(), half: 11 })
    rig.now += 1
    journal.stands(new Map([['a', '2']]))
    for (let i = 0; i < 300; i++) journal.tell(happening(`during ${i}`))
    expect(rig.log).toEqual([
      `events: ${rig.dir} cannot be written: ENOSPC: no space left on device, write; they are kept in memory until it can`,
    ])
    expect(await kept(journal)).toHaveLength(301)
    rig.fault = undefined
    rig.now += RETRY_MS
    journal.tell(happening('after'))
    expect(rig.log.at(-1)).toBe(`events: they are kept in ${rig.dir} again`)
    const next = rig.open()
    expect(rig.log).toHaveLength(2)
    expect(await kept(next)).toHaveLength(302)
    expect(next.tell(happening('later')).id).toBe(303)
    expect(await factsAt(next, 1_000)).toMatchObject({ facts: new Map([['a', '1']]) })
    expect(await factsAt(next, 1_001)).toMatchObject({ facts: new Map([['a', '2']]) })
  })

  it('gets room back for the state file: the oldest segment goes', () => {
    const journal = rig.open()
    for (let i = 0; i < 300; i++) journal.tell(happening(`${i} ${'x'.repeat(80)}`))
    const before = files()
    Object.assign(rig, { fault: full(), half: 11 })
    journal.tell(happening('one'))
    expect(files()).toEqual(before.slice(1))
    expect(before.length).toBeGreaterThan(2)
  })

  it('does not let memory grow: the oldest go there too', async () => {
    rig.fault = full()
    const journal = rig.open()
    for (let i = 0; i < 3_000; i++) journal.tell(happening(`${i} ${'x'.repeat(100)}`))
    expect(journal.segments.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(SIZE)
    expect((await kept(journal)).at(-1)).toMatch(/^2999 /)
    expect(rig.log).toHaveLength(1)
  })

  it('or no folder at all is no reason not to start, and writes over nothing later', async () => {
    mkdirSync(dirname(rig.dir), { recursive: true })
    writeFileSync(rig.dir, 'a file in its place')
    const journal = rig.open()
    journal.tell(happening('one'))
    expect(rig.log).toHaveLength(1)
    expect(rig.log[0]).toMatch(/cannot be written: .*(EEXIST|ENOTDIR)/)
    expect(await kept(journal)).toEqual(['one'])
    expect(readFileSync(rig.dir, 'utf8')).toBe('a file in its place')
  })
})

it('a daemon without a folder keeps its events in memory', async () => {
  const world = { dir: undefined, size: SIZE, now: () => 5, log: () => undefined }
  const journal = new Journal(world)
  for (let i = 0; i < 2_000; i++) journal.tell(happening(`${i} ${'x'.repeat(100)}`))
  expect(journal.segments.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(SIZE)
  expect((await kept(journal)).at(-1)).toMatch(/^1999 /)
})
