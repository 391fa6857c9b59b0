// SPDX-License-Identifier: Apache-2.0
// xlvs top on a real terminal, a real daemon and real traffic: it shows what is, obeys keys, and leaves the terminal as
// it found it however it ends.
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { buildTopology, type Director, load, serve, startDirector, type Topology } from '../lab/index.js'
import { openPseudoTerminal, type PseudoTerminal } from '../lab/pseudo-terminal.js'
import { until } from '../lab/until.js'

const VIP = '192.0.2.10'
const WEB = `tcp ${VIP}:80`
const XLVS = fileURLToPath(new URL('../../bin/xlvs', import.meta.url))

let topology: Topology
let director: Director
let terminal: PseudoTerminal | undefined

beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  await Promise.all(topology.reals.map((real) => serve(topology.lab, real)))
  director = await startDirector(
    topology,
    `interfaces: [eth0]
limits: {connections: 65536}
services:
  - {name: web, vip: "${VIP}:80", scheduler: wrr, reals: [{address: 192.0.2.21, weight: 3}, 192.0.2.22]}
  - {name: dns, vip: "${VIP}:53", protocol: udp, scheduler: rr, reals: [192.0.2.21]}
`,
  )
  load(topology.lab, topology.clients[0], `http://${VIP}/`, { rate: 100, concurrency: 2 })
})
afterEach(() => terminal?.close())
afterAll(() => topology?.lab.close())

/** What stands on the terminal before, and must stand there after. */
const BEFORE = 'here before'

function top(size: { columns?: number; rows?: number } = {}, env = {}) {
  const argv = ['sh', '-c', `echo ${BEFORE}; exec "$0" "$@"`, process.execPath, XLVS, 'top', '-d', '0.5']
  terminal = openPseudoTerminal(argv, { ...size, env: { ...director.env, ...env } })
  return terminal
}

function shown(what: string | RegExp): Promise<string> {
  const on = terminal as PseudoTerminal
  const found = () =>
    typeof what === 'string' ? on.screen.text().includes(what) : what.test(on.screen.text())
  return until(`${what} on the screen`, () => (found() ? on.screen.text() : undefined)).catch((error) => {
    throw new Error(`${error.message}; it shows:\n${on.screen.text()}`)
  })
}

async function ended() {
  const on = terminal as PseudoTerminal
  const end = await until('the end', () => on.end())
  expect(end.after).toBe(end.before)
  expect([on.screen.alternate(), on.screen.cursor()]).toEqual([false, true])
  expect(on.screen.lines()[0]).toBe(BEFORE)
  return { code: end.code, left: on.screen.lines().slice(1).join('\n').trimEnd() }
}

/** A line of the service with a rate that is not 0. */
const MOVING = new RegExp(`${WEB.replaceAll('.', '\\.')} .*\\b2/2 +[1-9]`)

describe('on a terminal of 80 columns', () => {
  it('shows services with their rates, their real servers with shares, and goes with q', async () => {
    const { send } = top()
    await shown(MOVING)
    const overview = await shown('q quit')
    expect(overview).toContain('xlvs top · overview')
    expect(overview).toContain('conn4')
    expect(overview.split('\n')).toHaveLength(24)
    send('\r')
    const inside = await shown(/share [1-9]\d*%, due (?:75|25)%/)
    expect(inside).toContain(`xlvs top · ${WEB}`)
    expect(inside).toMatch(/web {2}wrr {2}2 of 2 up/)
    send('\x1b')
    await shown('xlvs top · overview')
    send('q')
    expect(await ended()).toEqual({ code: 0, left: '' })
  })

  it('filters while it is typed, sorts, turns its views, pauses', async () => {
    const { send } = top()
    await shown(`udp ${VIP}:53`)
    send('/web')
    await until('only web', () => !terminal?.screen.text().includes(`udp ${VIP}:53`))
    send('\x1b')
    await shown(`udp ${VIP}:53`)
    send('s')
    await shown('s sort: conns')
    send('\t')
    await shown('xlvs top · services')
    send('p')
    await shown('PAUSED')
    send('?')
    await shown('any key: back')
    send('x\x03')
    expect(await ended()).toEqual({ code: 0, left: '' })
  })

  it('is the other screen and gives it back while it is stopped', async () => {
    const on = top()
    await shown(MOVING)
    on.send('\x1a')
    const [settings] = await until('stopped', () => (on.stops().length > 0 ? on.stops() : undefined))
    await until('the screen is given back', () => !on.screen.alternate())
    expect([on.screen.lines()[0], on.screen.cursor()]).toEqual([BEFORE, true])
    on.signal('SIGCONT')
    await until('the screen is back', () => on.screen.alternate())
    await shown(MOVING)
    on.send('q')
    expect((await ended()).code).toBe(0)
    expect(settings).toBe(on.end()?.before)
  })

  it('says what it shows is stale while nobody answers, and goes on when somebody does', async () => {
    const on = top()
    await shown(MOVING)
    await director.daemon().stop('SIGKILL')
    expect(await shown(/stale for \d+ s: no daemon listens/)).toContain('STALE')
    await shown(/stale for [1-9]/)
    await director.restart()
    await until('fresh again', () => !on.screen.text().includes('STALE'))
    await shown(MOVING)
    on.send('q')
    expect((await ended()).code).toBe(0)
  })
})

describe('however it ends', () => {
  it.each([
    ['SIGTERM', -15],
    ['SIGHUP', -1],
  ])('%s finds the terminal as it was', async (signal, code) => {
    const on = top()
    await shown(MOVING)
    on.signal(signal)
    expect(await ended()).toEqual({ code, left: '' })
  })

  it('a fault of its own is told after the terminal is given back', async () => {
    const fault = `data:text/javascript,${encodeURIComponent('process.on("SIGUSR2",()=>{throw Error("of-the-test")})')}`
    const on = top({}, { NODE_OPTIONS: `--import=${fault}` })
    await shown(MOVING)
    on.signal('SIGUSR2')
    expect(await ended()).toEqual({
      code: 1,
      left: 'this should not happen, and it did: Error: of-the-test',
    })
  })
})

describe('where it cannot be drawn', () => {
  it('20 columns are refused in one sentence, and nothing is done to the terminal', async () => {
    const on = top({ columns: 20 })
    const { code, left } = await ended()
    expect(code).toBe(1)
    expect(left).toContain('xlvs top needs 40 columns and 10 lines; here are 20 and 24')
    expect(on.raw()).not.toContain('\x1b')
  })

  it('a terminal made too small says so in place, and is whole again when it is made larger', async () => {
    const on = top()
    await shown(MOVING)
    on.resize(20, 24)
    await shown('needs 40')
    on.resize(132, 24)
    await shown(MOVING)
    on.send('q')
    expect((await ended()).code).toBe(0)
  })

  it('a dumb terminal is sent to --once', async () => {
    const on = top({}, { TERM: 'dumb' })
    const { code, left } = await ended()
    expect(code).toBe(1)
    expect(left).toContain('use xlvs top --once')
    expect(on.raw()).not.toContain('\x1b')
  })

  it('NO_COLOR and a locale without UTF-8 are heard', async () => {
    const on = top({}, { NO_COLOR: '1', LC_ALL: 'C' })
    await shown(MOVING)
    on.send('q')
    await ended()
    const paints = on
      .raw()
      .split('\x1b[')
      .filter((after) => /^[1-9][0-9;]*m/.test(after))
    expect(paints).toEqual([])
    expect([...on.raw()].filter((sign) => sign > '\x7f')).toEqual([])
  })
})

interface Look {
  readonly total: { readonly packets: number }
  readonly services: readonly { readonly service: string; readonly rates: { readonly packets: number } }[]
  readonly reals: readonly object[]
}

describe('into a pipe', () => {
  it('is one look as text, with every service', async () => {
    const { code, stdout } = await director.xlvs('top', '-d', '0.5')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^xlvs top [-·] overview/)
    expect(stdout).toContain(`udp ${VIP}:53`)
    expect(stdout).not.toContain('\x1b')
  })

  it('is JSON when asked, and the rates are those of the traffic', async () => {
    const words = ['top', '--once', '-d', '0.5', '--service', `${VIP}:80`, '--sort', 'name']
    const look = await until('a look while packets come', async () => {
      const one = await director.json<Look>(...words)
      return one.total.packets > 0 && one
    })
    const web = look.services.find(({ service }) => service === WEB)
    expect(web?.rates.packets).toBe(look.total.packets)
    expect(look.reals).toMatchObject([{ real: '192.0.2.21' }, { real: '192.0.2.22' }])
  })

  it('a service that is not there is refused', async () => {
    const { code, stderr } = await director.xlvs('top', '--service', `${VIP}:81`)
    expect([code, stderr]).toEqual([1, `there is no service tcp ${VIP}:81; see: xlvs show services\n`])
  })
})
