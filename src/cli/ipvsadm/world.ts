// SPDX-License-Identifier: Apache-2.0
// The outside world as xlvsadm sees it, in one value.
import type { PlaceEnv } from '../../api/places.js'
import type { Names } from './names.js'

export interface World {
  readonly env: PlaceEnv
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** all of standard input */
  readonly input: () => Promise<string>
  readonly names: Names
}
