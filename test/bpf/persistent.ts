// SPDX-License-Identifier: Apache-2.0
// Clients of a persistent service with two real servers, and what a test says about them.
import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Persistence } from '../../src/model/types.js'
import { frame, tcp } from '../packets/frames.js'
import { type AddressWords, Rig } from './rig.js'

export const VIP = '10.0.1.1'
export const VIP6 = 'fd00:1::1'
export const A = '10.0.2.1'
export const B = '10.0.2.2'

export let rig: Rig

/** For the tests of a file: one rig, empty before each. */
export function persistentDirector(): void {
  beforeAll(async () => {
    rig = await Rig.open({ limits: { connections: 256, templates: 64 } })
  })
  beforeEach(() => {
    rig.apply([])
    rig.reset()
    rig.datapath.setTimeouts({ tcp: 900, tcpfin: 120, udp: 300 })
  })
  afterAll(() => rig?.close())
}

/** wlc: without persistence every new connection goes to the emptier of two. */
export function serve(persistence: Persistence, rest: Partial<AddressWords> = {}): void {
  rig.apply([{ vip: VIP, scheduler: 'wlc', reals: [A, B], persistence, ...rest }])
}
export const P100: Persistence = { timeout: 100, prefix: 32 }

/** The port of the connection opened last. */
export let port = 1024
/** A new connection's SYN: where it goes. */
export function opens(client = '192.168.0.1', { to = VIP, dport = 80 } = {}): string {
  return rig.goes(frame({ src: client, dst: to, payload: tcp(++port, dport, 'S') }))
}
/** A packet of the connection opened last. */
export const continues = (flags: string, client = '192.168.0.1') =>
  rig.goes(frame({ src: client, dst: VIP, payload: tcp(port, 80, flags) }))
/** Opens and at once forgets: a RST, and 11 s. */
export function opensAndCloses(client = '192.168.0.1'): string {
  const real = opens(client)
  continues('A', client)
  continues('R', client)
  rig.advance(11)
  rig.sweep()
  return real
}
export const other = (real: string) => (real === A ? B : A)
/** From now on the scheduler gives every new client to the other one. */
export const burden = (real: string) => {
  const reals = [A, B].map((address) => ({ address, weight: address === real ? 1 : 1000 }))
  serve(P100, { reals })
  for (const client of ['172.16.0.1', '172.16.0.2']) opens(client)
}
export const templates = () => [...rig.datapath.templates()]
export const timeOf = (client = '192.168.0.1') =>
  templates().find(({ clientNet }) => clientNet === client)?.timeout
