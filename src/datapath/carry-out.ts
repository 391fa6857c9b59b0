// SPDX-License-Identifier: Apache-2.0
// One operation as a few stores into mapped memory, ordered so that death between two of them leaves what the next
// controller recognises: facts first, then the store that makes them true.
import { addressToBytes, familyOf } from '../abi/address.js'
import {
  Family,
  Real_OFFSETS,
  Real_SIZE,
  RealFlag,
  RealInfo_OFFSETS,
  RealInfo_SIZE,
  ServiceInfo_SIZE,
  ServiceRef_SIZE,
  Settings_OFFSETS,
  Vip_OFFSETS,
  Vip_SIZE,
  writeRealInfo,
  writeVip,
} from '../abi/generated.js'
import type { AddressText } from '../model/types.js'
import type { Op, RealTerms } from '../plan/ops.js'
import type { Arena, Range } from './arena.js'
import type { Ledger } from './ledger.js'
import { type Maps, store32, store64 } from './maps.js'
import { REAL_FREE, REAL_LINKED, REAL_TRASH } from './reals.js'
import { DIRECTORY_OFFSET, MARKS_OFFSET, writePeers, writeTimeouts, writeTunables } from './settings.js'
import { clearStats, retireStats } from './stats.js'
import type { Tallies } from './tallies.js'
import { judgeOverload, setDrain, setFlag, thresholdsOf } from './thresholds.js'

/** What becomes of next hops when real servers come and go. */
export interface Bindings {
  /** From now on the real server's packets go where the address's do; the slot, 0 = unresolved yet. */
  bind(id: number, address: AddressText): number
  unbind(id: number): void
}

export interface Target {
  readonly maps: Maps
  readonly arena: Arena
  readonly bindings: Bindings
  readonly ledger: Ledger
  readonly cpus: number
  readonly tallies: Tallies
  /** blocks for so many ms: lines at rest become free */
  readonly pause: (ms: number) => void
}

type Handlers = {
  readonly [Name in Op['op']]: (target: Target, op: Extract<Op, { op: Name }>, range: Range) => void
}

/** `range`: the lines written for this operation; none for most. */
export function carryOut<Name extends Op['op']>(
  target: Target,
  op: Extract<Op, { op: Name }>,
  range: Range,
): void {
  HANDLERS[op.op as Name](target, op, range)
}

const HANDLERS: Handlers = {
  'vip-add': ({ maps }, { id, address }) => {
    const family = familyOf(address) === 4 ? Family.IPV4 : Family.IPV6
    const addr = addressToBytes(address)
    writeVip(maps.vips, id * Vip_SIZE, { addr, family, used: 0 })
    maps.vips.setUint8(id * Vip_SIZE + Vip_OFFSETS.used, 1)
  },
  'vip-free': ({ maps }, { id }) => maps.vips.setUint8(id * Vip_SIZE + Vip_OFFSETS.used, 0),
  'real-add': linkReal,
  'real-revive': linkReal,
  'real-edit': ({ maps }, op) => {
    const { id, upper, lower, weight, lastWeight } = op
    const before = thresholdsOf(maps, id)
    maps.realInfo.setUint32(id * RealInfo_SIZE + RealInfo_OFFSETS.lastWeight, lastWeight, true)
    maps.realInfo.setUint32(id * RealInfo_SIZE + RealInfo_OFFSETS.weight, weight, true)
    writeTerms(maps, id, op)
    if (before.upper !== upper || before.lower !== lower) judgeOverload(maps, id)
  },
  'real-trash': ({ maps }, { id, since }) => {
    stamp(maps, id, since)
    maps.realInfo.setUint8(id * RealInfo_SIZE + RealInfo_OFFSETS.used, REAL_TRASH)
    setFlag(maps, id, RealFlag.REAL_AVAILABLE, false)
  },
  'real-stamp': ({ maps }, { id, since }) => stamp(maps, id, since),
  'real-free': ({ maps, bindings, cpus, tallies }, { id, service }) => {
    bindings.unbind(id)
    store32(maps.reals, id * Real_SIZE + Real_OFFSETS.flags, 0)
    store32(maps.reals, id * Real_SIZE + Real_OFFSETS.nexthop, 0)
    retireStats(maps, cpus, id, service)
    tallies.retire(id, service)
    maps.realInfo.setUint8(id * RealInfo_SIZE + RealInfo_OFFSETS.used, REAL_FREE)
  },
  'service-publish': (target, { service }, range) => {
    // whoever had the id before may have counted until a moment ago
    if (target.ledger.range(`service ${service.id}`).line === 0) target.tallies.clearService(service.id)
    swapService(target, service.id, range.line)
  },
  'service-withdraw': (target, { service }, range) => swapService(target, service.id, range.line),
  'service-free': (target, { id }) => {
    swapService(target, id, 0)
    clearInfo(target.maps, id)
    target.tallies.clearService(id)
  },
  'service-anew': ({ maps, cpus, tallies }, { id, reals }) => {
    clearInfo(maps, id)
    tallies.clearService(id)
    for (const real of reals) {
      clearStats(maps, cpus, real)
      tallies.clearReal(real)
    }
  },
  'directory-publish': ({ maps, arena, ledger }, { directory }, range) => {
    store64(maps.settings, DIRECTORY_OFFSET[directory], dirWord(range.line, Math.max(0, range.lines - 1)))
    arena.retire(ledger.range(`directory ${directory}`))
  },
  'marks-publish': ({ maps, arena, ledger }, { protocol, ranges }, range) => {
    store64(maps.settings, MARKS_OFFSET[protocol], dirWord(range.line, ranges.length))
    arena.retire(ledger.range(`marks ${protocol}`))
  },
  timeouts: ({ maps }, { timeouts }) => writeTimeouts(maps.settings, timeouts),
  tunables: ({ maps }, { tunables }) => writeTunables(maps.settings, tunables),
  peers: ({ maps }, { peers }) => writePeers(maps, peers),
}

function linkReal({ maps, bindings }: Target, op: Extract<Op, { op: 'real-add' | 'real-revive' }>): void {
  const { id, address, service, port, weight, lastWeight, order } = op
  if (op.op === 'real-add') store32(maps.reals, id * Real_SIZE + Real_OFFSETS.flags, 0)
  const at = id * RealInfo_SIZE
  writeRealInfo(maps.realInfo, at, {
    addr: addressToBytes(address),
    service,
    port,
    family: familyOf(address) === 4 ? Family.IPV4 : Family.IPV6,
    used: maps.realInfo.getUint8(at + RealInfo_OFFSETS.used),
    weight,
    lastWeight,
    order: BigInt(order),
    trashSince: 0n,
  })
  const next = Settings_OFFSETS.nextOrder
  maps.settings.setUint32(next, Math.max(maps.settings.getUint32(next, true), order + 1), true)
  store32(maps.reals, id * Real_SIZE + Real_OFFSETS.nexthop, bindings.bind(id, address))
  maps.realInfo.setUint8(at + RealInfo_OFFSETS.used, REAL_LINKED)
  writeTerms(maps, id, op)
  judgeOverload(maps, id)
  setFlag(maps, id, RealFlag.REAL_AVAILABLE, true)
}

/** Before a region says that the real server is usable, its flags do. */
function writeTerms(maps: Maps, id: number, { weight, upper, lower, drain }: RealTerms): void {
  store32(maps.reals, id * Real_SIZE + Real_OFFSETS.lower, lower)
  store32(maps.reals, id * Real_SIZE + Real_OFFSETS.upper, upper)
  setFlag(maps, id, RealFlag.REAL_QUIESCED, weight === 0)
  setDrain(maps, id, drain)
}

function clearInfo(maps: Maps, id: number): void {
  new Uint8Array(maps.serviceInfo.buffer, id * ServiceInfo_SIZE, ServiceInfo_SIZE).fill(0)
}

function stamp(maps: Maps, id: number, since: number): void {
  maps.realInfo.setBigUint64(id * RealInfo_SIZE + RealInfo_OFFSETS.trashSince, BigInt(since), true)
}

/** {line, mask or number} for one store. */
function dirWord(line: number, rest: number): bigint {
  return (BigInt(rest) << 32n) | BigInt(line)
}

function swapService({ maps, arena, ledger }: Target, id: number, line: number): void {
  store32(maps.services, id * ServiceRef_SIZE, line)
  arena.retire(ledger.range(`service ${id}`))
}
