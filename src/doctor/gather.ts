// SPDX-License-Identifier: Apache-2.0
// Asks the world everything that is judged: the kernel, the daemon, the tools at hand. It changes nothing.
import type { HealthRow } from '../api/contract.js'
import type { KernelView } from '../datapath/inspect.js'
import type { AddressText, AttachMode, Desired, Outcome, Problem } from '../model/types.js'
import { askThrough, type ProbePath } from './ask.js'
import type { ArpAnswer, DaemonView, DirectoryFault, Facts, InterfaceFacts } from './facts.js'
import { lookAtHost } from './host.js'
import { readIpvs } from './ipvs.js'
import { pairsOf, tellThrough } from './pairs.js'
import { readArping, readChannels, readOffloads, readProxied } from './tools.js'

/** The world outside, in one value. */
export interface World {
  readonly kernel: (pinRoot: string, vips: readonly AddressText[]) => Promise<KernelView>
  readonly daemon: (socket: string) => Promise<DaemonView>
  readonly readConfig: (path: string, text: string) => Promise<Outcome<Desired>>
  /** what a tool printed, whatever its exit code; undefined: there is no such tool */
  readonly run: (...argv: readonly string[]) => Promise<string | undefined>
  /** a file's text */
  readonly read: (path: string) => Promise<Outcome<string>>
  /** undefined: it can be written */
  readonly cannotWrite: (directory: string) => Promise<DirectoryFault | undefined>
  /** marked sockets of our own; refused where the kernel cannot, or where they would disturb a running daemon's */
  readonly probes: (pinRoot: string, daemonAnswers: boolean) => Promise<Outcome<ProbePath>>
  readonly cpus: number
}

export interface Wish {
  readonly interfaces: readonly string[]
  /** path */
  readonly file: string | undefined
  readonly socket: string
  readonly pinRoot: string
  readonly stateDir: string
  /** real servers are asked through their VIPs */
  readonly probe: boolean
  readonly words: Facts['words']
}

export async function gather(world: World, wish: Wish): Promise<Facts> {
  const daemon = await world.daemon(wish.socket)
  const running = daemon.state === 'answers' ? daemon : undefined
  const config = await readFile(world, wish.file ?? running?.status.file, wish.file !== undefined)
  const desired = config.desired ?? running?.desired
  const vips = vipsOf(desired)
  const pinRoot = running?.status.pinRoot ?? wish.pinRoot
  const stateDir = running?.status.stateDir ?? wish.stateDir
  const kernel = await world.kernel(pinRoot, vips)
  const wanted = wishes(wish.interfaces, [desired, running?.desired], kernel)
  const interfaces = await Promise.all([...wanted].map(([name, mode]) => look(world, kernel, name, mode)))
  const fault = await world.cannotWrite(stateDir)
  return {
    kernel,
    host: await lookAtHost(world, running?.status.pid, checksOf(running?.health ?? [])),
    cpus: world.cpus,
    daemon,
    desired,
    file: config.file,
    fileProblems: config.problems,
    interfaces,
    vips,
    proxied: readProxied(`${await proxies(world)}`),
    arp: await askArp(world, interfaces, vips),
    through: wish.probe ? await through(world, pinRoot, { daemon, desired, interfaces }) : undefined,
    ipvs: await ipvsServices(world),
    stateDir: { path: stateDir, fault },
    socket: wish.socket,
    unit: running && (await unitOf(world, running.status.pid)),
    words: wish.words,
  }
}

function checksOf(health: readonly HealthRow[]): number {
  return health.reduce((sum, { checks }) => sum + checks.length, 0)
}

interface Config {
  readonly file: Facts['file']
  readonly desired: Desired | undefined
  readonly problems: readonly Problem[]
}

/** A file that the daemon names may be out of our reach; one that was asked for must not. */
async function readFile(world: World, path: string | undefined, asked: boolean): Promise<Config> {
  if (path === undefined) return { file: undefined, desired: undefined, problems: [] }
  const text = await world.read(path)
  if (!text.ok) return { file: undefined, desired: undefined, problems: asked ? text.problems : [] }
  const file = { path, text: text.value }
  const parsed = await world.readConfig(path, text.value)
  return parsed.ok
    ? { file, desired: asked ? parsed.value : undefined, problems: [] }
    : { file, desired: undefined, problems: parsed.problems }
}

function vipsOf(desired: Desired | undefined): readonly AddressText[] {
  const named = [...(desired?.services ?? []), ...(desired?.marks ?? [])].map(({ vip }) => vip)
  return [...new Set(named.filter((vip): vip is AddressText => vip !== undefined))]
}

/** Those of the command line alone when it names any, else all that are wished for or attached. */
function wishes(
  named: readonly string[],
  desired: readonly (Desired | undefined)[],
  kernel: KernelView,
): ReadonlyMap<string, AttachMode | undefined> {
  const all = new Map<string, AttachMode | undefined>(kernel.pinned.map(({ name }) => [name, undefined]))
  for (const one of desired) for (const { name, mode } of one?.interfaces ?? []) all.set(name, mode)
  return named.length === 0 ? all : new Map(named.map((name) => [name, all.get(name)]))
}

async function look(
  world: World,
  kernel: KernelView,
  name: string,
  wanted: AttachMode | undefined,
): Promise<InterfaceFacts> {
  const device = kernel.devices.find((each) => each.name === name)
  const [features, channels, ...ignore] = await Promise.all([
    world.run('ethtool', '-k', name),
    world.run('ethtool', '-l', name),
    ...['all', name].map((each) => world.read(`/proc/sys/net/ipv4/conf/${each}/arp_ignore`)),
  ])
  return {
    name,
    device,
    wanted,
    offloads: features ? readOffloads(features) : undefined,
    channels: channels ? readChannels(channels) : undefined,
    arpIgnore: Math.max(0, ...ignore.map((text) => (text?.ok ? Number(text.value) : 0))),
  }
}

async function proxies(world: World): Promise<string> {
  const [four, six] = await Promise.all(
    ['-4', '-6'].map((family) => world.run('ip', family, 'neigh', 'show', 'proxy')),
  )
  return `${four ?? ''}\n${six ?? ''}`
}

/** One request per VIP and interface; a second is long enough for a link. */
async function askArp(
  world: World,
  interfaces: readonly InterfaceFacts[],
  vips: readonly AddressText[],
): Promise<readonly ArpAnswer[] | undefined> {
  const up = interfaces.filter(({ device }) => device?.up && device.carrier)
  const pairs = vips
    .filter((vip) => !vip.includes(':'))
    .flatMap((vip) => up.map(({ name }) => ({ vip, interface: name })))
  const asked = await Promise.all(
    pairs.map(async (pair) => {
      const text = await world.run('arping', '-D', '-c', '1', '-w', '1', '-I', pair.interface, pair.vip)
      const macs = readArping(text ?? '')
      return macs && { ...pair, macs }
    }),
  )
  const answers = asked.filter((answer) => answer !== undefined)
  return answers.length === 0 ? undefined : answers
}

/** What the daemon asks through VIPs already is not asked again. */
async function through(
  world: World,
  pinRoot: string,
  { daemon, desired, interfaces }: Pick<Facts, 'daemon' | 'desired' | 'interfaces'>,
): Promise<Facts['through']> {
  const { known, unknown } = pairsOf(desired, daemon)
  if (unknown.length === 0) return known
  const path = await world.probes(pinRoot, daemon.state === 'answers')
  if (!path.ok) return [...known, ...tellThrough(unknown, path.problems)]
  try {
    const up = interfaces.filter(({ device }) => device?.up).map(({ name }) => name)
    const attached = path.value.attach(up)
    if (!attached.ok) return [...known, ...tellThrough(unknown, attached.problems)]
    return [...known, ...(await askThrough(path.value, unknown))]
  } finally {
    path.value.close()
  }
}

async function ipvsServices(world: World): Promise<Facts['ipvs']> {
  const text = await world.read('/proc/net/ip_vs')
  return text.ok ? readIpvs(text.value) : []
}

/** Only a unit that is named for xlvs is the daemon's own. */
async function unitOf(world: World, pid: number): Promise<string | undefined> {
  const text = await world.read(`/proc/${pid}/cgroup`)
  return text.ok ? /\/(xlvs[\w@.-]*)\.service$/m.exec(text.value)?.[1] : undefined
}
