// SPDX-License-Identifier: Apache-2.0
import { createServer, type Server } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { ask } from '../../../src/health/kinds/index.js'
import { createChecks, type HealthWorld } from '../../../src/health/runner.js'
import { createSchedule } from '../../../src/health/schedule.js'
import { createTurns, type Turn } from '../../../src/health/turns.js'
import { GOOD, handMade, silent, subject, subjects, TCP } from './world.js'

describe('thousands of checks', () => {
  it('start spread over the first interval, and stay spread', async () => {
    const { checks, pass, asked } = handMade()
    checks.set(subjects(4000))
    await pass(8000)
    const perTick = new Array<number>(80).fill(0)
    for (const { at } of asked) {
      const tick = Math.min(79, Math.floor(at / 100))
      perTick[tick] = (perTick[tick] ?? 0) + 1
    }
    expect(Math.min(...perTick)).toBeGreaterThan(100)
    expect(Math.max(...perTick)).toBeLessThan(300)
  }, 120_000)

  it('do not drift: each is asked as often as its interval says, never far from its own moments', async () => {
    const { checks, pass, asked } = handMade()
    checks.set(subjects(50))
    await pass(400_000)
    const moments = new Map<string, number[]>()
    for (const { at, way } of asked) moments.set(way.address, [...(moments.get(way.address) ?? []), at])
    expect(moments.size).toBe(50)
    for (const own of moments.values()) {
      expect(own.length).toBeGreaterThanOrEqual(199)
      expect(own.length).toBeLessThanOrEqual(201)
      for (const [i, at] of own.entries())
        expect(Math.abs(at - (own[0] ?? 0) - i * 2000)).toBeLessThanOrEqual(101)
    }
    const swings = new Set([...moments.values()].flatMap((own) => own.map((at) => Math.round(at) % 7)))
    expect(swings.size).toBe(7)
  }, 120_000)

  it('wait their turn when too many are in flight, the longest first, and all get it', async () => {
    const { checks, pass, asked, reply, mostFlying } = handMade(100)
    reply(silent)
    checks.set(subjects(1000))
    await pass(5000)
    const rows = checks.rows()
    const queued = rows.filter(({ doing }) => doing === 'queued')
    expect(rows.filter(({ doing }) => doing === 'asking')).toHaveLength(100)
    expect(queued.length).toBeGreaterThan(500)
    expect(Math.min(...queued.map(({ nextIn }) => nextIn))).toBeLessThan(-1000)
    expect(queued.every(({ nextIn }) => nextIn <= 0)).toBe(true)
    await pass(75_000)
    expect(mostFlying()).toBe(100)
    const times = new Map<string, number>()
    for (const { way } of asked) times.set(way.address, (times.get(way.address) ?? 0) + 1)
    expect(times.size).toBe(1000)
    expect(Math.max(...times.values()) - Math.min(...times.values())).toBeLessThanOrEqual(2)
  }, 120_000)

  it('of which some are silent do not hold up the others', async () => {
    const { checks, pass, asked, reply } = handMade()
    reply((one) => (one.way.address.endsWith('1') ? silent(one) : GOOD))
    checks.set(subjects(2000))
    await pass(20_000)
    const times = new Map<string, number>()
    for (const { way } of asked) times.set(way.address, (times.get(way.address) ?? 0) + 1)
    expect(Math.min(...times.values())).toBeGreaterThanOrEqual(9)
  }, 120_000)
})

describe('the schedule', () => {
  it('runs what is due in order, with one timer for all, and nothing that was cancelled', () => {
    let [clock, live, most] = [0, 0, 0]
    const timers = new Map<number, { readonly due: number; readonly act: () => void }>()
    let ids = 0
    const schedule = createSchedule({
      monotonic: () => clock,
      timer: (ms, act) => {
        const id = ids++
        timers.set(id, { due: clock + ms, act })
        live = timers.size
        most = Math.max(most, live)
        return { stop: () => void timers.delete(id) }
      },
    })
    const ran: number[] = []
    const due = Array.from({ length: 3000 }, (_, i) => (i * 7919) % 1000)
    const entries = due.map((at, i) => schedule.at(at, () => ran.push(i)))
    for (const [i, entry] of entries.entries()) if (i % 3 === 0) entry.cancel()
    while (timers.size > 0) {
      const [id, timer] = [...timers].reduce((a, b) => (b[1].due < a[1].due ? b : a))
      timers.delete(id)
      clock = Math.max(clock, timer.due)
      timer.act()
    }
    const wanted = due
      .map((at, i) => ({ at, i }))
      .filter(({ i }) => i % 3 !== 0)
      .sort((a, b) => a.at - b.at || a.i - b.i)
    expect(ran).toEqual(wanted.map(({ i }) => i))
    expect(most).toBe(1)
  })
})

describe('an act that fails', () => {
  it('holds up none of the others', () => {
    const acts: (() => void)[] = []
    const timer = (_: number, act: () => void) => {
      acts.push(act)
      return { stop: () => {} }
    }
    const schedule = createSchedule({ monotonic: () => 0, timer })
    const ran: string[] = []
    schedule.at(0, () => {
      throw new Error('broken')
    })
    schedule.at(0, () => ran.push('next'))
    expect(() => acts.shift()?.()).toThrow('broken')
    acts.shift()?.()
    expect(ran).toEqual(['next'])
  })
})

describe('turns', () => {
  it('are given in order, one for each that is given back, also when it is given back while it waits', () => {
    const turns = createTurns(2)
    const begun: number[] = []
    const held: Turn[] = []
    for (let i = 0; i < 6; i++) held.push(turns.enter(() => begun.push(i)))
    expect(begun).toEqual([0, 1])
    held[2]?.leave()
    held[0]?.leave()
    held[0]?.leave()
    expect(begun).toEqual([0, 1, 3])
    held[3]?.leave()
    held[1]?.leave()
    expect(begun).toEqual([0, 1, 3, 4, 5])
  })
})

describe('real connections', () => {
  it('to 2,000 real servers are made within an interval, and the event loop is served meanwhile', async () => {
    const server = await listening()
    const asked = new Map<string, number>()
    const answeredIn = new Set<number>()
    let turn = 0
    const next = () => {
      turn++
      immediate = setImmediate(next)
    }
    let immediate = setImmediate(next)
    const checks = createChecks(
      realWorld(async (check, way, world) => {
        asked.set(way.address, (asked.get(way.address) ?? 0) + 1)
        const answer = await ask(check, way, world)
        answeredIn.add(turn)
        return answer
      }),
    )
    const check = { ...TCP, interval: 60, warmup: 0, timeout: 30, fall: 1, port: portOf(server) }
    const many = Array.from({ length: 2000 }, (_, i) => `127.1.${i >> 8}.${i & 255}`)
    checks.set(many.map((address) => subject(address, { checks: [check], alpha: true })))
    const reasons = () => [...checks.health().values()].map(({ reason }) => reason)
    await vi.waitFor(() => expect(reasons().filter((one) => one === 'healthy')).toHaveLength(2000), 55_000)
    clearImmediate(immediate)
    expect(asked.size).toBe(2000)
    expect([...asked.values()].every((times) => times === 1)).toBe(true)
    expect(answeredIn.size).toBeGreaterThan(20)
    await checks.end()
    expect(checks.rows()).toEqual([])
    await new Promise((resolve) => server.close(resolve))
  }, 120_000)
})

function realWorld(asking: HealthWorld['ask']): HealthWorld {
  return {
    ask: asking,
    probe: {
      target: () => ({ ok: true, value: 1 }),
      release: () => {},
      socket: () => ({ ok: false, problems: [{ reason: 'not asked for' }] }),
    },
    now: Date.now,
    monotonic: () => performance.now(),
    random: Math.random,
    timer: (ms, act) => {
      const timer = setTimeout(act, ms)
      return { stop: () => clearTimeout(timer) }
    },
    onChange: () => {},
  }
}

function listening(): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => {}).resume())
  return new Promise((resolve) => server.listen(0, '0.0.0.0', 4096, () => resolve(server)))
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
