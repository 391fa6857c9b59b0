// SPDX-License-Identifier: Apache-2.0
// Counters alone, for who looks at all of them every two seconds: summed in typed arrays, 32 bits and a carry at a time,
// so that a look makes nothing for each real server and no sum is less exact than 64 bits.
import { RealStats_OFFSETS, RealStats_SIZE, ServiceInfo_OFFSETS, ServiceInfo_SIZE } from '../abi/generated.js'
import type { ServiceKey } from '../model/types.js'
import type { Actual, ActualService } from '../plan/actual.js'
import type { Maps } from './maps.js'
import { halves, reasonsOf } from './stats.js'
import type { Tallies } from './tallies.js'
import type { ReasonName, Snapshot } from './types.js'

/** 32-bit words of one id: connections, packets, bytes, of each the lower half and the upper one. */
export const COUNT_WORDS = 6
/** Where a row of each map has what stands there. */
const REAL = placesOf(RealStats_OFFSETS)
const REAL_WORDS = RealStats_SIZE / 4
const SERVICE = placesOf(ServiceInfo_OFFSETS)
const SERVICE_WORDS = ServiceInfo_SIZE / 4

/** The figures of a snapshot; all but ids and keys are overwritten by the next look. */
export interface Counts {
  /** those a snapshot lists; the same array as before while nothing was applied */
  readonly services: readonly CountedService[]
  /** by real id */
  readonly ofReals: Uint32Array
  /** by service id, with those who are gone and those in the trash */
  readonly ofServices: Uint32Array
  /** all interfaces */
  readonly reasons: Snapshot['reasons']
}

export interface CountedService {
  readonly id: number
  readonly key: ServiceKey
  /** ids of its real servers, without those in the trash */
  readonly reals: readonly number[]
  /** packets by reason, of those that are not 0, but for settled flows */
  readonly reasons: Readonly<Record<ReasonName, bigint>>
}

/** Who is counted, as long as nothing is applied. */
interface Roll {
  readonly services: readonly (CountedService & { reasons: CountedService['reasons'] })[]
  /** by service, in the same order */
  readonly trash: readonly (readonly number[])[]
  /** of all real servers, smallest first: a CPU's rows are read in one direction */
  readonly ids: Uint32Array
  readonly ofReals: Uint32Array
  readonly ofServices: Uint32Array
}

export class Counter {
  readonly #maps: Maps
  readonly #cpus: number
  readonly #tallies: Tallies
  readonly #stats: Uint32Array
  readonly #retired: Uint32Array
  #roll: Roll | undefined

  constructor(maps: Maps, cpus: number, tallies: Tallies) {
    this.#maps = maps
    this.#cpus = cpus
    this.#tallies = tallies
    this.#stats = halves(maps.realStats)
    this.#retired = halves(maps.serviceInfo)
  }

  /** Something is applied: ids may be others' from now on. */
  moved(): void {
    this.#roll = undefined
  }

  /** `interfaces`: blocks of verdict counters */
  look(actual: () => Actual, interfaces: number): Counts {
    this.#roll ??= rollOf(actual())
    const { services, trash, ofReals, ofServices } = this.#roll
    this.#sumReals(this.#roll)
    for (const [i, service] of services.entries()) {
      this.#sumService(this.#roll, service, trash[i] as readonly number[])
      service.reasons = this.#tallies.counted(service.id)
    }
    return { services, ofReals, ofServices, reasons: reasonsOf(this.#maps, this.#cpus, interfaces) }
  }

  /** A row without packets and connections is one that nobody wrote. */
  #sumReals({ ids, ofReals }: Roll): void {
    const [words, rows] = [this.#stats, this.#maps.sizes.reals]
    const { packets, connections } = REAL
    ofReals.fill(0)
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      for (let i = 0; i < ids.length; i++) {
        const id = ids[i] as number
        const at = (cpu * rows + id) * REAL_WORDS
        const blank =
          words[at + packets] === 0 &&
          words[at + connections] === 0 &&
          words[at + packets + 1] === 0 &&
          words[at + connections + 1] === 0
        if (!blank) addRow(ofReals, id * COUNT_WORDS, words, at, REAL)
      }
    }
  }

  #sumService({ ofReals, ofServices }: Roll, { id, reals }: CountedService, trash: readonly number[]): void {
    const to = id * COUNT_WORDS
    ofServices.fill(0, to, to + COUNT_WORDS)
    addRow(ofServices, to, this.#retired, id * SERVICE_WORDS, SERVICE)
    for (const real of reals) addRow(ofServices, to, ofReals, real * COUNT_WORDS, HERE)
    for (const real of trash) addRow(ofServices, to, ofReals, real * COUNT_WORDS, HERE)
  }
}

interface Places {
  readonly connections: number
  readonly packets: number
  readonly bytes: number
}

/** of counts themselves */
const HERE: Places = { connections: 0, packets: 2, bytes: 4 }

function placesOf({ connections, packets, bytes }: Places): Places {
  return { connections: connections / 4, packets: packets / 4, bytes: bytes / 4 }
}

function addRow(into: Uint32Array, to: number, words: Uint32Array, at: number, places: Places): void {
  addWide(into, to + HERE.connections, words, at + places.connections)
  addWide(into, to + HERE.packets, words, at + places.packets)
  addWide(into, to + HERE.bytes, words, at + places.bytes)
}

/** Modulo 2^64. A CPU that counts on may carry between the looks at its two halves. */
function addWide(into: Uint32Array, to: number, words: Uint32Array, at: number): void {
  let upper = words[at + 1] as number
  let lower = words[at] as number
  for (let again = words[at + 1] as number; again !== upper; again = words[at + 1] as number) {
    upper = again
    lower = words[at] as number
  }
  const sum = (into[to] as number) + lower
  into[to] = sum
  into[to + 1] = (into[to + 1] as number) + upper + (sum >= 2 ** 32 ? 1 : 0)
}

function rollOf(actual: Actual): Roll {
  const listed = [...actual.services.values()].filter((service) => service.listed)
  const idsOf = (reals: ActualService['reals']) => reals.map(({ id }) => id)
  const services = listed.map(({ id, key, reals }) => ({ id, key, reals: idsOf(reals), reasons: {} }))
  const trash = listed.map((service) => idsOf(service.trash))
  const ids = Uint32Array.from([...services.flatMap(({ reals }) => reals), ...trash.flat()]).sort()
  const rows = (most: number) => new Uint32Array((most + 1) * COUNT_WORDS)
  return {
    ...{ services, trash, ids },
    ofReals: rows(ids.at(-1) ?? 0),
    ofServices: rows(services.reduce((most, { id }) => Math.max(most, id), 0)),
  }
}
