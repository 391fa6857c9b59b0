// SPDX-License-Identifier: Apache-2.0
// Somebody else writes into the maps and meddles with the interfaces while traffic runs: each time the daemon notices,
// says so once, counts it and puts it right; what is not its own it leaves alone.
import { existsSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type BpfMap, openLink, openMap, openObject, openXdpLink, u32 } from 'libbpf-ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  Iface_SIZE,
  Nexthop_SIZE,
  Real_OFFSETS,
  RealInfo_OFFSETS,
  Settings_OFFSETS,
} from '../../src/abi/generated.js'
import type { InterfaceRow, NexthopRow, RealRow } from '../../src/api/contract.js'
import { type Held, hold } from '../lab/flows.js'
import {
  answered,
  buildTopology,
  type Director,
  type Load,
  load,
  serve,
  startDirector,
  type Topology,
} from '../lab/index.js'
import { until } from '../lab/until.js'
import { metric, realsOf, rows, xdpOn } from '../lab/view.js'

const SERVICE = '192.0.2.10:80'
const METRICS = '127.0.0.1:9612'
const FILE = `interfaces: [eth0]
metrics: ${METRICS}
limits: {connections: 131072, templates: 1024}
services:
  - {vip: "${SERVICE}", scheduler: wrr, reals: [192.0.2.21, {address: 192.0.2.22, weight: 2}]}
marks:
  - {vip: 192.0.2.11, protocol: tcp, ports: 80, mark: 6}
`

let topology: Topology
let director: Director
let requests: Load
let held: Held

beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  const { lab, reals, clients } = topology
  await Promise.all(reals.map((real) => serve(lab, real)))
  director = await startDirector(topology, `${FILE}`)
  held = await hold(lab, clients[0], `http://${SERVICE}/`, { flows: 6 })
  requests = load(lab, clients[0], `http://${SERVICE}/`, { concurrency: 2 })
  await answered(requests, 50)
})
afterAll(() => topology?.lab.close())

const pin = (...names: string[]) => join(topology.lab.pinRoot, ...names)

async function repairs(what?: string): Promise<number> {
  const samples = await metric(topology.lab, topology.director.namespace, METRICS, 'xlvs_drift_repairs_total')
  return samples(...(what === undefined ? [] : [`what="${what}"`])) ?? 0
}

/** Changes an element of an array map behind the daemon's back. */
function scribble(name: string, index: number, change: (bytes: Uint8Array) => void): void {
  using map: BpfMap = openMap(pin('maps', name))
  const bytes = map.lookup(u32(index)) as Uint8Array
  change(bytes)
  map.update(u32(index), bytes)
}

function element(name: string, index: number): Uint8Array {
  using map: BpfMap = openMap(pin('maps', name))
  return map.lookup(u32(index)) as Uint8Array
}

const mended = () =>
  director
    .daemon()
    .stderr()
    .split('\n')
    .filter((line) => line.startsWith('mended,'))

/** Does harm, and waits until that one thing is told, counted and right again; no connection is lost over it. */
async function isMended(
  what: string,
  words: RegExp,
  harm: () => void,
  right: () => boolean | Promise<boolean>,
) {
  const [before, lines] = [await repairs(what), mended().length]
  expect(await right()).toBe(true)
  harm()
  await until(`${what} is mended`, async () => (await repairs(what)) > before && (await right()))
  expect(mended().slice(lines).join('\n')).toMatch(words)
  expect(mended()).toHaveLength(lines + 1)
  await answered(requests, 20, requests.latest())
  expect(await director.json('show', 'diff')).toEqual([])
}

const idOf = async (address: string): Promise<number> => {
  const { services } = (await director.json<{
    services: Record<string, { reals: { id: number; address: string }[] }>
  }>('show', 'actual')) as { services: Record<string, { reals: { id: number; address: string }[] }> }
  const reals = Object.values(services).flatMap((service) => service.reals)
  return reals.find((real) => real.address === address)?.id ?? 0
}

const wordOf = (bytes: Uint8Array, offset = 0) =>
  new DataView(bytes.buffer).getUint32(bytes.byteOffset + offset, true)
const same = (name: string, index: number, bytes: Uint8Array) =>
  Buffer.compare(element(name, index), bytes) === 0

describe('drift in the maps', () => {
  it('of a real server: its flags, next hop, thresholds and record', async () => {
    const id = await idOf('192.0.2.21')
    const whole = element('reals', id)
    const right = () => same('reals', id, whole)
    await isMended(
      'real',
      /flags and thresholds of real server 192\.0\.2\.21$/,
      () => scribble('reals', id, (b) => b.fill(0, Real_OFFSETS.flags, Real_OFFSETS.flags + 4)),
      right,
    )
    await isMended(
      'nexthop',
      /the next hop of 192\.0\.2\.21$/,
      () => scribble('reals', id, (b) => b.fill(0, Real_OFFSETS.nexthop, Real_OFFSETS.nexthop + 4)),
      right,
    )
    await isMended(
      'real',
      /real server 192\.0\.2\.21$/,
      () => scribble('reals', id, (b) => b.fill(1, Real_OFFSETS.upper, Real_OFFSETS.upper + 4)),
      right,
    )
    const info = element('real_info', id)
    await isMended(
      'real',
      /real server 192\.0\.2\.21$/,
      () => scribble('real_info', id, (b) => b.fill(0)),
      () => same('real_info', id, info),
    )
    expect(info[RealInfo_OFFSETS.used]).toBe(1)
    expect((await held.goOn()).failed).toBe(0)
  })

  it('of what a next hop leads to', async () => {
    const slot = wordOf(element('reals', await idOf('192.0.2.22')))
    const hop = element('nexthops', slot)
    expect(hop).toHaveLength(Nexthop_SIZE)
    await isMended(
      'nexthop',
      /the next hop of 192\.0\.2\.22$/,
      () => scribble('nexthops', slot, (b) => b.fill(0xff, 0, 6)),
      () => same('nexthops', slot, hop),
    )
    expect((await held.goOn()).failed).toBe(0)
  })

  it('of a service: the pointer to it, and its table', async () => {
    const [ref, line] = [element('services', 1), wordOf(element('services', 1))]
    await isMended(
      'service',
      /the pointer to service 1$/,
      () => scribble('services', 1, (b) => b.fill(0)),
      () => same('services', 1, ref),
    )
    for (const offset of [0, 2]) {
      const table = element('tables', line + offset)
      await isMended(
        'service',
        /the table of service 1$/,
        () => scribble('tables', line + offset, (b) => b.fill(0xee)),
        () => same('tables', line + offset, table),
      )
    }
    expect((await held.goOn()).failed).toBe(0)
    expect(await idOf('192.0.2.21')).not.toBe(0)
  })

  it('of the settings: timeouts, and the way to a directory', async () => {
    const whole = element('settings', 0)
    const right = () => {
      const now = element('settings', 0)
      for (const at of [Settings_OFFSETS.dropCounter, Settings_OFFSETS.clock])
        now.set(whole.subarray(at, at + 4), at)
      return Buffer.compare(now, whole) === 0
    }
    await isMended(
      'settings',
      /the settings$/,
      () =>
        scribble('settings', 0, (b) => b.fill(1, Settings_OFFSETS.timeout, Settings_OFFSETS.timeout + 128)),
      right,
    )
    await isMended(
      'settings',
      /the settings$/,
      () =>
        scribble('settings', 0, (b) =>
          b.fill(0x7f, Settings_OFFSETS.services, Settings_OFFSETS.services + 8),
        ),
      right,
    )
    expect((await held.goOn()).failed).toBe(0)
  })

  it('of an entry in a directory', async () => {
    const line = wordOf(element('settings', 0), Settings_OFFSETS.services)
    const directory = element('tables', line)
    await isMended(
      'directory',
      /the table of directory tcp$/,
      () => scribble('tables', line, (b) => b.fill(0)),
      () => same('tables', line, directory),
    )
    expect((await held.goOn()).failed).toBe(0)
  })

  it('of an interface and of the ways out', async () => {
    const [eth0] = await rows<InterfaceRow>(director, 'interfaces')
    const index = eth0?.ifindex ?? 0
    const iface = element('ifaces', index)
    expect(iface).toHaveLength(Iface_SIZE)
    await isMended(
      'interface',
      /the entry of interface eth0$/,
      () => scribble('ifaces', index, (b) => b.fill(0)),
      () => same('ifaces', index, iface),
    )
    const port = () => {
      using ports = openMap(pin('maps', 'tx_ports'))
      return ports.lookup(u32(index)) !== undefined
    }
    const takeOut = () => {
      using ports = openMap(pin('maps', 'tx_ports'))
      ports.delete(u32(index))
    }
    await isMended('port', /the way out by interface \d+$/, takeOut, port)
  })

  it('of several things at once is one line', async () => {
    const id = await idOf('192.0.2.21')
    const [real, ref] = [element('reals', id), element('services', 1)]
    const harm = () => {
      scribble('services', 1, (b) => b.fill(0))
      scribble('reals', id, (b) => b.fill(0))
    }
    await until('a round is over', async () => {
      const lines = mended().length
      harm()
      await until('both are right', () => same('reals', id, real) && same('services', 1, ref))
      return mended().length === lines + 1 && mended().at(-1)?.includes(',')
    })
  })
})

describe('drift on an interface', () => {
  it('of the pin that keeps the program there', async () => {
    const path = pin('links', 'eth0')
    await isMended(
      'link',
      /the pin of eth0$/,
      () => unlinkSync(path),
      () => existsSync(path),
    )
  })

  it('of a pin of something else in its place, which is put aside', async () => {
    const path = pin('links', 'eth0')
    await isMended(
      'link',
      /the pin of eth0$/,
      () => {
        unlinkSync(path)
        using map = openMap(pin('maps', 'peers'))
        map.pin(path)
      },
      () => isLink(path),
    )
    expect(existsSync(pin('aside_eth0_1'))).toBe(true)
    using aside = openMap(pin('aside_eth0_1'))
    expect(aside.maxEntries).toBeGreaterThan(0)
  })

  it('of the program in the link', async () => {
    const program = await xdpOn(topology.lab, topology.director.namespace, 'eth0')
    const replaced = () => {
      using object = openObject(new URL('../../build/bpf/lab/pass.bpf.o', import.meta.url).pathname).load()
      using program = object.program(object.programs[0] as string)
      using link = openXdpLink(pin('links', 'eth0'))
      link.update(program)
    }
    await isMended(
      'link',
      /the program on eth0$/,
      replaced,
      async () => (await xdpOn(topology.lab, topology.director.namespace, 'eth0')) === program,
    )
  })

  it('of the link itself, torn off', async () => {
    const detach = () => {
      using link = openXdpLink(pin('links', 'eth0'))
      link.detach()
    }
    await isMended(
      'link',
      /the program on eth0$/,
      detach,
      async () => (await xdpOn(topology.lab, topology.director.namespace, 'eth0')) !== 'none',
    )
    await answered(requests, 50, requests.latest())
  })
})

describe('what is not its own', () => {
  it('stays: pins, services and real servers that it does not know', async () => {
    using peers = openMap(pin('maps', 'peers'))
    peers.pin(pin('somebodys'))
    peers.pin(pin('maps', 'somebodys'))
    peers.pin(pin('links', 'somebodys'))
    scribble('services', 40, (b) => b.fill(7))
    scribble('real_info', 40, (b) => b.fill(1))
    await director.json('add', 'service', '192.0.2.12:80', '--to', '192.0.2.21')
    await director.json('reload')
    await director.json('remove', 'service', '192.0.2.12:80')
    await director.daemon().stop('SIGKILL')
    await director.restart()
    expect(element('services', 40)).toEqual(new Uint8Array(8).fill(7))
    for (const path of [pin('somebodys'), pin('maps', 'somebodys'), pin('links', 'somebodys')])
      expect(existsSync(path)).toBe(true)
    expect((await realsOf(director, SERVICE)).map((real: RealRow) => real.effectiveWeight)).toHaveLength(2)
    await answered(requests, 50, requests.latest())
    expect((await rows<NexthopRow>(director, 'nexthops')).every(({ state }) => state === 'up')).toBe(true)
  })

  it('stays when everything is taken away, too', async () => {
    await director.daemon().stop()
    expect((await director.xlvs('detach', '--all')).code).toBe(0)
    for (const path of [
      pin('somebodys'),
      pin('maps', 'somebodys'),
      pin('links', 'somebodys'),
      pin('aside_eth0_1'),
    ]) {
      expect(existsSync(path)).toBe(true)
      unlinkSync(path)
    }
    expect(existsSync(pin('maps', 'settings'))).toBe(false)
    expect(await xdpOn(topology.lab, topology.director.namespace, 'eth0')).toBe('none')
    await director.restart()
    await answered(requests, 50, requests.latest())
  })
})

function isLink(path: string): boolean {
  try {
    using link = openLink(path)
    return link.info().type === 'xdp'
  } catch {
    return false
  }
}
