// SPDX-License-Identifier: Apache-2.0
// A director for recordings: a rig ruled by a Desired as the daemon rules its datapath (edits, plan, apply, rounds), on
// a clock of its own. One rig serves many recordings; each begins with nothing.
import { Nexthop_OFFSETS, Nexthop_SIZE, NexthopKind } from '../../../src/abi/generated.js'
import { createDefence, type Defence } from '../../../src/daemon/defence.js'
import { NO_ZERO, withoutServices, type Zero, zeroNow } from '../../../src/daemon/zero.js'
import type { ServiceSnapshot } from '../../../src/datapath/types.js'
import { addMark, tune } from '../../../src/model/change.js'
import { realKey, serviceKey } from '../../../src/model/keys.js'
import { PROTOCOLS } from '../../../src/model/rules.js'
import {
  DEFAULT_TIMEOUTS,
  type Desired,
  type Limits,
  type Outcome,
  type Protocol,
  type RealKey,
  type ServiceKey,
  type TunableName,
} from '../../../src/model/types.js'
import { diff } from '../../../src/plan/diff.js'
import { type Judgement, RIG_TUNABLES, Rig, TICK_SECONDS, unwrap } from '../../bpf/rig.js'
import type { MarkOperation, Result } from '../scenario.js'
import { ipvsadm } from './ipvsadm.js'

/** Large enough that no flow of a scenario ever meets a full set. */
const LIMITS: Partial<Limits> = { connections: 32_768, templates: 32_768, reals: 4_096, services: 512 }

/** What the guest's memory never is: scarce. */
const PLENTY_PAGES = 1_000_000

/** s: a round of the sweep, at most */
const ROUND = 1
/** s: as often the defence decides */
const SECOND = 1
/** s: as often the trash is looked through */
const TEND = 60
/** s: from one scenario to the next, beyond what the trash keeps */
const AGE = 1_000

const ETHERNET_MTU = 1_500

export interface Lab {
  /** MACs of real servers by address */
  readonly macs: ReadonlyMap<string, string>
}

export class Director {
  readonly rig: Rig
  readonly #blank: Desired
  readonly #defence: Defence
  #desired: Desired
  #zero: Zero = NO_ZERO
  #lab: Lab = { macs: new Map() }
  #mtu = ETHERNET_MTU
  /** s */
  #time = 0
  #tended = 0
  #judged = 0

  static async open(): Promise<Director> {
    return new Director(await Rig.open({ limits: LIMITS }))
  }

  private constructor(rig: Rig) {
    this.rig = rig
    this.#blank = {
      interfaces: [],
      services: [],
      marks: [],
      peers: [],
      timeouts: DEFAULT_TIMEOUTS,
      tunables: RIG_TUNABLES,
      limits: rig.datapath.limits,
    }
    this.#desired = this.#blank
    this.#defence = createDefence({
      datapath: rig.datapath,
      tunables: () => this.#desired.tunables,
      pages: () => PLENTY_PAGES,
      random: () => 0,
    })
  }

  get desired(): Desired {
    return this.#desired
  }

  get mtu(): number {
    return this.#mtu
  }

  get zero(): Zero {
    return this.#zero
  }

  /** As if this director had just been started in that lab. */
  begin(lab: Lab): void {
    this.#lab = lab
    this.#mtu = ETHERNET_MTU
    this.rig.reset()
    this.#desire(this.#blank)
    this.#zero = NO_ZERO
    for (const pass of ['stamp', 'free']) {
      this.#advance(AGE)
      this.#tend()
      if (pass === 'free' && this.rig.datapath.actual().services.size > 0)
        throw new Error('the trash of the last scenario is not empty')
    }
    this.rig.datapath.setDefence({ secureTcp: false, dropRate: 0, dropCounter: 0 })
  }

  /** `idle`: nothing was asked for that is not so already. */
  async ipvsadm(line: string): Promise<Pick<Result, 'rc' | 'err'> & { readonly idle?: true }> {
    const before = this.#desired
    const { desired, zero, failure } = await ipvsadm(before, line)
    if (failure !== undefined) return { rc: failure.status, err: [failure.text] }
    if (zero === undefined) this.#desire(desired)
    else this.#zeroNow(zero === 'all' ? undefined : zero)
    const idle = zero === undefined && JSON.stringify(desired) === JSON.stringify(before)
    return { rc: 0, ...(idle ? { idle } : {}) }
  }

  /** Without a protocol: of each that is balanced; without ports: of all. */
  mark({ vip, proto, ports = '0:65535', mark }: MarkOperation): void {
    const protocols = proto === undefined ? PROTOCOLS : [proto as Protocol]
    const marked = protocols.reduce<Desired>(
      (desired, protocol) => unwrap(addMark(desired, { vip, protocol, ports, mark })),
      this.#desired,
    )
    this.#desire(marked)
  }

  tune(name: string, value: number): Outcome<Desired> {
    const tuned = tune(this.#desired, { [name as TunableName]: value })
    if (tuned.ok) this.#desire(tuned.value)
    return tuned
  }

  /** Of the way to every real server, in bytes. */
  setMtu(mtu: number): void {
    this.#mtu = mtu
    this.#layHops(true)
  }

  sleep(seconds: number): void {
    const end = this.#time + seconds
    while (this.#time < end) {
      this.#advance(Math.min(ROUND, end - this.#time))
      this.rig.sweep()
      if (this.#time - this.#judged >= SECOND) this.#judge()
      if (this.#time - this.#tended >= TEND) this.#tend()
    }
  }

  send(frame: Uint8Array): Judgement {
    return this.rig.send(frame)
  }

  async close(): Promise<void> {
    await this.rig.close()
  }

  #desire(desired: Desired): void {
    const { datapath } = this.rig
    const before = this.#desired
    this.#zero = withoutServices(this.#zero, this.#leaving(desired))
    unwrap(datapath.apply(unwrap(diff(desired, datapath.actual(), this.#now()))))
    this.#desired = desired
    this.#layHops()
    this.#defence.judge()
    if (desired.tunables.expire_nodest_conn === 1 && lost(before, desired)) this.rig.sweep()
  }

  #leaving(desired: Desired): readonly ServiceSnapshot[] {
    const kept = new Set(desired.services.map(serviceKey))
    if (this.#desired.services.every((service) => kept.has(serviceKey(service)))) return []
    return this.rig.datapath.snapshot(this.#desired).services.filter(({ key }) => !kept.has(key))
  }

  #zeroNow(service?: ServiceKey): void {
    this.#zero = zeroNow(this.#zero, this.rig.datapath.snapshot(this.#desired), service)
  }

  #judge(): void {
    this.#defence.second()
    this.#judged = this.#time
  }

  #tend(): void {
    const { datapath } = this.rig
    unwrap(datapath.apply(unwrap(diff(this.#desired, datapath.actual(), this.#now()))))
    this.#tended = this.#time
  }

  #now(): number {
    return 1 + Math.floor(this.#time)
  }

  /** No tick is lost or gained over many short sleeps. */
  #advance(seconds: number): void {
    const ticks = (time: number) => Math.floor(time / TICK_SECONDS)
    const before = ticks(this.#time)
    this.#time += seconds
    this.rig.advanceTicks(ticks(this.#time) - before)
  }

  /** Real servers that have no next hop of this lab yet; all of them anew when the way to them has changed. */
  #layHops(all = false): void {
    const nexthops = this.rig.memory('nexthops')
    const bare = new Set<string>()
    for (const { reals } of this.rig.datapath.actual().services.values())
      for (const { address, nexthop } of reals) {
        const kind = nexthops.getUint8(nexthop * Nexthop_SIZE + Nexthop_OFFSETS.kind)
        if (all || kind !== NexthopKind.NEXTHOP_ETHERNET) bare.add(address)
      }
    for (const address of bare) {
      const mac = this.#lab.macs.get(address)
      if (mac !== undefined) this.rig.setHop(address, { mac, mtu: this.#mtu })
    }
  }
}

/** A real server of before is not there any more: IPVS then looks at every connection (expire_nodest_conn). */
function lost(before: Desired, after: Desired): boolean {
  const kept = realsOf(after)
  return [...realsOf(before)].some((key) => !kept.has(key))
}

function realsOf({ services }: Desired): ReadonlySet<RealKey> {
  return new Set(services.flatMap((service) => service.reals.map((real) => realKey(service, real))))
}
