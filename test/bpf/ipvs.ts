// SPDX-License-Identifier: Apache-2.0
// What the Linux kernel's IPVS did, recorded (test/fixtures/ipvs), played to the datapath again: rules, packets,
// pauses, and what the kernel answered to each.
import { readFileSync } from 'node:fs'
import type { Desired, Persistence, Protocol, SchedulerName, Service } from '../../src/model/types.js'
import { frame, icmp, ipPacket, type Transport, tcp, udp } from '../packets/frames.js'
import type { Rig, ServiceWords } from './rig.js'

export interface Step {
  readonly op: string
  readonly args?: string
  readonly text?: string | readonly string[]
  readonly s?: number
  readonly v?: string
  readonly proto?: string
  readonly src?: string
  readonly dst?: string
  readonly sport?: number
  readonly dport?: number
  readonly flags?: string
  readonly type?: number
  readonly code?: number
  readonly inner?: Step
  readonly what?: string
  readonly parsed?: readonly { svc: string; dests: readonly Listed[] }[]
  readonly conns?: readonly Row[]
}

interface Listed {
  readonly rs: string
  readonly weight: number
  readonly active: number
  readonly inact: number
}

export interface Row {
  readonly pro: string
  readonly state: string
  readonly src: string
  readonly virt: string
  readonly dst: string
  readonly exp: number
}

export interface Recording {
  readonly name: string
  readonly servers: ReadonlyMap<string, string>
  readonly steps: readonly Step[]
}

export function recording(name: string): Recording {
  const lines = readFileSync(new URL(`../fixtures/ipvs/${name}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
  const [head, ...steps] = lines.map((line) => JSON.parse(line))
  const servers = Object.entries(head.rs as Record<string, { ips: string[] }>)
  return { name, servers: new Map(servers.flatMap(([rs, { ips }]) => ips.map((ip) => [ip, rs]))), steps }
}

type Services = readonly ServiceWords[]
type Words = { vip: string; port: number; protocol: Protocol }

function words(args: string): Map<string, string> {
  const options = new Map<string, string>()
  const parts = args.split(' ')
  for (let i = 0; i < parts.length; i++) {
    const [word, next] = [parts[i] as string, parts[i + 1]]
    if (next !== undefined && !next.startsWith('-')) options.set(word, parts[++i] as string)
    else options.set(word, '')
  }
  return options
}

function endpoint(text: string): { address: string; port: number } {
  const match = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(
    text.includes(']') || text.split(':').length === 2 ? text : `[${text}]`,
  )
  return { address: match?.[1] ?? '', port: Number(match?.[2] ?? 0) }
}

function serviceOf(options: Map<string, string>): Words {
  const protocol = options.has('-u') ? 'udp' : 'tcp'
  const { address, port } = endpoint(options.get('-t') ?? options.get('-u') ?? '')
  return { vip: address, port, protocol }
}

function persistenceOf(options: Map<string, string>): { persistence?: Persistence } {
  if (!options.has('-p')) return {}
  const timeout = Number(options.get('-p') || 360)
  const netmask = options.get('-M')
  if (netmask === undefined)
    return { persistence: { timeout, prefix: serviceOf(options).vip.includes(':') ? 128 : 32 } }
  if (!netmask.includes('.')) return { persistence: { timeout, prefix: Number(netmask) } }
  return { persistence: { timeout, prefix: 32, mask: netmask } }
}

/** One ipvsadm command line, as a change of the services. */
function change(services: Services, args: string): Services {
  const options = words(args)
  const key = serviceOf(options)
  const same = (s: ServiceWords) => s.vip === key.vip && s.port === key.port && s.protocol === key.protocol
  const header = {
    ...key,
    scheduler: (options.get('-s') ?? 'wlc') as SchedulerName,
    ...persistenceOf(options),
  }
  if (options.has('-A')) return [...services, { ...header, reals: [] }]
  if (options.has('-E')) return services.map((s) => (same(s) ? { ...header, reals: s.reals } : s))
  const address = endpoint(options.get('-r') ?? '').address
  const real = { address, weight: Number(options.get('-w') ?? 1) }
  const edit = (s: Service | ServiceWords) => {
    if (options.has('-a')) return [...s.reals, real]
    if (options.has('-e')) return s.reals.map((old) => (addressOf(old) === address ? real : old))
    return s.reals.filter((old) => addressOf(old) !== address)
  }
  return services.map((s) => (same(s) ? { ...s, reals: edit(s) } : s))
}

function addressOf(real: Desired['services'][number]['reals'][number] | string): string {
  return typeof real === 'string' ? real : real.address
}

function transport(step: Step): Transport {
  const [sport, dport] = [step.sport ?? 0, step.dport ?? 0]
  if (step.proto === 'udp') return udp(sport, dport)
  if (step.proto !== 'icmp') return tcp(sport, dport, step.flags ?? '')
  const inner = step.inner as Step
  const quoted = ipPacket({ src: inner.src ?? '', dst: inner.dst ?? '', payload: transport(inner) })
  return icmp(step.type ?? 0, step.code ?? 0, quoted.subarray(0, 28))
}

/** In the oracle's words: rsN, local, drop, icmp:3/3. */
export function verdict(rig: Rig, recorded: Recording, step: Step): string {
  const judgement = rig.send(frame({ src: step.src ?? '', dst: step.dst ?? '', payload: transport(step) }))
  const real = rig.realOf(judgement)
  if (real !== undefined) return recorded.servers.get(real) ?? real
  if (judgement.reason === 'answer_no_real') return 'icmp:3/3'
  return judgement.action === 'pass' ? 'local' : judgement.action
}

/** Head of the list first. */
export function listed(rig: Rig, desired: Desired): { svc: string; dests: Listed[] }[] {
  return rig.datapath.snapshot(desired).services.map(({ match, reals }) => ({
    svc: match.mark === undefined ? `${match.protocol.toUpperCase()} ${at(match.vip, match.port)}` : '',
    dests: reals.map((real) => ({
      rs: at(real.address, real.port),
      weight: real.effectiveWeight,
      active: real.active,
      inact: real.inactive,
    })),
  }))
}

function at(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** Connections and templates as `ipvsadm -Lnc` shows them. */
export function rows(rig: Rig): Row[] {
  const conns = [...rig.datapath.conns()].map((conn) => ({
    pro: conn.protocol.toUpperCase(),
    state: conn.state,
    src: at(conn.client, conn.clientPort),
    virt: at(conn.vip, conn.virtualPort),
    dst: at(conn.real, conn.realPort),
    exp: conn.expiresIn,
  }))
  const templates = [...rig.datapath.templates()].map((template) => ({
    pro: template.protocol.toUpperCase(),
    state: template.assured ? 'ASSURED' : 'NONE',
    src: at(template.clientNet, 0),
    virt: at(template.vip, template.virtualPort),
    dst: at(template.real, template.realPort),
    exp: template.expiresIn,
  }))
  return [...conns, ...templates]
}

export function play(services: Services, args: string): Services {
  return change(services, args)
}
