// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Answer, Health, HttpCheck, ScriptCheck } from '../../../src/model/checks.js'
import { EPOCH, GOOD, handMade, REFUSED, SERVICE, silent, subject, subjects, TCP } from './world.js'

const A = `${SERVICE} > 192.0.2.21`
const B = `${SERVICE} > 192.0.2.22`
const a = (words = {}) => subject('192.0.2.21', words)
const b = (words = {}) => subject('192.0.2.22', words)
const VIP = { ...TCP, via: 'vip' } as const

describe('a real server', () => {
  it('is up from the start, and down after its third failure in a row', async () => {
    const { checks, reply, pass, asked } = handMade()
    checks.set([a()])
    expect(checks.health().get(A)).toEqual({ up: true, reason: 'waiting', since: EPOCH })
    await pass(2500)
    expect(checks.health().get(A)?.reason).toBe('healthy')
    reply(() => REFUSED)
    const before = asked.length
    await pass(20_000)
    const third = asked[before + 2]?.at ?? 0
    expect(checks.health().get(A)).toEqual({
      ...{ up: false, reason: 'refused', detail: 'RST', since: EPOCH + third },
    })
    reply(() => GOOD)
    await pass(2200)
    expect(checks.health().get(A)?.up).toBe(false)
    await pass(2200)
    expect(checks.health().get(A)).toMatchObject({ up: true, reason: 'healthy' })
  })

  it('with alpha is down until its first good answer', async () => {
    const { checks, reply, pass } = handMade()
    reply(() => REFUSED)
    checks.set([a({ alpha: true })])
    expect(checks.health().get(A)).toMatchObject({ up: false, reason: 'waiting' })
    await pass(2100)
    expect(checks.health().get(A)).toMatchObject({ up: false, reason: 'refused' })
    reply(() => GOOD)
    await pass(2200)
    expect(checks.health().get(A)).toMatchObject({ up: true, reason: 'healthy' })
  })

  it('that was down before a restart stays so until it has answered twice', async () => {
    const { checks, pass } = handMade()
    const before: Health = { up: false, reason: 'timeout', since: 5, detail: 'silence' }
    checks.set([a(), b()], new Map([[A, before]]))
    expect(checks.health().get(A)).toEqual(before)
    expect(checks.health().get(B)?.up).toBe(true)
    await pass(2000)
    expect(checks.health().get(A)).toEqual(before)
    await pass(2100)
    expect(checks.health().get(A)).toMatchObject({ up: true, reason: 'healthy' })
    expect(checks.health().get(A)?.since).toBeGreaterThan(EPOCH)
  })

  it('needs all of its checks', async () => {
    const { checks, reply, pass } = handMade()
    reply(({ check }) => (check.port === 81 ? REFUSED : GOOD))
    checks.set([a({ checks: [TCP, { ...TCP, port: 81 }] })])
    await pass(8000)
    expect(checks.health().get(A)).toMatchObject({ up: false, reason: 'refused' })
    expect(checks.rows().map(({ state, target }) => [state, target])).toEqual([
      ['up', '192.0.2.21:80'],
      ['down', '192.0.2.21:81'],
    ])
  })

  it('has the weight its script names, and grows into it when it comes up', async () => {
    const script: ScriptCheck = {
      ...TCP,
      kind: 'script',
      command: ['/x'],
      dynamicWeight: true,
      rise: 1,
      fall: 1,
    }
    const { checks, reply, pass, told } = handMade()
    reply(() => ({ ...GOOD, weight: 7 }))
    checks.set([a({ checks: [script], slowStart: 20 })])
    await pass(2000)
    expect(checks.health().get(A)).toMatchObject({ up: true, weight: 7, reason: 'healthy' })
    reply(() => REFUSED)
    await pass(2200)
    reply(() => ({ ...GOOD, weight: 7 }))
    await pass(2200)
    const at = told.length
    expect(checks.health().get(A)).toMatchObject({ reason: 'slow-start', ramp: 0 })
    await pass(20_000)
    expect(told.slice(at).map((each) => each.get(A)?.ramp)).toEqual([
      ...[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, undefined],
    ])
    expect(checks.health().get(A)).toMatchObject({ reason: 'healthy' })
  })

  it('that cannot be checked stays as it is, and says so', async () => {
    const { checks, reply, pass } = handMade()
    checks.set([a()])
    await pass(2100)
    reply(() => {
      throw new Error('EMFILE')
    })
    await pass(30_000)
    expect(checks.health().get(A)).toMatchObject({ up: true, reason: 'healthy', detail: 'EMFILE' })
    expect(checks.rows()[0]?.last).toMatchObject({ good: false, reason: 'cannot-check', detail: 'EMFILE' })
    expect(checks.rows()[0]?.inARow).toBeGreaterThan(10)
  })
})

describe('through the VIP', () => {
  it('a question carries the mark of its pair, which all its users share', async () => {
    const { checks, asked, marks, pass } = handMade()
    const other = a({ service: 'tcp 192.0.2.10:443', port: 443, checks: [VIP] })
    checks.set([a({ checks: [VIP] }), other, b({ checks: [TCP] })])
    await pass(2100)
    expect([...marks.values()]).toEqual(['192.0.2.10 192.0.2.21'])
    expect(asked.map(({ way }) => way)).toContainEqual({ address: '192.0.2.21', port: 80, mark: 1 })
    expect(asked.map(({ way }) => way)).toContainEqual({ address: '192.0.2.21', port: 443, mark: 1 })
    expect(asked.map(({ way }) => way)).toContainEqual({ address: '192.0.2.22', port: 80 })
    expect(checks.rows()[0]).toMatchObject({ via: 'vip', target: '192.0.2.10:80 at 192.0.2.21' })
    checks.set([other])
    await pass(10)
    expect(marks.size).toBe(1)
    checks.set([])
    await pass(10)
    expect(marks.size).toBe(0)
  })

  it('silence is followed by a question to its own address, and an answer there means that the VIP is missing', async () => {
    const { checks, reply, pass, told } = handMade()
    reply((asked) => (asked.way.mark === undefined ? GOOD : silent(asked)))
    checks.set([a({ checks: [{ ...VIP, fall: 2 }] })])
    await pass(10_000)
    expect(checks.health().get(A)).toMatchObject({ up: false, reason: 'vip-missing' })
    expect(checks.health().get(A)?.detail).toContain('not to packets for 192.0.2.10')
    await pass(60_000)
    expect(told.map((each) => each.get(A)?.reason)).toEqual(['waiting', 'vip-missing'])
    reply(() => GOOD)
    await pass(5000)
    expect(checks.health().get(A)).toMatchObject({ up: true, reason: 'healthy' })
  })

  it('silence everywhere is a timeout, and so is a VIP that is missing on a host that dies', async () => {
    const { checks, reply, pass } = handMade()
    reply(silent)
    checks.set([a({ checks: [{ ...VIP, fall: 1 }] })])
    await pass(10_000)
    expect(checks.health().get(A)).toMatchObject({ up: false, reason: 'timeout' })
    reply((asked) => (asked.way.mark === undefined ? GOOD : silent(asked)))
    await pass(10_000)
    expect(checks.health().get(A)).toMatchObject({ up: false, reason: 'vip-missing' })
    reply(silent)
    await pass(10_000)
    expect(checks.health().get(A)).toMatchObject({ up: false, reason: 'timeout' })
  })

  it('no mark is no verdict, and is asked for again', async () => {
    const { checks, refuse, pass, asked } = handMade()
    refuse({ ok: false, problems: [{ reason: 'the probe table is full', fix: 'use via: real' }] })
    checks.set([a({ checks: [VIP] })])
    await pass(10_000)
    expect(asked).toEqual([])
    expect(checks.health().get(A)).toMatchObject({
      up: true,
      detail: 'the probe table is full; use via: real',
    })
    refuse(undefined)
    await pass(2200)
    expect(checks.health().get(A)).toEqual({ up: true, reason: 'healthy', since: EPOCH })
  })

  it('a probe path that breaks is no verdict either', async () => {
    const { checks, refuse, pass } = handMade()
    refuse('broken')
    checks.set([a({ checks: [VIP] }), b()])
    await pass(10_000)
    expect(checks.health().get(A)).toMatchObject({ up: true, detail: 'the probe path is broken' })
    expect(checks.health().get(B)).toMatchObject({ up: true, reason: 'healthy' })
  })

  it('goes nothing that names another host, nor a mark’s service', async () => {
    const { checks, pass, asked, marks } = handMade()
    const { vip: _, ...marked } = a({ service: 'fwm 6', checks: [VIP], key: 'fwm 6 > 192.0.2.21' })
    const script: ScriptCheck = { ...TCP, kind: 'script', command: ['/bin/x', 'y'], via: 'vip' }
    checks.set([marked, b({ checks: [{ ...VIP, address: '192.0.2.99', port: 8080 }, script] })])
    await pass(2100)
    expect(marks.size).toBe(0)
    expect(asked.every(({ way }) => way.mark === undefined)).toBe(true)
    expect(checks.rows().map(({ target }) => target)).toEqual([
      ...['192.0.2.21:80', '192.0.2.99:8080', '/bin/x'],
    ])
  })
})

describe('a question', () => {
  it('is told its deadline, what it is about, and its source', async () => {
    const http: HttpCheck = {
      ...{ ...TCP, kind: 'http', asks: [{ path: '/health', method: 'GET' }], version: '1.1' },
      ...{ bind: '192.0.2.1', bindPort: 999 },
    }
    const { checks, reply, pass, asked } = handMade()
    const ended: number[] = []
    reply((one) => {
      one.world.signal.addEventListener('abort', () => ended.push(one.world.now() - one.at))
      return silent(one)
    })
    checks.set([a({ checks: [http] })])
    await pass(3100)
    expect(asked[0]?.way).toEqual({ address: '192.0.2.21', port: 80, bind: '192.0.2.1', bindPort: 999 })
    expect(asked[0]?.world.names).toEqual({
      ...{ vip: '192.0.2.10', port: 80, real: '192.0.2.21', service: SERVICE },
    })
    expect(ended).toEqual([1000])
    expect(checks.rows()[0]).toMatchObject({
      target: '192.0.2.21:80/health',
      at: EPOCH + (asked[0]?.at ?? 0) + 1000,
    })
  })

  it('that does not end at its deadline counts as a timeout, and what it says later is nothing', async () => {
    const { checks, reply, pass } = handMade()
    const late: ((answer: Answer) => void)[] = []
    reply(() => new Promise((resolve) => late.push(resolve)))
    checks.set([a({ checks: [{ ...TCP, fall: 1 }] })])
    await pass(6000)
    expect(checks.health().get(A)).toMatchObject({ up: false, reason: 'timeout', detail: 'no answer in 1 s' })
    reply(silent)
    for (const resolve of late) resolve(GOOD)
    await pass(10_000)
    expect(checks.health().get(A)).toMatchObject({ up: false, reason: 'timeout' })
  })

  it('of what was removed is aborted, and its answer is nothing', async () => {
    const { checks, reply, pass, told, flying, asked } = handMade()
    const answer: (() => void)[] = []
    reply(() => new Promise((resolve) => answer.push(() => resolve(REFUSED))))
    checks.set([a({ checks: [{ ...TCP, fall: 1 }] })])
    await pass(2000)
    expect(flying()).toBe(1)
    checks.set([])
    expect(asked[0]?.world.signal.aborted).toBe(true)
    for (const give of answer) give()
    await pass(10_000)
    expect(told.map((each) => each.get(A)?.up)).toEqual([true])
    expect(checks.health().size + checks.rows().length).toBe(0)
  })
})

describe('a change of what is wished', () => {
  it('leaves state and timing of what stays alone, also when only the weight changes', async () => {
    const [plain, disturbed] = [handMade(), handMade()]
    for (const { reply, checks } of [plain, disturbed]) {
      reply(() => REFUSED)
      checks.set([a()])
    }
    for (let weight = 0; weight < 100; weight++) {
      disturbed.checks.set([a({ weight, checks: [structuredClone(TCP)] })])
      await disturbed.pass(100)
    }
    await plain.pass(10_000)
    expect(disturbed.asked.map(({ at }) => at)).toEqual(plain.asked.map(({ at }) => at))
    expect(disturbed.checks.health()).toEqual(plain.checks.health())
    expect(disturbed.told).toEqual(plain.told)
  })

  it('exchanges only the checks that are others; a new check of one that is down lifts it with its first answer', async () => {
    const { checks, reply, pass, asked } = handMade()
    reply(({ check }) => (check.port === 81 ? GOOD : REFUSED))
    checks.set([a(), b({ checks: [TCP, { ...TCP, port: 81 }] })])
    await pass(8000)
    expect(checks.health().get(A)).toMatchObject({ up: false, reason: 'refused' })
    checks.set([a({ checks: [{ ...TCP, port: 81 }] }), b({ checks: [{ ...TCP, port: 81 }] })])
    expect(checks.health().get(A)).toMatchObject({ up: false, reason: 'refused', detail: 'RST' })
    expect(checks.health().get(B)).toMatchObject({ up: true, reason: 'healthy' })
    const before = asked.length
    await pass(2100)
    expect(checks.health().get(A)).toMatchObject({ up: true, reason: 'healthy' })
    expect(asked.slice(before).every(({ check }) => check.port === 81)).toBe(true)
  })

  it('that adds a check does not take one that is up down, alpha or not', () => {
    const { checks } = handMade()
    checks.set([a()])
    checks.set([a({ alpha: true, checks: [TCP, { ...TCP, port: 81 }] })])
    expect(checks.health().get(A)).toMatchObject({ up: true, reason: 'waiting' })
  })

  it('to no checks makes it unchecked, and up', async () => {
    const { checks, reply, pass, timers } = handMade()
    reply(() => REFUSED)
    checks.set([a()])
    await pass(8000)
    checks.set([a({ checks: [] })])
    expect(checks.health().get(A)).toMatchObject({ up: true, reason: 'unchecked' })
    await pass(3000)
    expect(timers()).toBe(0)
  })
})

describe('what is told', () => {
  it('is all of one moment together, once, and only what changed', async () => {
    const { checks, reply, pass, told } = handMade()
    checks.set(subjects(500, { checks: [{ ...TCP, warmup: 0 }] }))
    await pass(0)
    expect(told.reduce((sum, each) => sum + each.size, 0)).toBeLessThanOrEqual(1000)
    await pass(2100)
    const calm = told.length
    await pass(20_000)
    expect(told.length).toBe(calm)
    reply(({ way }) => (way.address.endsWith('.7') ? REFUSED : GOOD))
    await pass(20_000)
    const keys = told.slice(calm).flatMap((each) => [...each.keys()])
    expect(new Set(keys)).toEqual(
      new Set(['10.0.0.7', '10.0.1.7'].map((address) => `${SERVICE} > ${address}`)),
    )
    expect(keys).toHaveLength(2)
  })
})

describe('the datapath’s look', () => {
  const passive = { retries: 3, pause: 5, most: 300 }
  const bad = new Map([
    [A, { retries: 2, handshakes: 0 }],
    [B, { retries: 0, handshakes: 3 }],
    ['unknown', { retries: 9, handshakes: 0 }],
  ])
  const swallow = async ({ checks, pass }: ReturnType<typeof handMade>) => {
    for (let i = 0; i < 6; i++) {
      checks.saw(bad)
      await pass(200)
    }
  }

  it('takes out who swallows connections, lets it in after the pause, and doubles that', async () => {
    const world = handMade()
    const { checks, pass, told, now } = world
    checks.set([a({ passive }), b({ passive })])
    await pass(3000)
    await swallow(world)
    expect(checks.health().get(A)).toMatchObject({ up: false, reason: 'swallows' })
    expect(checks.health().get(B)).toMatchObject({ up: true })
    const down = (checks.health().get(A)?.since ?? 0) - EPOCH
    await pass(down + 4999 - now())
    expect(checks.health().get(A)?.up).toBe(false)
    await pass(2)
    expect(checks.health().get(A)).toMatchObject({ up: true, reason: 'healthy', since: EPOCH + down + 5000 })
    await swallow(world)
    const again = (checks.health().get(A)?.since ?? 0) - EPOCH
    await pass(again + 10_001 - now())
    expect(checks.health().get(A)).toMatchObject({ up: true, since: EPOCH + again + 10_000 })
    expect(told.at(-1)?.get(A)?.up).toBe(true)
  })

  it('takes out nobody for whom it is off, and lets in who was out when it is switched off', async () => {
    const world = handMade()
    world.checks.set([a(), b({ passive })])
    await swallow(world)
    expect(world.checks.health().get(A)?.up).toBe(true)
    world.checks.set([a({ passive }), b({ passive })])
    await swallow(world)
    expect(world.checks.health().get(A)?.up).toBe(false)
    world.checks.set([a(), b({ passive })])
    expect(world.checks.health().get(A)?.up).toBe(true)
  })

  it('does not spare whom the checks have left: the last that serves stays in', async () => {
    const world = handMade()
    const { checks, reply, pass } = world
    reply(({ way }) => (way.address === '192.0.2.22' ? REFUSED : GOOD))
    checks.set([a({ passive }), b({ passive })])
    await pass(8000)
    await swallow(world)
    expect(checks.health().get(B)).toMatchObject({ up: false, reason: 'refused' })
    expect(checks.health().get(A)?.up).toBe(true)
  })

  it('is remembered over a restart for a pause', async () => {
    const { checks, pass } = handMade()
    const before: Health = { up: false, reason: 'swallows', since: 5 }
    checks.set([a({ passive, checks: [] }), b({ passive })], new Map([[A, before]]))
    expect(checks.health().get(A)).toMatchObject({ up: false, reason: 'swallows', since: 5 })
    await pass(5000)
    expect(checks.health().get(A)).toMatchObject({ up: true, reason: 'unchecked' })
  })
})

describe('the end', () => {
  it('aborts everything, waits for it, gives back its marks, and tells nothing more', async () => {
    const { checks, reply, pass, flying, marks, told, timers, asked } = handMade(50)
    reply(silent)
    checks.set(subjects(200, { checks: [{ ...VIP, fall: 1, warmup: 0 }] }))
    await pass(5)
    expect(flying()).toBe(50)
    const before = told.length
    await checks.end()
    expect(flying()).toBe(0)
    expect(asked).toHaveLength(50)
    expect(marks.size).toBe(0)
    expect(timers()).toBe(0)
    await pass(60_000)
    expect(told.length).toBe(before)
  })

  it('is not held up by a question that will not end', async () => {
    const { checks, reply, pass } = handMade()
    reply(() => new Promise(() => {}))
    checks.set([a({ checks: [{ ...TCP, timeout: 86_400 }] })])
    await pass(2000)
    let ended = false
    void checks.end().then(() => {
      ended = true
    })
    await pass(5000)
    expect(ended).toBe(true)
  })
})
