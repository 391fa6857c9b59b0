// SPDX-License-Identifier: Apache-2.0
// How things stand is remembered row by row, and read again as it was.
import { expect, it } from 'vitest'
import { createStands } from '../../../src/daemon/stands.js'
import { NO_RUNTIME, NOTHING_OBSERVED, type Store } from '../../../src/daemon/store.js'
import type { NextHopState } from '../../../src/datapath/types.js'
import { realsIn, servicesIn } from '../../../src/events/rows.js'
import type { Health } from '../../../src/model/checks.js'
import type { Service } from '../../../src/model/types.js'
import { baseOf, fileService } from './given.js'

const WEB = 'tcp 192.0.2.10:80'
const hops = new Map<string, NextHopState>()
const hop = (address: string): NextHopState => {
  const state: NextHopState =
    address === '192.0.2.22'
      ? { address, state: 'unresolved', why: 'no route' }
      : { address, state: 'up', mac: '02:00:00:00:00:21', interface: 'eth0' }
  const known = hops.get(address) ?? state
  hops.set(address, known)
  return known
}

function storeOf(services: readonly Service[], down: readonly string[] = []): Store {
  const health = new Map(
    down.map((name): [string, Health] => [name, { up: false, reason: 'refused', since: 5 }]),
  )
  return {
    base: baseOf({ services }),
    runtime: { ...NO_RUNTIME, overrides: [{ service: WEB, real: '192.0.2.22', weight: 7 }] },
    observed: { ...NOTHING_OBSERVED, health },
  }
}

it('with weights as configured and in force, who is out and why, next hops, and the sorry server', () => {
  const health = {
    sorry: { address: '192.0.2.99' },
    quorum: 1,
    onDown: 'remove' as const,
    sorryInhibit: true,
  }
  const marked: Service = {
    ...{ mark: 6, family: 4, scheduler: 'rr', owner: 'api' },
    reals: [{ address: '192.0.2.21', port: 8080, weight: 1 }],
  }
  const store = storeOf(
    [fileService({ health } as Partial<Service & { mark?: undefined }>), marked],
    [`${WEB} > 192.0.2.21`],
  )
  const facts = createStands(hop)(store)
  expect(servicesIn(facts)).toMatchObject([
    { service: WEB, scheduler: 'wrr', owner: 'file', reals: 3, down: 1 },
    { service: 'fwm 6', match: { mark: 6 }, owner: 'api', reals: 1 },
  ])
  expect(realsIn(facts)).toMatchObject([
    {
      real: `${WEB} > 192.0.2.21`,
      weight: 1,
      effectiveWeight: 0,
      standing: { up: false, reason: 'refused' },
    },
    { service: WEB, weight: 3, effectiveWeight: 7, nexthop: { state: 'unresolved', why: 'no route' } },
    { real: `${WEB} > 192.0.2.99`, effectiveWeight: 0, nexthop: { state: 'up', interface: 'eth0' } },
    { service: 'fwm 6', real: 'fwm 6 > 192.0.2.21:8080', address: '192.0.2.21' },
  ])
})

it('and what differs is written anew, whatever else stays', () => {
  const services = [fileService()]
  const stands = createStands(hop)
  const before = stands(storeOf(services))
  expect([...stands(storeOf(services))]).toEqual([...before])
  const after = stands(storeOf(services, [`${WEB} > 192.0.2.22`]))
  const other = [...after.keys()].filter((key) => after.get(key) !== before.get(key))
  expect(other).toEqual([WEB, `${WEB} > 192.0.2.22`])
  expect([...after]).toEqual([...createStands(hop)(storeOf(services, [`${WEB} > 192.0.2.22`]))])
})
