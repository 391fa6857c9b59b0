// SPDX-License-Identifier: Apache-2.0
// `make calm`, in short: its traffic loses nothing and breaks nothing while the director is killed, upgraded,
// reloaded; it finds what is lost when something is; it leaves nothing behind.
import { existsSync, readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Listing, ReasonRow } from '../../src/api/contract.js'
import { type Event, until } from '../../src/calm/events/event.js'
import { randomFrom } from '../../src/calm/random.js'
import { run as play } from '../../src/calm/run.js'
import { SHORT } from '../../src/calm/size.js'
import { SERVICE, setUp } from '../../src/calm/stage.js'
import { type Lab, openLab, run } from '../lab/index.js'

const program = fileURLToPath(new URL('../../dist/calm/main.js', import.meta.url))
const calm = (...args: string[]) => [process.execPath, program, ...args]
let lab: Lab

beforeAll(() => {
  lab = openLab()
})
afterAll(() => lab.close())

/** Namespaces, pins and folders of a run by its process id. */
function leftBy(pid: number): string[] {
  const prefix = `xlvs-calm-${pid}-`
  return ['/run/netns', '/sys/fs/bpf', '/tmp'].flatMap((folder) => {
    return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith(prefix)) : []
  })
}

describe('hundreds of live connections', () => {
  it('lose no packet and are not broken, whatever happens to the director', async () => {
    const shown = lab.start(undefined, calm('--short'))
    const status = await shown.exited
    const text = shown.stdout() + shown.stderr()
    expect(status, text).toBe(0)
    expect(text).not.toContain('✗')
    expect(text.match(/^✓ /gm)?.length, text).toBeGreaterThan(4)
    expect(text).toMatch(/^event +seconds +packets +lost +wire +broken/m)
    expect(text).toMatch(/program \d+ → \d+ → \d+/)
    expect(leftBy(shown.pid)).toEqual([])
  }, 300_000)

  it('are removed with everything else when they are interrupted', async () => {
    const shown = lab.start(undefined, calm('--short'))
    await shown.line(/connections are open/, 60_000)
    expect(leftBy(shown.pid)).not.toEqual([])
    expect(await shown.stop('SIGINT', 20_000)).toBe(128 + constants.signals.SIGINT)
    expect(leftBy(shown.pid)).toEqual([])
  })
})

describe('what is lost', () => {
  it('is found, to the packet, though TCP sends it again; and a director that stops forwarding for a moment', async () => {
    const size = { ...SHORT, kept: 20, downloads: 20 }
    const stage = await setUp(size, randomFrom(1))
    try {
      const [defended, row] = await play(stage, [DEFENCE, INTERRUPTION], () => undefined)
      const dropped = defended?.window.refused['drop_defence'] ?? 0
      expect(dropped).toBeGreaterThan(0)
      expect(defended?.faults).toEqual([`${dropped} packets lost`, `not forwarded: drop_defence ${dropped}`])
      expect(row?.faults.join('\n')).toMatch(/^\d+ packets lost\ndatagrams lost: [^\n]*web\d \d+/)
      expect(row?.window.books.wire).toBe(0)
      expect(Object.keys(row?.window.broken ?? {})).not.toEqual([])
    } finally {
      await stage.topology.lab.close()
    }
  }, 180_000)
})

/** Every second packet that opens a connection is dropped, and comes again a second later. */
const DEFENCE: Event = {
  name: 'new connections are dropped',
  run: async ({ director }) => {
    const tune = (mode: number) => director.json('tune', `drop_packet=${mode}`, 'am_droprate=2')
    await tune(3)
    await until('some are dropped', async () => {
      const { rows } = await director.json<Listing<ReasonRow>>('show', 'reasons')
      return rows.some(({ reason, packets }) => reason === 'drop_defence' && packets > 10)
    })
    await tune(0)
    return ''
  },
}

/** Packets for the VIP reach the director's own stack, which knows nothing of them. */
const INTERRUPTION: Event = {
  name: 'the interface is detached and attached again',
  run: async ({ director }) => {
    const reals = async () =>
      (await director.json<{ rows: { packets: number }[] }>('show', 'reals', '--service', SERVICE)).rows
    const count = async () => (await reals()).reduce((sum, { packets }) => sum + packets, 0)
    await director.json('detach', 'eth0')
    await until('nothing is forwarded', async () => {
      const before = await count()
      await new Promise((resolve) => setTimeout(resolve, 300))
      return (await count()) === before
    })
    await director.json('attach', 'eth0')
    return ''
  },
}

describe('its options', () => {
  it.each([
    [['--fast'], "Unknown option '--fast'"],
    [['--seed', 'x'], '--seed x is not a whole number'],
    [['--only', 'flood'], '--only flood: no event has that in its name'],
  ])('%s is refused', async (words, said) => {
    const { code, stderr } = await run(undefined, calm(...words))
    expect(code).toBe(2)
    expect(stderr).toContain(said)
  })
})
