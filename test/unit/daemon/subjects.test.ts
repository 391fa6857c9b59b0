// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { NO_RUNTIME, NOTHING_OBSERVED } from '../../../src/daemon/store.js'
import { subjectsOf } from '../../../src/daemon/subjects.js'
import { DEFAULT_HEALTH, DEFAULT_PASSIVE } from '../../../src/model/checks.js'
import type { AddressService, Real } from '../../../src/model/types.js'
import { desired } from '../../bpf/rig-words.js'

const A: Real = { address: '192.0.2.21', weight: 1 }
const B: Real = { address: '192.0.2.22', weight: 1, passive: false }

function subjects(more: Partial<AddressService>) {
  const base = desired([{ vip: '192.0.2.10', reals: [A, B], ...more }])
  return subjectsOf({ base, runtime: NO_RUNTIME, observed: NOTHING_OBSERVED }, false)
}
const passive = { ...DEFAULT_HEALTH, passive: DEFAULT_PASSIVE }

it('one that may not be taken out is a witness of handshakes all the same', () => {
  expect(subjects({ health: passive }).map(({ real, passive }) => [real, passive])).toEqual([
    [A.address, DEFAULT_PASSIVE],
    [B.address, undefined],
  ])
})

it('nobody watches handshakes of datagrams, or of a service that did not ask for it', () => {
  expect(subjects({ health: passive, protocol: 'udp' })).toEqual([])
  expect(subjects({ health: DEFAULT_HEALTH })).toEqual([])
})
