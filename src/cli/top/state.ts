// SPDX-License-Identifier: Apache-2.0
// Everything the screen depends on, in one value, and what it is at the start. Pure.
import type { LatencyRow } from '../../api/contract-sight.js'
import type { ServiceKey } from '../../model/types.js'
import { type History, NO_HISTORY } from './history.js'
import type { DropLine, RealLine, Sample, ServiceLine, Speed } from './sample.js'

export type View = 'overview' | 'services' | 'drops' | 'reals'
/** What a list holds; the overview shows the services too. */
export type List = 'services' | 'drops' | 'reals'

export type SortName =
  | 'packets'
  | 'conns'
  | 'bits'
  | 'active'
  | 'inactive'
  | 'drops'
  | 'share'
  | 'weight'
  | 'handshake'
  | 'state'
  | 'count'
  | 'name'

/** In the order in which `s` goes through them. */
export const SORTS: Readonly<Record<List, readonly [SortName, ...SortName[]]>> = {
  services: ['packets', 'conns', 'bits', 'active', 'inactive', 'drops', 'state', 'name'],
  reals: ['packets', 'conns', 'bits', 'active', 'inactive', 'share', 'weight', 'handshake', 'state', 'name'],
  drops: ['packets', 'count', 'name'],
}

export interface Ordering {
  readonly sort: SortName
  readonly reverse: boolean
  /** '' = all */
  readonly filter: string
  /** key of the line with the cursor; absent = the first */
  readonly selected?: string
}

export interface Data {
  readonly sample: Sample
  readonly total: Speed
  /** packets a second */
  readonly dropRate: number
  readonly services: readonly ServiceLine[]
  readonly drops: readonly DropLine[]
  /** of the service that is looked into; absent until its first answer */
  readonly reals?: readonly RealLine[]
}

/** Handshake times as they were: the older of two marks is what is subtracted. */
export interface Marks {
  readonly at: number
  readonly older: ReadonlyMap<string, LatencyRow>
  readonly newer: ReadonlyMap<string, LatencyRow>
}

export interface State {
  readonly view: View
  /** where Esc leads to from a service's real servers */
  readonly from: Exclude<View, 'reals'>
  readonly service?: ServiceKey
  readonly lists: Readonly<Record<List, Ordering>>
  /** a filter is being typed; what it was before */
  readonly typing?: string
  readonly help: boolean
  readonly paused: boolean
  /** ms between two polls */
  readonly interval: number
  readonly data?: Data
  /** of services, of the total and of drops */
  readonly history: History
  /** of the real servers of the service that is looked into */
  readonly realHistory: History
  readonly marks?: Marks
  /** the daemon does not answer: since when and why */
  readonly lost?: { readonly since: number; readonly reason: string }
  /** ms, the samples' clock; now */
  readonly now: number
  /** of the screen, as far as keys need it */
  readonly page: number
}

export interface Wishes {
  readonly interval: number
  readonly service?: ServiceKey
  readonly sort?: SortName
}

/** Keys of the histories that are no service's. */
export const TOTAL = { packets: '*packets', bytes: '*bytes', conns: '*conns', drops: '*drops' } as const

export function initial({ interval, service, sort }: Wishes): State {
  const list = (name: List): Ordering => ({
    sort: sort !== undefined && SORTS[name].includes(sort) ? sort : SORTS[name][0],
    reverse: false,
    filter: '',
  })
  return {
    view: service === undefined ? 'overview' : 'reals',
    from: 'overview',
    ...(service !== undefined && { service }),
    lists: { services: list('services'), reals: list('reals'), drops: list('drops') },
    help: false,
    paused: false,
    interval,
    history: NO_HISTORY,
    realHistory: NO_HISTORY,
    now: 0,
    page: 10,
  }
}

export function listOf(view: View): List {
  return view === 'overview' ? 'services' : view
}
