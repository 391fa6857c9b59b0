// SPDX-License-Identifier: Apache-2.0
// How a series is called, on both sides of the harness.
import type { ProgramName, Work } from './cases.js'

export function seriesId(id: string, program: ProgramName): string {
  return `${id} ${program}`
}

/** Cases of one group with frames of one shape share the harness that is subtracted. */
export function harnessId({ to, protocol = 'tcp', kind = 'packet', tag }: Work): string {
  return `harness ${to.includes(':') ? 6 : 4} ${protocol} ${kind}${tag === undefined ? '' : ' tagged'}`
}
