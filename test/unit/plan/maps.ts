// SPDX-License-Identifier: Apache-2.0
// The maps as plain objects: applies operations as the datapath does and reads Actual back. `cut` stops in mid-list,
// as a controller that is killed would.
import { readService } from '../../../src/abi/generated.js'
import { serviceKey } from '../../../src/model/keys.js'
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  DEFAULT_TUNABLES,
  type Limits,
  type Protocol,
} from '../../../src/model/types.js'
import type { Actual, ActualReal, ActualService, DirectoryName } from '../../../src/plan/actual.js'
import { buildDirectory, readDirectory } from '../../../src/plan/directory.js'
import { buildMarks, readMarks } from '../../../src/plan/marks.js'
import type { Op, ServicePublish, ServiceShape } from '../../../src/plan/ops.js'
import {
  persistenceOf,
  publish,
  readWalk,
  regionMatches,
  schedulerFlagsOf,
  withdrawn,
} from '../../../src/plan/region.js'
import { membersOf, viewOf } from './picker.js'

type Writable<T> = { -readonly [K in keyof T]: T[K] }

export class Maps {
  readonly limits: Limits
  readonly vips = new Map<number, string>()
  readonly regions = new Map<number, { shape: ServiceShape; bytes: Uint8Array }>()
  readonly reals = new Map<number, Writable<ActualReal>>()
  readonly directories: Record<DirectoryName, Uint8Array> = {
    vips4: new Uint8Array(0),
    vips6: new Uint8Array(0),
    tcp: new Uint8Array(0),
    udp: new Uint8Array(0),
    sctp: new Uint8Array(0),
  }
  readonly marks: Record<Protocol, Uint8Array> = {
    tcp: new Uint8Array(0),
    udp: new Uint8Array(0),
    sctp: new Uint8Array(0),
  }
  /** VIPs that connections of marks' services have */
  readonly connected = new Set<string>()
  timeouts = DEFAULT_TIMEOUTS
  tunables = DEFAULT_TUNABLES
  peers: readonly string[] = []
  nextOrder = 1
  nextEpoch = 1

  constructor(limits: Partial<Limits> = {}) {
    this.limits = { ...DEFAULT_LIMITS, ...limits }
  }

  apply(ops: readonly Op[], cut = ops.length): void {
    for (const op of ops.slice(0, cut)) this.one(op)
  }

  private one(op: Op): void {
    switch (op.op) {
      case 'vip-add':
        return void this.vips.set(op.id, op.address)
      case 'real-add':
      case 'real-revive': {
        const { id, address, port, service, weight, lastWeight, upper, lower, order } = op
        const referenced = this.reals.get(id)?.referenced ?? false
        this.nextOrder = Math.max(this.nextOrder, order + 1)
        const real = {
          ...{ id, address, port, service, weight, lastWeight, upper, lower, order },
          overloaded: false,
          nexthop: 0,
          referenced,
          trashSince: 0,
        }
        return void this.reals.set(id, { ...real, state: 'linked' })
      }
      case 'real-edit': {
        const { weight, lastWeight, upper, lower } = op
        Object.assign(this.real(op.id), { weight, lastWeight, upper, lower })
        return
      }
      case 'real-trash':
        Object.assign(this.real(op.id), { state: 'trash', trashSince: op.since })
        return
      case 'real-stamp':
        this.real(op.id).trashSince = op.since
        return
      case 'real-free':
        return void this.reals.delete(op.id)
      case 'service-publish':
        this.publish(op)
        return
      case 'service-withdraw':
        return void this.regions.set(op.service.id, { shape: op.service, bytes: withdrawn(op.service, 1) })
      case 'service-free':
        return void this.regions.delete(op.id)
      case 'vip-free':
        return void this.vips.delete(op.id)
      case 'directory-publish': {
        const built = buildDirectory(op.entries)
        if (!built.ok) throw new Error(built.problems[0]?.reason)
        this.directories[op.directory] = built.value
        return
      }
      case 'marks-publish':
        this.marks[op.protocol] = buildMarks(op.ranges)
        return
      case 'tunables':
        this.tunables = op.tunables
        return
      case 'timeouts':
        this.timeouts = op.timeouts
        return
      case 'peers':
        this.peers = op.peers
    }
  }

  private publish(op: ServicePublish): void {
    const old = this.regions.get(op.service.id)
    const before = old && readService(viewOf(old.bytes), 0).epoch
    const epoch = op.fresh || !before ? this.nextEpoch++ : before
    const bytes = publish(op, old && readWalk(viewOf(old.bytes), 0), { generation: 1, epoch })
    for (const id of membersOf(bytes))
      if (this.real(id).state !== 'linked') throw new Error(`${id} is not linked`)
    this.regions.set(op.service.id, { shape: op.service, bytes })
  }

  real(id: number): Writable<ActualReal> {
    const real = this.reals.get(id)
    if (real === undefined) throw new Error(`no real server ${id}`)
    return real
  }

  contents(name: DirectoryName): ReadonlyMap<number, number> {
    return readDirectory(new Uint32Array(this.directories[name].buffer))
  }

  region(key: string): Uint8Array {
    for (const { shape, bytes } of this.regions.values()) if (serviceKey(shape.match) === key) return bytes
    throw new Error(`no service ${key}`)
  }

  actual(): Actual {
    const services = new Map<string, ActualService>()
    for (const { shape } of this.regions.values()) services.set(serviceKey(shape.match), this.service(shape))
    const orphans = [...this.reals.values()].filter((real) => !this.regions.has(real.service))
    const directories = {
      vips4: this.contents('vips4'),
      vips6: this.contents('vips6'),
      tcp: this.contents('tcp'),
      udp: this.contents('udp'),
      sctp: this.contents('sctp'),
    }
    const marks = { tcp: this.ranges('tcp'), udp: this.ranges('udp'), sctp: this.ranges('sctp') }
    const led = new Set([...marks.tcp, ...marks.udp, ...marks.sctp].map(({ vipId }) => vipId))
    const vips = new Map(
      [...this.vips].map(([id, address]) => {
        return [id, { id, address, marked: led.has(id) || this.connected.has(address) }]
      }),
    )
    const { limits, nextOrder, timeouts, tunables, peers } = this
    return { limits, vips, services, orphans, directories, marks, nextOrder, timeouts, tunables, peers }
  }

  /** Of the table's places those in use. */
  ranges(protocol: Protocol) {
    const bytes = this.marks[protocol]
    return readMarks(viewOf(bytes), 0, bytes.length / 16).filter(({ service }) => service !== 0)
  }

  private service(shape: ServiceShape): ActualService {
    const bytes = (this.regions.get(shape.id) as { bytes: Uint8Array }).bytes
    const mine = [...this.reals.values()]
      .filter((real) => real.service === shape.id)
      .map((real) => ({ ...real }))
    const reals = mine.filter((real) => real.state === 'linked').sort((a, b) => b.order - a.order)
    const header = readService(viewOf(bytes), 0)
    const persistence = persistenceOf(header)
    const flags = schedulerFlagsOf(header)
    const { match } = shape
    const listed = match.mark === undefined ? this.contents(match.protocol).has(shape.id) : header.epoch !== 0
    const padded = new Uint8Array(bytes.length + 65536)
    padded.set(bytes)
    return {
      id: shape.id,
      key: serviceKey(match),
      vipId: shape.vipId,
      match,
      scheduler: shape.scheduler,
      ...(flags.length > 0 && { flags }),
      ...((header.flags & 4) !== 0 && { onePacket: true as const }),
      ...((header.flags & 0x80) === 0 && { limited: true as const }),
      ...(persistence && { persistence }),
      generation: 1,
      listed,
      stale: listed && !regionMatches(viewOf(padded), 0, shape, reals),
      reals,
      trash: mine.filter((real) => real.state === 'trash'),
    }
  }
}
