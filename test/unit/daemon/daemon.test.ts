// SPDX-License-Identifier: Apache-2.0
// The whole daemon over its real sockets and files; only the kernel's side is the datapath in memory.
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { call } from '../../../src/cli/client.js'
import { type Daemon, startDaemon } from '../../../src/daemon/daemon.js'
import type { Source } from '../../../src/daemon/source.js'
import { fail, formatProblem } from '../../../src/model/describe.js'
import type { Outcome } from '../../../src/model/types.js'
import { baseOf, fileService } from './given.js'
import { type Memory, type MemoryOptions, memoryDatapath } from './memory.js'

const WEB = 'tcp 192.0.2.10:80'
const VIP2 = '192.0.2.11'

let dir: string
let file: string
let socket: string
let log: string[]
let pages: number
const running: Daemon[] = []
const servers: Server[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), `xlvs-daemon-${process.pid}-`))
  file = join(dir, 'lb.yaml')
  socket = join(dir, 'run', 'xlvs.sock')
  log = []
  pages = 1_000_000
  await writeFile(file, yaml())
})

afterEach(async () => {
  for (const daemon of running.splice(0)) await daemon.stop('leave')
  for (const server of servers.splice(0)) server.close()
  await rm(dir, { recursive: true, force: true })
})

function yaml(weight = 3, more = ''): string {
  return `interfaces: [eth0]
services:
  - vip: 192.0.2.10:80
    scheduler: wrr
    reals: [192.0.2.21, {address: 192.0.2.22, weight: ${weight}}]
${more}`
}

async function tryStart(
  datapath: Memory,
  source: Source = { kind: 'file', path: file },
): Promise<Outcome<Daemon>> {
  const outcome = await startDaemon({
    source,
    places: { socket, pinRoot: '/sys/fs/bpf/xlvs-memory', stateDir: join(dir, 'state') },
    open: async () => ({ ok: true, value: datapath }),
    probes: () => fail({ reason: 'there is no kernel here' }),
    now: Date.now,
    pages: () => pages,
    log: (line) => log.push(line),
  })
  if (outcome.ok) running.push(outcome.value)
  return outcome
}

async function start(options: MemoryOptions = {}): Promise<Memory> {
  const datapath = memoryDatapath(options)
  const outcome = await tryStart(datapath)
  if (!outcome.ok) throw new Error(outcome.problems.map(formatProblem).join('; '))
  return datapath
}

async function stop(): Promise<void> {
  await running.pop()?.stop('leave')
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}

function said(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'done' : outcome.problems.map(formatProblem).join('; ')
}

async function occupied(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as { port: number }).port
}

describe('a daemon that starts', () => {
  it('attaches, resolves next hops, and only then publishes services', async () => {
    const { events } = await start()
    expect(events[0]).toBe('attach eth0 native')
    expect(events[1]).toBe('resolve 192.0.2.21 192.0.2.22')
    expect(events[2]).toMatch(/^apply .*vip-add.*service-publish/)
    expect(events).toHaveLength(3)
  })

  it('answers on a socket that only its owner may use', async () => {
    await start()
    expect((await stat(socket)).mode & 0o777).toBe(0o600)
    expect(await call(socket, 'status')).toMatchObject({
      ok: true,
      value: { pid: process.pid, file, services: 1, reals: 2, generation: 1, adopted: false },
    })
  })

  it('leaves everything forwarding when it ends', async () => {
    const { events } = await start()
    await stop()
    expect(events.at(-1)).toBe('close')
    expect(events).not.toContain('destroy')
    expect(said(await call(socket, 'status'))).toBe(
      `no daemon listens on ${socket}; start one with: xlvs run -c FILE`,
    )
  })

  it('takes over what is pinned without touching what is right already', async () => {
    const first = await start()
    await stop()
    const again = memoryDatapath({ adopted: true, attached: ['eth0'] })
    await tryStart({ ...again, actual: first.actual })
    expect(again.events).toEqual([])
  })

  it('detaches what is attached but wished no more', async () => {
    const { events } = await start({ adopted: true, attached: ['eth0', 'eth1'] })
    expect(events).toContain('detach eth1')
    expect(events).not.toContain('detach eth0')
  })

  it('says which real server cannot be reached, and serves all the same', async () => {
    const outcome = await tryStart(memoryDatapath({ unreachable: ['192.0.2.22'] }))
    expect(outcome.ok && outcome.value.notices).toEqual([
      'real server 192.0.2.22 cannot be reached yet: neighbour 192.0.2.22 does not answer on eth0',
    ])
  })

  it('says when the maps in use are smaller than the file asks for', async () => {
    await writeFile(file, `${yaml()}limits: {connections: 4194304}\n`)
    const outcome = await tryStart(memoryDatapath({ adopted: true }))
    expect(outcome.ok && outcome.value.notices.join()).toContain(
      'limits.connections 4194304 is not in force: the maps were made for 1048576',
    )
  })
})

describe('a start that is refused', () => {
  it('says every problem of the file with its place, and never opens the datapath', async () => {
    await writeFile(file, yaml(3_000_000_000, 'colour: red\n'))
    const { events } = memoryDatapath()
    const text = said(await tryStart(memoryDatapath()))
    expect(text).toContain(`${file}:5:`)
    expect(text).toContain('weight 3000000000 is above 2147483647')
    expect(text).toContain('colour')
    expect(events).toEqual([])
  })

  it('says when there is no such file', async () => {
    await rm(file)
    expect(said(await tryStart(memoryDatapath()))).toContain('there is no such file')
  })

  it('names the pid of the daemon that is there already, which goes on', async () => {
    await start()
    const second = memoryDatapath()
    expect(said(await tryStart(second))).toContain(
      `another xlvs daemon (pid ${process.pid}) listens on ${socket}; stop it with: kill ${process.pid}`,
    )
    expect(second.events).toEqual([])
    expect((await call(socket, 'status')).ok).toBe(true)
  })

  it('names the address of metrics that is taken, before anything is attached', async () => {
    const port = await occupied()
    await writeFile(file, yaml(3, `metrics: 127.0.0.1:${port}\n`))
    const datapath = memoryDatapath()
    expect(said(await tryStart(datapath))).toContain(
      `cannot serve metrics on 127.0.0.1:${port}: another process listens there`,
    )
    expect(datapath.events).toEqual([])
  })

  it('removes what it made when an interface is missing', async () => {
    const datapath = memoryDatapath({ interfaces: [] })
    expect(said(await tryStart(datapath))).toContain('there is no interface eth0')
    expect(datapath.events).toEqual(['destroy'])
  })

  it('keeps what it found when an interface is missing', async () => {
    const datapath = memoryDatapath({ interfaces: [], adopted: true })
    expect(said(await tryStart(datapath))).toContain('there is no interface eth0')
    expect(datapath.events).toEqual(['close'])
  })

  it('says that a damaged state file is in the way, and leaves it there', async () => {
    await start()
    await call(socket, 'addService', {}, { vip: '192.0.2.11', port: 80 })
    await stop()
    const path = join(dir, 'state', 'state.json')
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, 40))
    expect(said(await tryStart(memoryDatapath()))).toContain(`${path}: this state file is damaged`)
    expect((await stat(path)).size).toBe(40)
  })

  it('gives its socket and its port back', async () => {
    await tryStart(memoryDatapath({ interfaces: [] }))
    await start()
  })
})

describe('a socket that a dead daemon left', () => {
  it('is replaced', async () => {
    await mkdir(dirname(socket))
    const listen = `require('net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 'SIGKILL'))`
    spawnSync(process.execPath, ['-e', listen])
    expect((await stat(socket)).isSocket()).toBe(true)
    await start()
    expect((await call(socket, 'status')).ok).toBe(true)
  })

  it('is not taken for any other file that stands there', async () => {
    await mkdir(dirname(socket))
    await writeFile(socket, 'precious')
    expect(said(await tryStart(memoryDatapath()))).toContain('there is a file that is not a socket')
    expect(await readFile(socket, 'utf8')).toBe('precious')
  })
})

describe('a reload', () => {
  it('brings the new file into force', async () => {
    const datapath = await start()
    await writeFile(file, yaml(9))
    expect(await call(socket, 'reload')).toMatchObject({ ok: true, value: { changed: true, generation: 2 } })
    expect(datapath.weights()[WEB]).toEqual({ '192.0.2.21': 1, '192.0.2.22': 9 })
  })

  it('does nothing when the file says what is so already', async () => {
    const { events } = await start()
    const before = events.length
    expect(await call(socket, 'reload')).toMatchObject({ ok: true, value: { changed: false, generation: 1 } })
    expect(events).toHaveLength(before)
  })

  it('of a bad file changes nothing, says where it is bad, and is remembered', async () => {
    const datapath = await start()
    const before = datapath.events.length
    await writeFile(file, yaml(3_000_000_000))
    const text = said(await call(socket, 'reload'))
    expect(text).toMatch(new RegExp(`^${file}:5:\\d+: weight 3000000000 is above 2147483647`))
    expect(datapath.events).toHaveLength(before)
    expect(await call(socket, 'status')).toMatchObject({ value: { generation: 1, reload: { ok: false } } })
  })

  it('whose new interface is missing attaches nothing and changes nothing', async () => {
    const datapath = await start()
    await writeFile(file, yaml(9).replace('[eth0]', '[eth0, eth1, eth9]'))
    expect(said(await call(socket, 'reload'))).toContain('there is no interface eth9')
    expect(datapath.attachments().map((a) => a.interface)).toEqual(['eth0'])
    expect(datapath.weights()[WEB]).toMatchObject({ '192.0.2.22': 3 })
  })

  it('that the kernel refuses leaves the store as it was', async () => {
    const datapath = await start()
    await writeFile(file, yaml(9))
    datapath.failNext(new Error('map update: no memory'))
    expect(said(await call(socket, 'reload'))).toContain('the kernel refused: map update: no memory')
    expect(await call(socket, 'desired')).toMatchObject({
      value: { services: [{ reals: [{}, { weight: 3 }] }] },
    })
    expect(await call(socket, 'reload')).toMatchObject({ ok: true, value: { changed: true } })
  })
})

describe('an interface that was attached by request and is gone at the next start', () => {
  it('does not keep the services of the file from starting, and is spoken of', async () => {
    await start()
    await call(socket, 'attach', {}, { name: 'eth1', mode: 'native' })
    await stop()
    const datapath = memoryDatapath({ interfaces: ['eth0'] })
    const outcome = await tryStart(datapath)
    expect(outcome.ok && outcome.value.notices).toEqual([
      'eth1, attached at run time, could not be attached again: there is no interface eth1',
    ])
    expect(Object.keys(datapath.weights())).toEqual([WEB])
  })
})

describe('a daemon that is told to end', () => {
  it('finishes the change under way and refuses those that wait behind it', async () => {
    let answer: () => void = () => undefined
    let asked = 0
    const silence = new Promise<void>((resolve) => {
      answer = resolve
    })
    const { events } = await start({ answer: async () => void (asked++ > 0 && (await silence)) })
    const add = (port: number) =>
      call(socket, 'addService', {}, { vip: VIP2, port, reals: [{ address: `192.0.2.${port}` }] })
    const first = add(81)
    await until(() => asked === 2)
    const second = add(82)
    await until(async () => (await call(socket, 'status')).ok)
    const ended = stop()
    answer()
    expect(said(await first)).toBe('done')
    expect(said(await second)).toBe('the daemon is ending; start it again with: xlvs run -c FILE')
    await ended
    expect(events.at(-1)).toBe('close')
    expect(events.at(-2)).toMatch(/^apply/)
  })

  it('does not wait for who only holds a connection open', async () => {
    await start()
    const idle = connect(socket)
    await new Promise((resolve) => idle.once('connect', resolve))
    const cut = new Promise((resolve) => idle.once('close', resolve))
    await stop()
    await cut
  })
})

describe('a change over the socket', () => {
  it('is in the maps when the answer comes, and there again after a restart', async () => {
    const first = await start()
    const spec = {
      vip: '192.0.2.11',
      port: 53,
      protocol: 'udp',
      reals: [{ address: '192.0.2.31', weight: 2 }],
    } as const
    expect(await call(socket, 'addService', {}, spec)).toMatchObject({ ok: true, value: { changed: true } })
    expect(first.weights()['udp 192.0.2.11:53']).toEqual({ '192.0.2.31': 2 })
    await stop()
    const second = await start()
    expect(second.weights()['udp 192.0.2.11:53']).toEqual({ '192.0.2.31': 2 })
  })

  it('is seen at once by who made it', async () => {
    await start()
    const shown = async () => {
      const outcome = await call(socket, 'reals')
      return outcome.ok && outcome.value.rows.map(({ effectiveWeight }) => effectiveWeight)
    }
    expect(await shown()).toEqual([3, 1])
    await call(socket, 'setReal', { service: WEB, real: '192.0.2.22' }, { weight: 9 })
    expect(await shown()).toEqual([9, 1])
  })

  it('is refused when the new real server cannot be reached, unless it has weight 0', async () => {
    const datapath = await start({ unreachable: ['192.0.2.39'] })
    await call(socket, 'addService', {}, { vip: '192.0.2.11', port: 80 })
    const service = 'tcp 192.0.2.11:80'
    expect(said(await call(socket, 'addReal', { service }, { address: '192.0.2.39', weight: 1 }))).toBe(
      'real server 192.0.2.39 cannot be reached: neighbour 192.0.2.39 does not answer on eth0; ' +
        'bring it up, or give it weight 0 until it is',
    )
    expect(datapath.weights()[service]).toEqual({})
    expect((await call(socket, 'addReal', { service }, { address: '192.0.2.39', weight: 0 })).ok).toBe(true)
    expect(datapath.weights()[service]).toEqual({ '192.0.2.39': 0 })
  })

  it('that was refused is not there after a restart', async () => {
    const first = await start()
    first.failNext({ ok: false, problems: [{ reason: 'the arena is full' }] })
    const spec = { vip: '192.0.2.11', port: 80 }
    expect(said(await call(socket, 'addService', {}, spec))).toBe('the arena is full')
    await stop()
    expect(Object.keys((await start()).weights())).toEqual([WEB])
  })

  it('comes after the one before it, however many come at once', async () => {
    const datapath = await start()
    await call(socket, 'addService', {}, { vip: '192.0.2.11', port: 80 })
    const service = 'tcp 192.0.2.11:80'
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        call(socket, 'addReal', { service }, { address: `192.0.2.${100 + i}` }),
      ),
    )
    expect(answers.every(({ ok }) => ok)).toBe(true)
    expect(Object.keys(datapath.weights()[service] ?? {})).toHaveLength(20)
    expect(new Set(answers.map((a) => a.ok && a.value.generation)).size).toBe(20)
  })

  it('that is already so changes nothing and says that', async () => {
    await start()
    const params = { service: WEB, real: '192.0.2.22' }
    expect(await call(socket, 'setReal', params, { weight: 3 })).toMatchObject({
      value: { changed: false, notices: [] },
    })
  })

  it('that is not understood is refused with what would be right', async () => {
    await start()
    const body = { vip: '192.0.2.11', port: '80' } as never
    expect(said(await call(socket, 'addService', {}, body))).toContain('port: port is the text "80"')
    expect(said(await call(socket, 'setReal', { service: 'web', real: 'x' }, { weight: 1 }))).toContain('web')
  })
})

describe('the control socket', () => {
  function send(method: string, path: string, body = ''): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const ask = request({ socketPath: socket, method, path }, (answer) => {
        let text = ''
        answer.on('data', (chunk) => {
          text += chunk
        })
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      })
      ask.on('error', reject)
      ask.end(body)
    })
  }

  it('answers every wrong request with its status and one sentence, and goes on', async () => {
    const { events } = await start()
    const before = events.length
    for (const [method, path, body, status, sentence] of [
      ['GET', '/v1/nothing', '', 404, 'there is no GET /v1/nothing'],
      ['GET', '/', '', 404, 'there is no GET /'],
      ['PUT', '/v1/services', '{}', 405, 'PUT is not for /v1/services; use GET, POST, DELETE'],
      ['POST', '/v1/services', '{"vip":', 400, 'body: it is not JSON'],
      ['POST', '/v1/services', ' '.repeat(5_000_000), 400, 'body: it is larger than 4194304 bytes'],
      ['POST', '/v1/services', '', 409, 'body: body is empty; send a JSON object'],
      ['POST', '/v1/services', '[]', 409, 'body: body is a list; send a JSON object'],
      ['DELETE', '/v1/marks?vip=192.0.2.1', '', 409, 'ports: ports is missing; give ports=…'],
      ['PATCH', '/v1/tunables', '{"sloppy_tcp":2}', 409, 'sloppy_tcp: sloppy_tcp 2 is above 1; use 0..1'],
      ['GET', '/v1/conns?limit=-1', '', 409, 'limit: limit "-1" is not a number of rows; use 0 for all'],
      ['DELETE', '/v1/interfaces/eth7', '', 409, 'eth7 is not attached; see: xlvs show interfaces'],
    ] as const) {
      const answer = await send(method, path, body)
      expect([answer.status, ...JSON.parse(answer.text).problems.map(formatProblem)]).toEqual([
        status,
        sentence,
      ])
    }
    expect(events).toHaveLength(before)
    expect((await call(socket, 'status')).ok).toBe(true)
  })

  it('takes any JSON as a body without harm', async () => {
    const datapath = await start()
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('/v1/services', '/v1/interfaces', `/v1/services/${encodeURIComponent(WEB)}/reals`),
        fc.json(),
        async (path, body) => {
          expect((await send('POST', path, body)).status).toBe(409)
        },
      ),
      { numRuns: 200 },
    )
    expect(Object.keys(datapath.weights())).toEqual([WEB])
  })
})

describe('counters since a zero', () => {
  const shown = async () => {
    const [services, reals, all] = [
      await call(socket, 'services'),
      await call(socket, 'reals'),
      await call(socket, 'statistics'),
    ]
    if (!services.ok || !reals.ok || !all.ok) throw new Error('the daemon does not answer')
    return [
      services.value.rows[0]?.sinceZero.packets,
      reals.value.rows.find(({ address }) => address === '192.0.2.21')?.sinceZero.packets,
      all.value.sinceZero.packets,
    ]
  }
  const counted = (packets: bigint) => ({
    '192.0.2.21': { packets, bytes: packets * 40n, connections: packets },
  })
  const moment = () => new Promise((resolve) => setTimeout(resolve, 120)) // a snapshot is kept for a moment

  it('begin at 0, of one service or of all, while the counters themselves go on', async () => {
    const datapath = await start()
    datapath.count(counted(100n))
    await moment()
    expect(await shown()).toEqual([100, 100, 100])
    expect(await call(socket, 'zero', { service: WEB })).toMatchObject({ value: { changed: true } })
    expect(await shown()).toEqual([0, 0, 100])
    datapath.count(counted(130n))
    await moment()
    expect(await shown()).toEqual([30, 30, 130])
    await call(socket, 'zero')
    expect(await shown()).toEqual([0, 0, 0])
    expect(await call(socket, 'services')).toMatchObject({ value: { rows: [{ packets: 130 }] } })
  })

  it('stay zeroed over a restart, and the total keeps what removed services have counted', async () => {
    const first = await start()
    first.count(counted(100n))
    await call(socket, 'zero')
    await call(socket, 'addService', {}, { vip: VIP2, port: 80, reals: [{ address: '192.0.2.31' }] })
    first.count({ ...counted(150n), '192.0.2.31': { packets: 7n, bytes: 1n, connections: 1n } })
    await moment()
    expect(await shown()).toEqual([50, 50, 57])
    await call(socket, 'removeService', { service: `tcp ${VIP2}:80` })
    expect(await shown()).toEqual([50, 50, 57])
    await stop()
    const second = memoryDatapath()
    second.count(counted(150n))
    await tryStart(second)
    expect(await shown()).toEqual([50, 50, 57])
  })

  it('of a service that is not there are refused', async () => {
    await start()
    const outcome = await call(socket, 'zero', { service: 'fwm 9' })
    expect(outcome.ok ? '' : outcome.problems).toEqual([
      {
        code: 'no-service',
        subject: 'fwm 9',
        reason: 'there is no service "fwm 9"',
        fix: 'see `xlvs show services`',
      },
    ])
  })

  it('do not count as a change of the configuration', async () => {
    const { events } = await start()
    const before = events.length
    expect(await call(socket, 'zero')).toMatchObject({ value: { generation: 1 } })
    expect(events).toHaveLength(before)
  })
})

describe('tunables over the socket', () => {
  const inForce = async (name: string) => {
    const outcome = await call(socket, 'tunables')
    return outcome.ok ? outcome.value.rows.find((row) => row.name === name)?.value : undefined
  }

  it('are in force when the answer comes, and there again after a restart, until a reload', async () => {
    await start()
    await call(socket, 'tune', {}, { sloppy_tcp: 1 })
    expect(await inForce('sloppy_tcp')).toBe(1)
    await stop()
    const second = await start()
    expect(await inForce('sloppy_tcp')).toBe(1)
    expect(second.actual().tunables.sloppy_tcp).toBe(1)
    expect(await call(socket, 'reload')).toMatchObject({ value: { changed: true } })
    expect(second.actual().tunables.sloppy_tcp).toBe(0)
  })

  it('show an automatic defence as it is now: 2 while memory is short, 1 when it is not', async () => {
    const datapath = await start()
    await call(socket, 'tune', {}, { drop_packet: 1, secure_tcp: 2, amemthresh: 1000 })
    expect([await inForce('drop_packet'), await inForce('secure_tcp')]).toEqual([1, 1])
    expect(datapath.defence()).toEqual({ secureTcp: false, dropRate: 0 })
    pages = 500
    await until(() => datapath.defence()?.secureTcp === true)
    expect(datapath.defence()).toEqual({ secureTcp: true, dropRate: 2, dropCounter: 2 })
    expect([await inForce('drop_packet'), await inForce('secure_tcp')]).toEqual([2, 2])
  })

  it('that always defend do so at once, and drop_entry looks somewhere each second', async () => {
    const datapath = await start()
    await call(socket, 'tune', {}, { drop_packet: 3, am_droprate: 7, drop_entry: 3 })
    expect(datapath.defence()).toEqual({ secureTcp: false, dropRate: 7 })
    await until(() => datapath.events.includes('defend somewhere'))
  })
})

describe('expire_nodest_conn', () => {
  const sweeps = ({ events }: Memory) =>
    events.reduce((sets, event) => sets + Number(/^sweep (\d+)$/.exec(event)?.[1] ?? 0), 0)
  /** snapshots of the memory have three tables of 1024 ways */
  const ALL = 1024 / 4 + 1024 / 4 + 1024 / 2

  it('sweeps all tables as soon as a real server is removed', async () => {
    const datapath = await start({ sweeps: true })
    await call(socket, 'tune', {}, { expire_nodest_conn: 1 })
    const spec = { vip: VIP2, port: 80, reals: [{ address: '192.0.2.31' }] }
    await call(socket, 'addService', {}, spec)
    const [before, since] = [sweeps(datapath), performance.now()]
    await call(socket, 'removeReal', { service: `tcp ${VIP2}:80`, real: '192.0.2.31' })
    await until(() => sweeps(datapath) - before >= ALL)
    expect(performance.now() - since).toBeLessThan(3_000)
  })
})

describe('marks and a flush over the socket', () => {
  it('come and go', async () => {
    await start()
    const mark = { vip: VIP2, protocol: 'tcp', ports: '80,443', mark: 6 } as const
    expect(said(await call(socket, 'addMark', {}, mark))).toBe('done')
    expect(await call(socket, 'marks')).toMatchObject({
      value: {
        rows: [
          {
            vip: VIP2,
            ports: [
              [80, 80],
              [443, 443],
            ],
            mark: 6,
            owner: 'api',
          },
        ],
      },
    })
    expect(said(await call(socket, 'addService', {}, { mark: 6, reals: [{ address: '192.0.2.31' }] }))).toBe(
      'done',
    )
    expect(await call(socket, 'services', { service: 'fwm 6' })).toMatchObject({
      value: { rows: [{ service: 'fwm 6', match: { mark: 6, family: 4 } }] },
    })
    expect(said(await call(socket, 'removeMark', { vip: VIP2, protocol: 'tcp', ports: '80,443' }))).toBe(
      'done',
    )
    expect(said(await call(socket, 'flush'))).toBe(`${WEB} is in the file; edit the file, then: xlvs reload`)
  })
})

describe('a run without a file', () => {
  const source = (): Source => ({
    kind: 'words',
    base: baseOf({ services: [] }),
    services: [fileService({ owner: 'api' })],
  })

  it('restores everything when it ends', async () => {
    const datapath = memoryDatapath()
    await tryStart(datapath, source())
    await running.pop()?.stop('restore')
    expect(datapath.events.at(-1)).toBe('destroy')
  })

  it('lets all it has be changed, and has nothing to reload', async () => {
    const datapath = memoryDatapath()
    await tryStart(datapath, source())
    expect((await call(socket, 'removeReal', { service: WEB, real: '192.0.2.21' })).ok).toBe(true)
    expect(datapath.weights()[WEB]).toEqual({ '192.0.2.22': 3 })
    expect(said(await call(socket, 'reload'))).toContain('was started without a file')
  })

  it('never takes the place of an xlvs that is in service', async () => {
    const datapath = memoryDatapath({ adopted: true, attached: ['eth1'] })
    expect(said(await tryStart(datapath, source()))).toContain(
      'attached to eth1; end that with: xlvs detach --all',
    )
    expect(datapath.events).toEqual(['close'])
  })
})

describe('the pages of the daemon', () => {
  async function pages() {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    return `127.0.0.1:${port}`
  }

  it('are /metrics and /healthz', async () => {
    const at = await pages()
    await writeFile(file, yaml(3, `metrics: ${at}\n`))
    await start()
    const answer = await fetch(`http://${at}/metrics`)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const text = await answer.text()
    expect(text).toContain('xlvs_real_weight{vip="192.0.2.10",port="80",proto="tcp",real="192.0.2.22"} 3')
    expect(text).toContain('xlvs_config_last_reload_successful 1')
    expect(text).toContain('xlvs_reconcile_duration_seconds_count 1')
    expect(await (await fetch(`http://${at}/healthz`)).text()).toBe('ok\n')
    expect((await fetch(`http://${at}/nothing`)).status).toBe(404)
  })

  it('say that a reload was refused', async () => {
    const at = await pages()
    await writeFile(file, yaml(3, `metrics: ${at}\n`))
    await start()
    await writeFile(file, 'services: 7\n')
    await call(socket, 'reload')
    expect(await (await fetch(`http://${at}/metrics`)).text()).toContain(
      'xlvs_config_last_reload_successful 0',
    )
  })

  it('say more or less after a reload, at the place where they were', async () => {
    const at = await pages()
    await writeFile(file, yaml(3, `metrics: ${at}\n`))
    await start()
    const text = async () => (await fetch(`http://${at}/metrics`)).text()
    expect(await text()).toContain('xlvs_real_weight{')
    await writeFile(file, yaml(3, `metrics: {listen: "${at}", level: service, names: [node_ipvs]}\n`))
    expect(said(await call(socket, 'reload'))).toBe('done')
    const less = await text()
    expect(less).not.toContain('xlvs_real_weight')
    expect(less).toContain('xlvs_service_info{')
    expect(less).toContain('node_ipvs_connections_total 0')
    await writeFile(file, yaml(3, `metrics: {listen: "${at}", series: 0}\n`))
    expect(said(await call(socket, 'reload'))).toContain('series 0 is below 1000; use 1000..10000000')
    expect(await text()).toContain('node_ipvs_connections_total 0')
  })

  it('move with a reload, and stay when the new place is taken', async () => {
    const [from, to] = [await pages(), await pages()]
    await writeFile(file, yaml(3, `metrics: ${from}\n`))
    await start()
    await writeFile(file, yaml(3, `metrics: 127.0.0.1:${await occupied()}\n`))
    expect(said(await call(socket, 'reload'))).toContain('another process listens there')
    expect((await fetch(`http://${from}/healthz`)).status).toBe(200)
    await writeFile(file, yaml(3, `metrics: ${to}\n`))
    expect(said(await call(socket, 'reload'))).toBe('done')
    expect((await fetch(`http://${to}/healthz`)).status).toBe(200)
    await expect(fetch(`http://${from}/healthz`)).rejects.toThrow()
  })
})
