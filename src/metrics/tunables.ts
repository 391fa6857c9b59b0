// SPDX-License-Identifier: Apache-2.0
// The kernel's tunables as they are in force: one family, a series per name.
import type { Tunables } from '../model/types.js'
import { type Family, header, labels, sample } from './exposition.js'

export const TUNABLE_FAMILY: Family = {
  name: 'xlvs_tunable',
  type: 'gauge',
  help: "Tunables in force, under the kernel's names and in its units.",
}

export function tunableText(tunables: Tunables): string {
  const { name: family } = TUNABLE_FAMILY
  const samples = Object.entries(tunables).map(([name, value]) => sample(family, labels({ name }), value))
  return header(TUNABLE_FAMILY) + samples.join('')
}
