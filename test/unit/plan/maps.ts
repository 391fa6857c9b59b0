// SPDX-License-Identifier: Apache-2.0
// The maps as plain objects: applies operations as the datapath does and reads Actual back. `cut` stops in mid-list,
// as a controller that is killed would.
import { readService } from '../../../src/abi/generated.js'
import { serviceKey } from '../../../src/model/keys.js'
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type Limits } from '../../../src/model/types.js'
import type { Actual, ActualReal, ActualService, DirectoryName } from '../../../src/plan/actual.js'
import { buildDirectory, readDirectory } from '../../../src/plan/directory.js'
import type { Op, ServiceShape } from '../../../src/plan/ops.js'
import { buildRegion, persistenceOf, publish, readWalk, regionMatches } from '../../../src/plan/region.js'
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
  }
  timeouts = DEFAULT_TIMEOUTS
  peers: readonly string[] = []
  nextOrder = 1

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
        const { id, address, service, weight, lastWeight, order } = op
        const referenced = this.reals.get(id)?.referenced ?? false
        this.nextOrder = Math.max(this.nextOrder, order + 1)
        const real = {
          id,
          address,
          service,
          weight,
          lastWeight,
          order,
          nexthop: 0,
          referenced,
          trashSince: 0,
        }
        return void this.reals.set(id, { ...real, state: 'linked' })
      }
      case 'real-edit':
        Object.assign(this.real(op.id), { weight: op.weight, lastWeight: op.lastWeight })
        return
      case 'real-trash':
        Object.assign(this.real(op.id), { state: 'trash', trashSince: op.since })
        return
      case 'real-stamp':
        this.real(op.id).trashSince = op.since
        return
      case 'real-free':
        return void this.reals.delete(op.id)
      case 'service-publish': {
        const old = this.regions.get(op.service.id)
        const bytes = publish(op, old && readWalk(viewOf(old.bytes), 0), 1)
        for (const id of membersOf(bytes))
          if (this.real(id).state !== 'linked') throw new Error(`${id} is not linked`)
        return void this.regions.set(op.service.id, { shape: op.service, bytes })
      }
      case 'service-withdraw': {
        const bytes = buildRegion(op.service, { list: [], walk: { kind: 'none' } }, 1)
        return void this.regions.set(op.service.id, { shape: op.service, bytes })
      }
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
      case 'timeouts':
        this.timeouts = op.timeouts
        return
      case 'peers':
        this.peers = op.peers
    }
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
    for (const { shape, bytes } of this.regions.values()) if (serviceKey(shape) === key) return bytes
    throw new Error(`no service ${key}`)
  }

  actual(): Actual {
    const services = new Map<string, ActualService>()
    for (const { shape } of this.regions.values()) services.set(serviceKey(shape), this.service(shape))
    const orphans = [...this.reals.values()].filter((real) => !this.regions.has(real.service))
    const directories = {
      vips4: this.contents('vips4'),
      vips6: this.contents('vips6'),
      tcp: this.contents('tcp'),
      udp: this.contents('udp'),
    }
    const vips = new Map([...this.vips].map(([id, address]) => [id, { id, address }]))
    const { limits, nextOrder, timeouts, peers } = this
    return { limits, vips, services, orphans, directories, nextOrder, timeouts, peers }
  }

  private service(shape: ServiceShape): ActualService {
    const bytes = (this.regions.get(shape.id) as { bytes: Uint8Array }).bytes
    const mine = [...this.reals.values()]
      .filter((real) => real.service === shape.id)
      .map((real) => ({ ...real }))
    const reals = mine.filter((real) => real.state === 'linked').sort((a, b) => b.order - a.order)
    const persistence = persistenceOf(readService(viewOf(bytes), 0))
    const listed = this.contents(shape.protocol).has(shape.id)
    const padded = new Uint8Array(bytes.length + 65536)
    padded.set(bytes)
    return {
      id: shape.id,
      key: serviceKey(shape),
      vipId: shape.vipId,
      vip: shape.vip,
      port: shape.port,
      protocol: shape.protocol,
      scheduler: shape.scheduler,
      ...(persistence && { persistence }),
      generation: 1,
      listed,
      stale: listed && !regionMatches(viewOf(padded), 0, shape, reals),
      reals,
      trash: mine.filter((real) => real.state === 'trash'),
    }
  }
}
