// SPDX-License-Identifier: Apache-2.0
// Two directors, each with keepalived's VRRP and xlvs from one keepalived.conf: xlvs knows who is master, a director
// that cannot reach its real servers loses mastership, and clients notice nothing of a fail-over.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Status } from '../../src/api/contract.js'
import type { VrrpState } from '../../src/model/vrrp.js'
import { type Held, hold } from '../lab/flows.js'
import {
  answered,
  askedBeforeEnded,
  buildTopology,
  type Host,
  type Load,
  load,
  type Running,
  serve,
  type Topology,
} from '../lab/index.js'
import { until } from '../lab/until.js'

const VIP = '192.0.2.10'
const xlvsCommand = fileURLToPath(new URL('../../bin/xlvs', import.meta.url))

interface Pair {
  readonly name: 'one' | 'two'
  readonly host: Host
  readonly env: Readonly<Record<string, string>>
  readonly trackFile: string
  xlvs: Running
  keepalived: Running
}

let topology: Topology
let file: string
let one: Pair
let two: Pair
let held: Held
let requests: Load

beforeAll(async () => {
  topology = await buildTopology({ reals: 2, directors: 2 })
  const { lab, reals, directors, clients } = topology
  await Promise.all(reals.map((real) => serve(lab, real)))
  file = join(lab.folder, 'keepalived.conf')
  writeFileSync(file, conf())
  ;[one, two] = (await Promise.all(
    (['one', 'two'] as const).map((name, i) => startPair(name, directors[i] as Host)),
  )) as [Pair, Pair]
  await becomes(one, 'MASTER')
  await becomes(two, 'BACKUP')
  held = await hold(lab, clients[0], `http://${VIP}/`, { flows: 8 })
  requests = load(lab, clients[0], `http://${VIP}/`, { concurrency: 3, rate: 100 })
  await answered(requests, 50)
})
afterAll(() => topology?.lab.close())

/** The same file for both, as keepalived's documentation wants it; `mh`: the other director chooses the same. */
function conf(): string {
  const { folder } = topology.lab
  return `global_defs {
    script_user root
    @one vrrp_notify_fifo ${folder}/one.fifo
    @two vrrp_notify_fifo ${folder}/two.fifo
}
track_file able {
    @one file ${folder}/one.track
    @two file ${folder}/two.track
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    @one priority 150
    @two priority 100
    advert_int 0.2
    track_file {
        able weight 100
    }
    virtual_ipaddress {
        ${VIP}/32
    }
}
virtual_server ${VIP} 80 {
    lvs_sched mh
    lvs_method DR
    protocol TCP
    real_server 192.0.2.21 80 {
    }
    real_server 192.0.2.22 80 {
    }
}
`
}

async function startPair(name: Pair['name'], host: Host): Promise<Pair> {
  const { lab } = topology
  const env = {
    XLVS_SOCKET: join(lab.folder, `${name}.sock`),
    XLVS_PIN_ROOT: join(lab.pinRoot, name),
    XLVS_STATE_DIR: join(lab.folder, `${name}.state`),
  }
  const trackFile = join(lab.folder, `${name}.track`)
  const xlvs = await startXlvs({ name, host, env, trackFile })
  const pair = { name, host, env, trackFile, xlvs, keepalived: xlvs }
  // mid-flow segments of the other director's connections are scheduled here, and mh chooses as that one did
  await say(pair, 'tune', 'sloppy_tcp=1')
  return { ...pair, keepalived: startKeepalived(pair) }
}

async function startXlvs({
  name,
  host,
  env,
  trackFile,
}: Omit<Pair, 'xlvs' | 'keepalived'>): Promise<Running> {
  const words = ['--dev', 'eth0', '--track-file', trackFile, '-i', name]
  const argv = [process.execPath, xlvsCommand, 'keepalived', 'run', file, ...words]
  const running = topology.lab.start(host.namespace, argv, env)
  await running.line(/is running, attached to eth0/)
  return running
}

/** VRRP alone: checks and services are xlvs's. */
function startKeepalived({ name, host }: Pick<Pair, 'name' | 'host'>): Running {
  const { lab } = topology
  const pids = ['-p', `${lab.folder}/${name}.pid`, '-r', `${lab.folder}/${name}.vrrp.pid`]
  return lab.start(host.namespace, ['keepalived', '-n', '-l', '-P', '-f', file, '-i', name, ...pids])
}

async function say({ host, env }: Pick<Pair, 'host' | 'env'>, ...words: readonly string[]): Promise<string> {
  return topology.lab.must(host.namespace, [process.execPath, xlvsCommand, ...words], { env })
}

async function becomes(pair: Pair, state: VrrpState): Promise<void> {
  await until(`director ${pair.name} is ${state}`, async () => {
    const { vrrp } = JSON.parse(await say(pair, 'status', '--json')) as Status
    return vrrp.find(({ kind, name }) => kind === 'instance' && name === 'VI_1')?.state === state
  })
}

async function goOn(): Promise<void> {
  await Promise.all([held.goOn(), askedBeforeEnded(requests)])
  expect(requests.latest().failures).toEqual({})
  const { failures, moved } = held.latest()
  expect({ failures, moved }).toEqual({ failures: {}, moved: 0 })
}

const tracked = ({ trackFile }: Pair) => readFileSync(trackFile, 'utf8').trim()
const unreachable = (does: 'add' | 'del') =>
  Promise.all(
    ['192.0.2.21', '192.0.2.22'].map((real) =>
      topology.lab.must(one.host.namespace, ['ip', 'route', does, 'unreachable', `${real}/32`]),
    ),
  )

describe('two directors', () => {
  it('know who is master, and that both can serve', async () => {
    expect([tracked(one), tracked(two)]).toEqual(['0', '0'])
    expect(await say(one, 'status')).toMatch(/^vrrp +instance VI_1 is MASTER since/m)
    await goOn()
  })

  it('when the master cannot reach its real servers, the other one becomes master, and no request fails', async () => {
    await unreachable('add')
    await until('it says so', () => tracked(one) === '-1')
    await becomes(two, 'MASTER')
    await becomes(one, 'BACKUP')
    await goOn()
  })

  it('when they are back, so is its mastership', async () => {
    await unreachable('del')
    await until('it says so', () => tracked(one) === '0')
    await becomes(one, 'MASTER')
    await becomes(two, 'BACKUP')
    await goOn()
  })

  it('when its keepalived ends, connections go on through the other one', async () => {
    await one.keepalived.stop('SIGTERM')
    await becomes(two, 'MASTER')
    await becomes(one, 'STOP')
    await goOn()
  })

  it('a FIFO that keepalived takes away and makes again is followed, also by an xlvs that was started again', async () => {
    await one.xlvs.stop('SIGKILL')
    one.keepalived = startKeepalived(one)
    one.xlvs = await startXlvs(one)
    await becomes(one, 'MASTER')
    await goOn()
  })

  it('and at the end not one request of all has failed', async () => {
    expect(await requests.stop()).toMatchObject({ failed: 0, failures: {} })
    expect(await held.close()).toMatchObject({ failed: 0, moved: 0 })
  })
})
