// SPDX-License-Identifier: Apache-2.0
// What a service tells of reasons and handshakes never goes back while its real servers come and go, and is its own
// alone.
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { Reason, ServiceReasons_SIZE } from '../../src/abi/generated.js'
import type { ServiceSnapshot } from '../../src/datapath/types.js'
import { SCHEDULERS } from '../../src/model/rules.js'
import { diff } from '../../src/plan/diff.js'
import { FAMILIES, REAL, REAL6, VIP, VIP6 } from '../packets/case.js'
import { frame, tcp } from '../packets/frames.js'
import { desired, Rig, type ServiceWords, unwrap } from './rig.js'

const OTHER = '10.0.2.2'
const LIMITS = { connections: 4096, reals: 64, services: 64 }

let rig: Rig
beforeEach(async () => {
  rig = await Rig.open({ limits: LIMITS })
  onTestFinished(() => rig.close())
})

const service = (port = 80): ServiceSnapshot | undefined =>
  rig.datapath.snapshot(desired([])).services.find(({ key }) => key === `tcp ${VIP}:${port}`)
const segment = (flags: string, sport = 1000, port = 80) =>
  frame({ src: '192.168.0.1', dst: VIP, payload: tcp(sport, port, flags) })
const handshake = (sport: number, port = 80) => {
  for (const flags of ['S', 'A']) rig.send(segment(flags, sport, port))
}

/** Time goes on until what is in the trash is freed. */
function afterTheTrash(services: readonly ServiceWords[]): void {
  rig.advance(1000)
  rig.sweep()
  for (const later of [0, 1000]) {
    const now = rig.datapath.now() + later
    unwrap(rig.datapath.apply(unwrap(diff(desired(services, LIMITS), rig.datapath.actual(), now))))
  }
}

describe.each(FAMILIES)('every scheduler, $name', ({ words, vip, real }) => {
  test('counts what begins, what goes on, and what finds nobody', () => {
    for (const scheduler of SCHEDULERS.filter((name) => name !== 'none')) {
      const web = { vip, scheduler, reals: [real] }
      rig.apply([web])
      rig.reset()
      const key = vip === VIP ? `tcp ${VIP}:80` : `tcp [${VIP6}]:80`
      const reasons = () =>
        rig.datapath.snapshot(desired([])).services.find((one) => one.key === key)?.reasons
      for (const flags of ['S', 'A', 'PA', 'A']) rig.send(frame(words(tcp(1000, 80, flags))))
      expect(reasons(), scheduler).toEqual({ forward_new: 1n, forward_conn: 3n })
      rig.apply([{ ...web, reals: [{ address: real, weight: 0 }] }])
      rig.send(frame(words(tcp(1001, 80, 'S'))))
      expect(reasons(), scheduler).toEqual({ forward_new: 1n, forward_conn: 3n, answer_no_real: 1n })
      rig.apply([])
      afterTheTrash([])
    }
  })
})

describe('a real server that goes', () => {
  const WEB: ServiceWords = { vip: VIP, reals: [REAL] }
  const LATER: ServiceWords = { vip: VIP, reals: [OTHER] }

  test('leaves its counts to its service, in the trash and when it is freed', () => {
    rig.apply([WEB])
    for (const sport of [1000, 1001]) handshake(sport)
    rig.send(segment('A'))
    const first = service()
    expect(first?.reasons).toEqual({ forward_new: 2n, forward_conn: 3n })
    expect(first?.latency?.count).toBe(2)
    expect(first?.reals.map(({ latency }) => latency?.count)).toEqual([2])

    rig.apply([LATER])
    rig.send(segment('A'))
    expect(service()?.reasons).toEqual({ forward_new: 2n, forward_conn: 3n, drop_real_gone: 1n })
    expect(service()?.latency).toEqual(first?.latency)
    expect(service()?.reals.map(({ latency }) => latency)).toEqual([undefined])

    afterTheTrash([LATER])
    expect(rig.datapath.actual().services.get(`tcp ${VIP}:80`)?.trash).toEqual([])
    expect(service()?.reasons).toEqual({ forward_new: 2n, forward_conn: 3n, drop_real_gone: 1n })
    expect(service()?.latency).toEqual(first?.latency)
    handshake(1002)
    expect(service()?.reasons).toEqual({ forward_new: 3n, forward_conn: 4n, drop_real_gone: 1n })
    expect(service()?.latency?.count).toBe(3)
  })

  test('does not leave them to whoever gets its number', () => {
    rig.apply([WEB])
    handshake(1000)
    const id = service()?.reals[0]?.id
    rig.apply([])
    afterTheTrash([])
    rig.apply([{ ...WEB, port: 81 }])
    expect(service(81)?.reals[0]?.id).toBe(id)
    expect(service(81)?.reals[0]?.latency).toBeUndefined()
    handshake(1000, 81)
    expect(service(81)?.reals[0]?.latency?.count).toBe(1)
    expect(service(81)?.latency?.count).toBe(1)
  })

  test('comes back out of the trash with what it had', () => {
    rig.apply([WEB])
    handshake(1000)
    rig.apply([LATER])
    rig.apply([WEB])
    handshake(1001)
    expect(service()?.reals.map(({ latency }) => latency?.count)).toEqual([2])
    expect(service()?.latency?.count).toBe(2)
  })
})

describe('a service', () => {
  const WEB: ServiceWords = { vip: VIP, reals: [REAL] }

  test('that gets the number of another counts from zero', () => {
    rig.apply([WEB])
    handshake(1000)
    const id = service()?.id
    rig.apply([])
    afterTheTrash([])
    rig.apply([{ ...WEB, port: 81 }])
    expect(service(81)).toMatchObject({ id, reasons: {} })
    expect(service(81)).not.toHaveProperty('latency')
  })

  test('that was deleted and is there again counts from zero', () => {
    rig.apply([WEB])
    handshake(1000)
    rig.apply([])
    rig.apply([WEB])
    expect(service()).toMatchObject({ reasons: {}, packets: 0n })
    expect(service()).not.toHaveProperty('latency')
    handshake(1001)
    expect(service()?.reasons).toEqual({ forward_new: 1n, forward_conn: 1n })
  })

  test('counts for itself alone', () => {
    rig.apply([WEB, { ...WEB, port: 81 }, { vip: VIP6, reals: [REAL6] }])
    handshake(1000)
    handshake(1000, 81)
    rig.send(segment('A', 1000, 81))
    expect(service(80)?.reasons).toEqual({ forward_new: 1n, forward_conn: 1n })
    expect(service(81)?.reasons).toEqual({ forward_new: 1n, forward_conn: 2n })
  })

  test('tells what it told before of settled flows when it is told more of others meanwhile', () => {
    rig.apply([WEB])
    handshake(1000)
    expect(service()?.reasons['forward_conn']).toBe(1n)
    // what came between the reading of real servers and of reasons
    const id = service()?.id as number
    const view = rig.memory('service_reasons')
    const at = id * ServiceReasons_SIZE + 8 * Reason.FORWARD_NEW
    view.setBigUint64(at, view.getBigUint64(at, true) + 1n, true)
    expect(service()?.reasons['forward_conn']).toBe(1n)
  })
})
