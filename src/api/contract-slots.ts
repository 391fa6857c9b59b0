// SPDX-License-Identifier: Apache-2.0
// What travels over the control socket about a scheduler's table.
import type { RealKey, SchedulerName, ServiceKey } from '../model/types.js'
import type { Count } from './contract.js'

export interface SlotMap {
  readonly service: ServiceKey
  readonly scheduler: SchedulerName
  /** of a hash; picks until rr's or wrr's order repeats; or, where connections decide, weights */
  readonly kind: 'slots' | 'turns' | 'weights'
  /** slots, picks, or the sum of weights */
  readonly size: Count
  /** as the scheduler has them in its list */
  readonly reals: readonly { readonly real: RealKey; readonly held: Count }[]
  /** slots that nobody serves */
  readonly empty: Count
  /** [index into reals, slots in a row]; -1 = nobody. Empty for weights and for a very long order */
  readonly runs: readonly (readonly [number, number])[]
}
