// SPDX-License-Identifier: Apache-2.0
// The director of an invented scenario while it is being written down: which services there are, who has sent what.
import type { Fields, Value } from '../scenario.js'
import type { Event, Kind } from './invent.js'

interface Service {
  /** '-t 10.0.1.1:80', '-f 6 -6' */
  readonly name: string
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly v6: boolean
  readonly ports: readonly number[]
  /** weights by real server's number */
  readonly reals: Map<number, number>
}

interface Flow {
  readonly service: Service
  readonly client: number
  readonly sport: number
  readonly dport: number
}

const SCHEDULERS = 'rr wrr lc wlc sh dh sed nq fo ovf mh lblc lblcr'.split(' ')
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  sh: ['', ' -b sh-port', ' -b sh-fallback', ' -b sh-fallback,sh-port'],
  mh: ['', ' -b mh-port', ' -b mh-fallback', ' -b mh-fallback,mh-port'],
}
const PERSISTENT = ['', '', '', '', ' -p 500', ' -p 600 -M 255.255.255.252', ' -p']
const PERSISTENT6 = ['', '', '', '', ' -p 500', ' -p 600 -M 126', ' -p']
const TUNABLES: readonly Fields[] = [
  ...[0, 1, 2, 3].map((mode) => ({ conn_reuse_mode: mode })),
  ...[0, 1].flatMap((on) => [
    { expire_quiescent_template: on },
    { sloppy_tcp: on },
    { sloppy_sctp: on },
    { schedule_icmp: on },
    { secure_tcp: 3 * on },
    { drop_packet: 3 * on },
  ]),
]
const SEGMENTS = ['S', 'S', 'A', 'A', 'PA', 'FA', 'F', 'R', 'RA', 'P', 'SF', 'SA', 'SR']
const CHUNKS =
  'INIT INIT COOKIE-ECHO COOKIE-ACK DATA SACK SHUTDOWN SHUTDOWN-ACK SHUTDOWN-COMPLETE ABORT ERROR'.split(' ')
const REALS = 6
const CLIENTS = 12
/** Flows with more could tell the load formulas of old and new kernels apart. */
const MOST_FLOWS = 45
/** s: what the kernel does at the next tick of its clock is done */
const A_TICK = 0.1

type Act = (world: World, service: Service, dice: readonly number[]) => void

export class World {
  readonly #steps: Value[] = []
  readonly #services: Service[] = []
  readonly #flows = new Map<string, Flow>()
  #fresh = 0

  constructor(dice: readonly number[]) {
    // switched on after a removal it does another thing here and there
    if (at(dice, 8) % 3 === 0) this.say({ sysctl: { expire_nodest_conn: 1 } })
    // in force when the kernel looks at it next, within a second
    if (at(dice, 7) % 3 === 0) this.say({ sysctl: { am_droprate: 3 } })
    const count = 1 + (at(dice, 0) % 2)
    for (let i = 0; i < count; i++) this.#open(i, dice.slice(i + 1))
  }

  happen({ kind, dice }: Event): void {
    const service = pick(this.#services, at(dice, 9))
    ACTS[kind](this, service, dice)
  }

  told(): readonly Value[] {
    return [...this.#steps, ...LOOK]
  }

  say(...steps: readonly Value[]): void {
    this.#steps.push(...steps)
  }

  /** A new real server is given, or one that is there already: then the command is refused. */
  add(service: Service, number: number, weight: number): void {
    this.say(`-a ${service.name} -r ${realOf(service, number)} -g -w ${weight}`)
    if (!service.reals.has(number)) service.reals.set(number, weight)
  }

  send(flow: Flow, packet: Fields): void {
    const { service, client, sport, dport } = flow
    const name = [service.name, client, sport, dport].join(' ')
    const known = this.#flows.has(name)
    if (!known && this.#flows.size >= MOST_FLOWS) return
    this.#flows.set(name, flow)
    const ends = { src: clientOf(service, client), sport, dst: vipOf(service), dport }
    this.say({ pkt: { proto: service.protocol, ...ends, ...packet } })
    // an entry that gives way to a new one is counted until the clock ticks
    if (known && (packet['flags'] !== 'A' || service.protocol === 'sctp')) this.say({ sleep: A_TICK })
  }

  /** One that has been seen. */
  flowOf(service: Service, die: number): Flow | undefined {
    const own = [...this.#flows.values()].filter((flow) => flow.service === service)
    return own.length === 0 ? undefined : pick(own, die)
  }

  freshClient(): number {
    this.#fresh += 1
    return CLIENTS + this.#fresh
  }

  #open(place: number, dice: readonly number[]): void {
    const v6 = at(dice, 0) % 4 === 0
    const kind = at(dice, 1) % 8
    const protocol = kind === 6 ? 'sctp' : kind === 4 || kind === 5 ? 'udp' : 'tcp'
    const service: Service =
      kind === 7
        ? {
            name: `-f ${6 + place}${v6 ? ' -6' : ''}`,
            protocol,
            v6,
            ports: [8080 + place, 8443 + place],
            reals: new Map(),
          }
        : {
            name: `${WORDS[protocol]} ${boxed(vipText(v6))}:${80 + place}`,
            protocol,
            v6,
            ports: [80 + place],
            reals: new Map(),
          }
    if (kind === 7)
      this.say({
        mark: { vip: vipText(v6), proto: protocol, ports: service.ports.join(','), mark: 6 + place },
      })
    const ops = kind === 5 ? ' -o' : ''
    this.say(`-A ${service.name} ${termsOf(service, dice.slice(2))}${ops}`)
    const count = 2 + (at(dice, 3) % 4)
    for (let i = 0; i < count; i++)
      this.add(service, 1 + ((at(dice, 4) + i) % REALS), weightOf(at(dice, 4 + i)))
    this.#services.push(service)
  }
}

const WORDS = { tcp: '-t', udp: '-u', sctp: '--sctp-service' } as const
const LOOK: readonly Value[] = [{ sleep: A_TICK }, { snap: ['list', 'conns', 'persistent'] }]

const ACTS: Readonly<Record<Kind, Act>> = {
  burst(world, service, dice) {
    const count = 1 + (at(dice, 0) % 8)
    for (let i = 0; i < count; i++) world.send(flow(service, world.freshClient(), dice), opening(service))
  },
  segments(world, service, dice) {
    const count = 1 + (at(dice, 0) % 4)
    for (let i = 0; i < count; i++) {
      const known = at(dice, 6 + i) % 4 === 0 ? undefined : world.flowOf(service, at(dice, 3) + i)
      const other = flow(service, (at(dice, 3) + i * at(dice, 5)) % CLIENTS, dice)
      world.send(known ?? other, segment(service, at(dice, 4 + i)))
    }
  },
  error(world, service, dice) {
    const { client, sport, dport } = world.flowOf(service, at(dice, 3)) ?? flow(service, 0, dice)
    const ends = { src: vipOf(service), sport: dport, dst: clientOf(service, client), dport: sport }
    const inner = { proto: service.protocol, ...ends }
    const kinds = service.v6
      ? [
          [1, 0],
          [2, 0],
          [3, 0],
          [4, 1],
          [128, 0],
        ]
      : [
          [3, 1],
          [3, 4],
          [11, 0],
          [4, 0],
          [5, 0],
          [12, 0],
        ]
    const [type = 0, code = 0] = pick(kinds, at(dice, 4))
    const src = service.v6 ? '2001:db8::9:9' : '192.168.9.9'
    world.say({ pkt: { proto: service.v6 ? 'icmp6' : 'icmp', src, dst: vipOf(service), type, code, inner } })
  },
  weight(world, service, dice) {
    const real = pick([...service.reals.keys(), 1], at(dice, 0))
    const weight = weightOf(at(dice, 1))
    if (service.reals.get(real) === weight) return
    world.say(`-e ${service.name} -r ${realOf(service, real)} -g -w ${weight}`)
    if (service.reals.has(real)) service.reals.set(real, weight)
  },
  add(world, service, dice) {
    world.add(service, 1 + (at(dice, 0) % REALS), weightOf(at(dice, 1)))
  },
  remove(world, service, dice) {
    const real = pick([...service.reals.keys(), 1], at(dice, 0))
    world.say(`-d ${service.name} -r ${realOf(service, real)}`, { sleep: A_TICK })
    service.reals.delete(real)
  },
  edit(world, service, dice) {
    world.say(`-E ${service.name} ${termsOf(service, dice)}`)
  },
  refused(world, service, dice) {
    const real = realOf(service, 1 + (at(dice, 0) % REALS))
    const lines = [
      `-A ${service.name} -s rr`,
      `-a -t 10.0.1.1:9999 -r ${service.v6 ? '10.0.2.1' : real} -g`,
      `-d ${service.name} -r ${service.v6 ? '[fd00:2::77]:80' : '10.0.2.77:80'}`,
      `-e ${service.name} -r ${service.v6 ? '[fd00:2::77]:80' : '10.0.2.77:80'} -g`,
      `-E ${service.name} -s nonesuch`,
      '-D -u 10.0.1.1:9999',
    ]
    world.say(pick(lines, at(dice, 1)))
  },
  tune(world, _, dice) {
    world.say({ sysctl: pick(TUNABLES, at(dice, 0)) })
  },
  look(world) {
    world.say(...LOOK)
  },
  withdraw(world, service, dice) {
    world.say(`-D ${service.name}`, { sleep: A_TICK })
    world.send(world.flowOf(service, at(dice, 3)) ?? flow(service, 0, dice), segment(service, at(dice, 4)))
    world.say(`-A ${service.name} ${termsOf(service, dice)}`)
    const back = [...service.reals.keys()]
    service.reals.clear()
    for (const [i, number] of back.entries()) world.add(service, number, weightOf(at(dice, i)))
  },
}

function flow(service: Service, client: number, dice: readonly number[]): Flow {
  return { service, client, sport: 1000 + (at(dice, 1) % 2), dport: pick(service.ports, at(dice, 2)) }
}

function opening({ protocol }: Service): Fields {
  return protocol === 'tcp' ? { flags: 'S' } : protocol === 'sctp' ? { chunk: 'INIT' } : {}
}

function segment({ protocol }: Service, die: number): Fields {
  if (protocol === 'udp') return {}
  return protocol === 'tcp' ? { flags: pick(SEGMENTS, die) } : { chunk: pick(CHUNKS, die) }
}

function termsOf({ v6 }: Service, dice: readonly number[]): string {
  const scheduler = pick(SCHEDULERS, at(dice, 5))
  const persistent = pick(v6 ? PERSISTENT6 : PERSISTENT, at(dice, 6))
  return `-s ${scheduler}${pick(FLAGS[scheduler] ?? [''], at(dice, 7))}${persistent}`
}

function weightOf(die: number): number {
  return pick([0, 1, 1, 1, 2, 3, 4, 5], die)
}

function realOf({ name, v6, ports }: Service, number: number): string {
  const address = v6 ? `fd00:2::${number}` : `10.0.2.${number}`
  return `${boxed(address)}:${name.startsWith('-f') ? 0 : ports[0]}`
}

function clientOf({ v6 }: Service, number: number): string {
  return v6 ? `2001:db8::${(number + 1).toString(16)}` : `192.168.0.${number + 1}`
}

function vipOf({ v6 }: Service): string {
  return vipText(v6)
}

function vipText(v6: boolean): string {
  return v6 ? 'fd00:1::1' : '10.0.1.1'
}

function boxed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

function pick<T>(list: readonly T[], die: number): T {
  return list[die % list.length] as T
}

function at(dice: readonly number[], index: number): number {
  return dice[index % dice.length] as number
}
