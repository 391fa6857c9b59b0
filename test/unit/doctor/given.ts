// SPDX-License-Identifier: Apache-2.0
// A healthy director as facts; tests say what is different.
import type { RealRow, Status } from '../../../src/api/contract.js'
import type { Device, KernelView } from '../../../src/datapath/inspect.js'
import type { Facts, InterfaceFacts } from '../../../src/doctor/facts.js'
import type { Finding } from '../../../src/doctor/finding.js'
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, DEFAULT_TUNABLES, type Desired } from '../../../src/model/types.js'

export const VIP = '192.0.2.10'
export const VIP6 = '2001:db8::10'
export const MAC = '02:00:00:00:00:02'
export const OTHER = '02:00:00:00:00:99'
const ZERO = { pass: 0, tx: 0, redirect: 0, drop: 0 }

export const device = (different: Partial<Device> = {}): Device => ({
  name: 'eth0',
  index: 2,
  mac: MAC,
  mtu: 1500,
  up: true,
  carrier: true,
  loopback: false,
  driver: 'veth',
  hooks: [{ mode: 'native', id: 7, name: '"xlvs"' }],
  ...different,
})

export const kernel = (different: Partial<KernelView> = {}): KernelView => ({
  release: '6.12.1',
  capabilities: { ok: true },
  bpfFileSystem: { ok: true },
  jit: { ok: true },
  programs: [{ ok: true }],
  jiffy: 4_000_000,
  devices: [device()],
  addresses: [
    { ifindex: 2, address: '192.0.2.2', prefix: 24 },
    { ifindex: 2, address: '2001:db8::2', prefix: 64 },
    { ifindex: 2, address: VIP, prefix: 32 },
  ],
  neighbours: [{ ifindex: 2, address: '192.0.2.21', mac: '02:00:00:00:00:21' }],
  local: [VIP],
  pinned: [{ name: 'eth0', ifindex: 2, programId: 7 }],
  ...different,
})

export const interfaceFacts = (different: Partial<InterfaceFacts> = {}): InterfaceFacts => ({
  name: 'eth0',
  device: device(),
  wanted: 'native',
  offloads: new Map(),
  channels: undefined,
  arpIgnore: 0,
  ...different,
})

export const desired: Desired = {
  interfaces: [{ name: 'eth0', mode: 'native' }],
  services: [
    {
      vip: VIP,
      port: 80,
      protocol: 'tcp',
      scheduler: 'rr',
      owner: 'file',
      reals: [{ address: '192.0.2.21', weight: 1 }],
    },
  ],
  marks: [],
  peers: [],
  timeouts: DEFAULT_TIMEOUTS,
  tunables: DEFAULT_TUNABLES,
  limits: DEFAULT_LIMITS,
}

export const status = (different: Partial<Status> = {}): Status => ({
  version: '0.1.0',
  pid: 42,
  startedAt: 0,
  file: '/etc/xlvs/lb.yaml',
  generation: 1,
  vrrp: [],
  adopted: false,
  pinRoot: '/sys/fs/bpf/xlvs',
  stateDir: '/var/lib/xlvs',
  services: 1,
  reals: 1,
  quiesced: 0,
  drained: 0,
  down: 0,
  unresolved: 0,
  interfaces: [
    { name: 'eth0', ifindex: 2, mac: MAC, mode: 'native', programId: 7, packets: ZERO, bytes: ZERO },
  ],
  tables: [{ name: 'conn4', entries: 10, capacity: 1000 }],
  totals: { connsCreated: 10, connsEvicted: 0 },
  limits: DEFAULT_LIMITS,
  ...different,
})

export const real = (different: Partial<RealRow> = {}): RealRow => ({
  service: `tcp ${VIP}:80`,
  real: `tcp ${VIP}:80 > 192.0.2.21`,
  address: '192.0.2.21',
  port: 80,
  weight: 1,
  effectiveWeight: 1,
  upper: 0,
  lower: 0,
  overloaded: false,
  rates: { cps: 0, inPps: 0, inBps: 0 },
  sinceZero: { connections: 0, packets: 0, bytes: 0 },
  active: 0,
  inactive: 0,
  persistent: 0,
  connections: 0,
  packets: 0,
  bytes: 0,
  nexthop: { state: 'up', mac: '02:00:00:00:00:21', interface: 'eth0' },
  ...different,
})

export const answering = (different: Partial<Status> = {}, reals: readonly RealRow[] = [real()]) =>
  ({ state: 'answers', status: status(different), reals, health: [], desired }) as const

export const NO_DAEMON = {
  state: 'none',
  problem: { reason: 'no daemon listens on /run/xlvs/xlvs.sock' },
} as const

export const facts = (different: Partial<Facts> = {}): Facts => ({
  kernel: kernel(),
  host: { synchronised: true, files: { most: 1024, needed: 300 } },
  cpus: 4,
  daemon: answering(),
  desired,
  file: { path: '/etc/xlvs/lb.yaml', text: 'interfaces: [eth0]\n' },
  fileProblems: [],
  interfaces: [interfaceFacts()],
  vips: [VIP],
  proxied: [],
  arp: undefined,
  through: undefined,
  ipvs: [],
  stateDir: { path: '/var/lib/xlvs', fault: undefined },
  socket: '/run/xlvs/xlvs.sock',
  unit: undefined,
  words: { ask: '', detach: '', run: '' },
  ...different,
})

/** Findings of one check, without what the test does not name. */
export const of = (findings: readonly Finding[], check: Finding['check']) =>
  findings.filter((one) => one.check === check)
