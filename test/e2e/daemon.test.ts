// SPDX-License-Identifier: Apache-2.0
// The daemon is not in the packet's way: it may end, crash, restart and reload while requests go through.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Listing, RealRow, ServiceRow, Status } from '../../src/api/contract.js'
import {
  answered,
  buildTopology,
  type Director,
  load,
  loadToEnd,
  type Result,
  serve,
  startDirector,
  type Topology,
} from '../lab/index.js'

const VIP = '192.0.2.10'
const URL = `http://${VIP}/`
const WEB = `tcp ${VIP}:80`

let topology: Topology
let director: Director

function yaml(weights: readonly number[], more = ''): string {
  const reals = weights.map((weight, i) => `{address: 192.0.2.${21 + i}, weight: ${weight}}`)
  return `interfaces: [eth0]
services:
  - name: web
    vip: ${VIP}:80
    scheduler: wrr
    reals: [${reals.join(', ')}]
${more}`
}

beforeAll(async () => {
  topology = await buildTopology({ reals: 3 })
  await Promise.all(topology.reals.map((real) => serve(topology.lab, real)))
  director = await startDirector(topology, yaml([1, 2, 3]))
})
afterAll(() => topology?.lab.close())

/** From ports that were never used: a SYN from a port whose connection is not over yet goes where that went. */
let port = 10_000
function ask(requests: number) {
  const ports = [port, port + requests - 1] as const
  port += requests
  return loadToEnd(topology.lab, topology.clients[0], URL, { requests, concurrency: 1, ports })
}
const status = () => director.json<Status>('status')
const reals = async () =>
  (await director.json<Listing<RealRow>>('show', 'reals', '--service', `${VIP}:80`)).rows
const weights = async () => Object.fromEntries((await reals()).map((r) => [r.address, r.effectiveWeight]))

async function program(): Promise<string> {
  const shown = await topology.lab.must(topology.director.namespace, [
    'ip',
    '-details',
    'link',
    'show',
    'eth0',
  ])
  return /prog\/xdp id (\d+)/.exec(shown)?.[1] ?? 'none'
}

function stop(signal: NodeJS.Signals): Promise<number> {
  return director.daemon().stop(signal)
}

describe('a daemon that runs', () => {
  it('shares requests by weight', async () => {
    const report = await ask(60)
    expect(report).toMatchObject({ done: 60, failed: 0, by: { web1: 10, web2: 20, web3: 30 } })
  })

  it('refuses a second one on its socket, by pid', async () => {
    const pid = director.daemon().pid
    const { code, stderr } = await director.xlvs('run', '-c', director.file)
    expect(stderr).toContain(`another xlvs daemon (pid ${pid}) listens on ${director.env['XLVS_SOCKET']}`)
    expect(code).toBe(1)
    expect((await status()).pid).toBe(pid)
  })
})

describe('a daemon that ends', () => {
  it('by SIGTERM leaves the program in place, forwarding, and is missed by nobody', async () => {
    const before = await program()
    expect(await stop('SIGTERM')).toBe(0)
    expect(director.daemon().stdout()).toContain('still attached and forwarding: eth0')
    expect(await program()).toBe(before)
    expect(await ask(60)).toMatchObject({ done: 60, failed: 0, by: { web1: 10, web2: 20, web3: 30 } })
    expect((await director.xlvs('status')).stderr).toContain('start one with: xlvs run -c FILE')
    await director.restart()
  })

  it('by kill -9 in mid-traffic loses no request, and the next one takes everything over', async () => {
    const before = (await reals()).map((real) => real.packets)
    const requests = load(topology.lab, topology.clients[0], URL, { concurrency: 4 })
    await answered(requests, 200)
    const at = await program()
    await stop('SIGKILL')
    await answered(requests, 200, requests.latest())
    await director.restart()
    await answered(requests, 200, requests.latest())
    const report = await requests.stop()
    expect({ failed: report.failed, failures: report.failures }).toEqual({ failed: 0, failures: {} })
    expect(await program()).toBe(at)
    expect((await status()).adopted).toBe(true)
    for (const [i, real] of (await reals()).entries()) expect(real.packets).toBeGreaterThan(before[i] ?? 0)
  })
})

describe('a reload', () => {
  it('under load changes weights and fails no request', async () => {
    const requests = load(topology.lab, topology.clients[0], URL, { concurrency: 4 })
    await answered(requests, 100)
    director.writeFile(yaml([5, 5, 0]))
    expect((await director.xlvs('reload')).stdout).toBe('the file is in force\n')
    await answered(requests, 300, requests.latest())
    expect((await requests.stop()).failed).toBe(0)
    expect(await ask(20)).toMatchObject({ by: { web1: 10, web2: 10 } })
  })

  it('of a bad file says where it is bad and changes nothing', async () => {
    director.writeFile(yaml([5, 5, 3_000_000_000]))
    const { code, stdout, stderr } = await director.xlvs('reload')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(
      new RegExp(`^${director.file}:\\d+:\\d+: weight 3000000000 is above 2147483647; use 0..2147483647\n$`),
    )
    expect(await weights()).toEqual({ '192.0.2.21': 5, '192.0.2.22': 5, '192.0.2.23': 0 })
    expect((await director.xlvs('status')).stdout).toContain('attention  the last reload was refused')
  })

  it('also comes by SIGHUP', async () => {
    director.writeFile(yaml([1, 2, 3]))
    const reloaded = director.daemon().line(/^reloaded$/)
    process.kill(director.daemon().pid, 'SIGHUP')
    await reloaded
    expect(await weights()).toEqual({ '192.0.2.21': 1, '192.0.2.22': 2, '192.0.2.23': 3 })
  })

  it('by SIGHUP of a bad file is reported on stderr, and the daemon goes on', async () => {
    director.writeFile('services: 7\n')
    const refused = director.daemon().line(/reload refused, nothing changed/)
    process.kill(director.daemon().pid, 'SIGHUP')
    await refused
    expect(await weights()).toMatchObject({ '192.0.2.23': 3 })
    director.writeFile(yaml([1, 2, 3]))
    expect((await director.xlvs('reload')).code).toBe(0)
  })
})

describe('what was asked for at run time', () => {
  it('outlives kill -9', async () => {
    await director.json('add', 'service', '192.0.2.10:81', '--to', '192.0.2.21', '--scheduler', 'rr')
    await director.json('set', 'real', `${VIP}:80`, '192.0.2.23', '--weight', '0')
    await stop('SIGKILL')
    await director.restart()
    const { rows } = await director.json<Listing<ServiceRow>>('show', 'services')
    expect(rows.map(({ service, owner }) => [service, owner])).toEqual(
      expect.arrayContaining([
        [WEB, 'file'],
        ['tcp 192.0.2.10:81', 'api'],
      ]),
    )
    expect(await weights()).toMatchObject({ '192.0.2.23': 0 })
    await director.json('remove', 'service', '192.0.2.10:81')
    await director.json('reload')
    expect(await weights()).toMatchObject({ '192.0.2.23': 3 })
  })

  it('is all there or not there at all, whenever the daemon is killed', async () => {
    for (const pause of [0, 3, 10, 25]) {
      const before = director.daemon().pid
      const adds = Array.from({ length: 5 }, (_, i) =>
        director.xlvs('add', 'service', `192.0.2.10:${100 + i}`, '--to', '192.0.2.21'),
      )
      await Promise.race(adds)
      await sleep(pause)
      await stop('SIGKILL')
      const answers = await Promise.all(adds)
      await director.restart()
      expect(director.daemon().pid).not.toBe(before)
      const { rows } = await director.json<Listing<ServiceRow>>('show', 'services')
      const there = new Set(rows.map(({ match }) => match.port))
      for (const [i, { code }] of answers.entries()) if (code === 0) expect(there).toContain(100 + i)
      expect(await director.json('show', 'diff')).toEqual([])
      for (const { match, owner } of rows)
        if (owner === 'api') await director.json('remove', 'service', `192.0.2.10:${match.port}`)
    }
  })

  it('is refused, and nothing is changed, when the disk is full', async () => {
    const { lab } = topology
    const state = join(lab.folder, 'full')
    await lab.must(undefined, ['mkdir', state])
    await lab.must(undefined, ['mount', '-t', 'tmpfs', '-o', 'size=8k', 'none', state])
    try {
      await stop('SIGTERM')
      const daemon = lab.start(topology.director.namespace, [...command(), 'run', '-c', director.file], {
        ...director.env,
        XLVS_STATE_DIR: state,
      })
      await daemon.line(/is running/)
      await lab.run(undefined, ['sh', '-c', `cat /dev/zero > ${state}/full`])
      const { code, stderr } = await director.xlvs('add', 'service', '192.0.2.10:81', '--to', '192.0.2.21')
      expect(stderr).toContain(
        'the disk is full, so the change could not be kept and was not made; make room',
      )
      expect(code).toBe(1)
      const { rows } = await director.json<Listing<ServiceRow>>('show', 'services')
      expect(rows.map(({ service }) => service)).toEqual([WEB])
      expect(await director.json('show', 'diff')).toEqual([])
      await lab.must(undefined, ['rm', `${state}/full`])
      expect((await director.xlvs('add', 'service', '192.0.2.10:81', '--to', '192.0.2.21')).code).toBe(0)
      expect(await daemon.stop('SIGTERM')).toBe(0)
    } finally {
      await lab.must(undefined, ['umount', state])
    }
    await director.restart()
  })
})

describe('a start that is refused', () => {
  const run = async (text: string): Promise<Result> => {
    const file = join(topology.lab.folder, 'other.yaml')
    writeFileSync(file, text)
    return topology.lab.run(topology.director.namespace, [...command(), 'run', '-c', file], {
      env: elsewhere(),
    })
  }
  const nothingLeft = () => expect(existsSync(elsewhere().XLVS_PIN_ROOT)).toBe(false)

  it('names a port of metrics that is taken, and has touched nothing', async () => {
    const { lab } = topology
    const holder = "require('net').createServer().listen(9612, '127.0.0.1', () => console.log('held'))"
    const held = lab.start(topology.director.namespace, [process.execPath, '-e', holder])
    await held.line(/held/)
    const { code, stderr } = await run(yaml([1], 'metrics: 127.0.0.1:9612\n'))
    await held.stop('SIGKILL')
    expect(stderr).toContain('cannot serve metrics on 127.0.0.1:9612: another process listens there')
    expect(code).toBe(1)
    nothingLeft()
  })

  it('names an interface that is missing, and leaves no pins', async () => {
    const { code, stderr } = await run(yaml([1]).replace('eth0', 'eth9'))
    expect(stderr).toContain('there is no interface eth9')
    expect(code).toBe(1)
    nothingLeft()
  })

  it('names the program that is in the way, and does not evict it', async () => {
    const before = await program()
    const { code, stderr } = await run(yaml([1]))
    expect(stderr).toContain('eth0')
    expect(stderr).toMatch(new RegExp(`\\b${before}\\b`))
    expect(code).toBe(1)
    expect(await program()).toBe(before)
    nothingLeft()
  })

  it('names the capabilities that are missing', async () => {
    const bare = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--reuid=0', '--clear-groups']
    const { code, stderr } = await topology.lab.run(
      topology.director.namespace,
      [...bare, ...command(), 'run', '-c', director.file],
      { env: elsewhere() },
    )
    expect(stderr).toMatch(/CAP_(BPF|NET_ADMIN|PERFMON|SYS_ADMIN)/)
    expect(stderr).not.toContain('    at ')
    expect(code).toBe(1)
    nothingLeft()
  })
})

describe('a run without a file', () => {
  it('serves, and on Ctrl-C gives the interface back as it was', async () => {
    await stop('SIGTERM')
    await director.json('detach', '--all').catch(() => undefined)
    expect((await director.xlvs('detach', '--all')).code).toBe(0)
    expect(await program()).toBe('none')
    const words = [
      '--vip',
      `${VIP}:80`,
      '--to',
      '192.0.2.21,192.0.2.22=3',
      '--dev',
      'eth0',
      '--scheduler',
      'wrr',
    ]
    const daemon = topology.lab.start(
      topology.director.namespace,
      [...command(), 'run', ...words],
      elsewhere(),
    )
    await daemon.line(/Ctrl-C ends it and restores eth0/)
    expect(await ask(40)).toMatchObject({ done: 40, failed: 0, by: { web1: 10, web2: 30 } })
    expect(await daemon.stop('SIGINT')).toBe(0)
    expect(await program()).toBe('none')
    expect(existsSync(elsewhere().XLVS_PIN_ROOT)).toBe(false)
    expect(existsSync(elsewhere().XLVS_STATE_DIR)).toBe(false)
  })

  it('gives it back also when Ctrl-C comes before the start is through', async () => {
    const words = ['--vip', `${VIP}:80`, '--to', '192.0.2.200', '--dev', 'eth0']
    const daemon = topology.lab.start(
      topology.director.namespace,
      [...command(), 'run', ...words],
      elsewhere(),
    )
    while ((await program()) === 'none') await sleep(5)
    expect(daemon.stdout()).toBe('')
    expect(await daemon.stop('SIGINT')).toBe(0)
    expect(await program()).toBe('none')
    expect(existsSync(elsewhere().XLVS_PIN_ROOT)).toBe(false)
  })
})

function command(): [string, string] {
  return [process.execPath, join(process.cwd(), 'bin', 'xlvs')]
}

/** Places of a daemon of its own in the same network. */
function elsewhere() {
  const { lab } = topology
  return {
    XLVS_SOCKET: join(lab.folder, 'other.sock'),
    XLVS_PIN_ROOT: `${lab.pinRoot}-other`,
    XLVS_STATE_DIR: join(lab.folder, 'other-state'),
  }
}
