// SPDX-License-Identifier: Apache-2.0
// The stage of a run: hosts, the daemon, and the programs of the traffic, all under one lab.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Running } from '../demo/lab/command.js'
import { type Director, startDirector } from '../demo/lab/director.js'
import { buildTopology, type Host, type Topology } from '../demo/lab/topology.js'
import type { Random } from './random.js'
import type { Size } from './size.js'
import { tell } from './traffic/control.js'

export const PREFIX = 'xlvs-calm'
export const VIP = '192.0.2.10'
export const VIP6 = '2001:db8::10'
export const SERVICE = `${VIP}:80`
export const SERVICE6 = `[${VIP6}]:80`
export const DATAGRAMS = `${VIP}:53`

/** A program of the traffic, and the host that it runs in. */
export interface Actor {
  readonly host: Host
  readonly process: Running
  tell<T>(word: string): Promise<T>
}

export interface Stage {
  readonly topology: Topology
  readonly director: Director
  readonly size: Size
  readonly random: Random
  readonly servers: readonly Actor[]
  readonly clients: readonly Actor[]
  /** idle; they show the counters of namespaces in which nothing else lives as long as the lab */
  readonly idle: { readonly director: Running; readonly wire: Running }
}

/** Everything stands and every connection that is to be held is open; nothing is sent. */
export async function setUp(size: Size, random: Random): Promise<Stage> {
  const topology = await buildTopology({ clients: size.clients, reals: size.reals }, PREFIX)
  try {
    const { lab } = topology
    await staysWithoutLink(topology)
    const servers = await Promise.all(topology.reals.map((host) => startServer(topology, host)))
    const director = await startDirector(topology, configuration(topology))
    const clients = await Promise.all(topology.clients.map((host, i) => startClient(topology, host, size, i)))
    const sleeper = (namespace: string) => lab.start(namespace, ['sleep', 'infinity'])
    const idle = { director: sleeper(topology.director.namespace), wire: sleeper(topology.wire) }
    const stage = { topology, director, size, random, servers, clients, idle }
    await openAll(stage)
    return stage
  } catch (error) {
    await topology.lab.close()
    throw error
  }
}

/** What is held and not open is opened; throws when that fails. */
export async function openAll({ clients }: Stage): Promise<void> {
  const said = await Promise.all(clients.map((client) => client.tell<string | null>('open')))
  const why = said.find((one) => one !== null)
  if (why !== undefined) throw new Error(why ?? '')
}

/** Real servers of the beginning: all but the last, which is spare. */
export function usual({ reals }: Topology): readonly Host[] {
  return reals.slice(0, -1)
}

export function spare({ reals }: Topology): Host {
  return reals.at(-1) as Host
}

export interface FileWish {
  /** further lines of services */
  readonly others?: readonly string[]
  /** weight of the spare real server; absent = it is not in the file */
  readonly spare?: number
  /** real servers are checked */
  readonly checked?: true
}

/** Through the VIP, as clients come. Datagrams have no answer that could be checked: their real servers are asked over TCP. */
const CHECK = 'kind: tcp, interval: 0.5, timeout: 0.5, rise: 2, fall: 2'

/** Requests go by weight over both families; datagrams over IPv4, and never to the spare real server. */
export function configuration(topology: Topology, wish: FileWish = {}): string {
  const { others = [], spare: weight } = wish
  const list = (of: (host: Host) => string) => {
    const entries = usual(topology).map((host) => `"${of(host)}"`)
    const last = `{address: "${of(spare(topology))}", weight: ${weight}}`
    return {
      usual: entries.join(', '),
      all: [...entries, ...(weight === undefined ? [] : [last])].join(', '),
    }
  }
  const check = (service: string) =>
    wish.checked ? `checks: [{${CHECK}${service === DATAGRAMS ? ', port: 80' : ''}}], ` : ''
  const [four, six] = [list(({ ipv4 }) => ipv4), list(({ ipv6 }) => ipv6)]
  // a port that a client uses again shall be a new connection: see FIN_WAIT in IPVS
  return `interfaces: [eth0]
limits: {connections: 65536}
timeouts: {tcpfin: 2}
services:
  - {vip: "${SERVICE}", scheduler: wrr, ${check(SERVICE)}reals: [${four.all}]}
  - {vip: "${SERVICE6}", scheduler: wrr, ${check(SERVICE6)}reals: [${six.all}]}
  - {vip: "${DATAGRAMS}", protocol: udp, scheduler: rr, ${check(DATAGRAMS)}reals: [${four.usual}]}
${others.map((line) => `  - ${line}\n`).join('')}`
}

/** The file is written so, and read. */
export async function reload({ director, topology }: Stage, wish: FileWish = {}): Promise<void> {
  director.writeFile(configuration(topology, wish))
  await director.json('reload')
}

/** A real server whose link goes down and comes back keeps its IPv6 address, as it does its IPv4 address. */
async function staysWithoutLink({ lab, reals }: Topology): Promise<void> {
  const keep = 'echo 1 >/proc/sys/net/ipv6/conf/eth0/keep_addr_on_down'
  await Promise.all(reals.map(({ namespace }) => lab.must(namespace, ['sh', '-c', keep])))
}

async function startServer(topology: Topology, host: Host): Promise<Actor> {
  return start(topology, host, 'server', ['--name', host.role, '--datagrams', DATAGRAMS])
}

async function startClient(topology: Topology, host: Host, size: Size, i: number): Promise<Actor> {
  const share = (all: number) => String(Math.ceil(all / size.clients))
  return start(topology, host, 'client', [
    ...[VIP, VIP6].flatMap((vip) => ['--vip', vip]),
    ...['--kept', share(size.kept), '--ask-every', String(size.askEvery)],
    ...['--downloads', share(size.downloads), '--short', share(size.short)],
    ...['--datagrams', DATAGRAMS, '--streams', share(size.streams)],
    ...['--first', String(i * Math.ceil(size.streams / size.clients))],
  ])
}

async function start(
  { lab }: Topology,
  host: Host,
  program: 'server' | 'client',
  words: readonly string[],
): Promise<Actor> {
  const control = join(lab.folder, `${host.role}.control`)
  const process_ = lab.start(host.namespace, [
    process.execPath,
    compiled(program),
    ...['--control', control, '--port', '80'],
    ...words,
  ])
  await process_.line(/ ?listens/)
  return { host, process: process_, tell: (word) => tell(control, word) }
}

/** Also when this file runs from source. */
function compiled(program: string): string {
  return fileURLToPath(new URL(`../../dist/calm/traffic/${program}.js`, import.meta.url))
}
