// SPDX-License-Identifier: Apache-2.0
// Services of marks, thresholds, tunables and the defence, from the wish to what packets do and listings show.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Template_OFFSETS, Template_SIZE, TemplateControl } from '../../src/abi/generated.js'
import { frame, type Transport, tcp, udp } from '../packets/frames.js'
import { desired, type MarkWords, Rig, type RuleWords } from './rig.js'

const VIP = '10.0.1.1'
const WEB: MarkWords = { mark: 6666, reals: [{ address: '10.0.2.1', port: 8080, weight: 1 }, '10.0.2.2'] }
const PORTS: RuleWords = { vip: VIP, ports: [80, 443], mark: 6666 }
const LIMITED = { vip: VIP, scheduler: 'fo' } as const

let rig: Rig

beforeEach(async () => {
  rig = await Rig.open()
})
afterEach(() => rig.close())

function syn(client: string, port = 80, sport = 1000, vip = VIP): Uint8Array {
  return frame({ src: client, dst: vip, payload: tcp(sport, port, 'S') })
}

describe('the service of a mark', () => {
  test('has the ports of its rules, and no others', () => {
    rig.apply([WEB], [PORTS, { ...PORTS, protocol: 'udp', ports: [[5000, 5010]] }])
    const to = (payload: Transport) => rig.goes(frame({ src: '192.168.0.1', dst: VIP, payload }))
    expect([80, 443].map((port) => rig.goes(syn('192.168.0.1', port)))).toEqual(['10.0.2.2', '10.0.2.1'])
    expect(rig.goes(syn('192.168.0.1', 81))).toBe('pass_no_service')
    expect([4999, 5000, 5010, 5011].map((port) => to(udp(1000, port)))).toEqual([
      ...['pass_no_service', '10.0.2.2', '10.0.2.1', 'pass_no_service'],
    ])
  })

  test('is told by its mark in snapshots, its real servers by their ports', () => {
    rig.apply([WEB], [PORTS])
    for (const port of [80, 443]) rig.send(syn('192.168.0.1', port))
    const named = {
      ...WEB,
      name: 'web',
      reals: [{ address: '10.0.2.1', port: 8080, weight: 3, name: 'one' }],
    }
    const [service] = rig.datapath.snapshot(desired([named])).services
    expect(service).toMatchObject({
      key: 'fwm 6666',
      match: { mark: 6666, family: 4 },
      name: 'web',
      active: 2,
    })
    expect(service?.reals.map(({ address, port, name }) => [address, port, name])).toEqual([
      ['10.0.2.2', 0, undefined],
      ['10.0.2.1', 8080, 'one'],
    ])
    const of = ({ real, realPort, virtualPort }: { real: string; realPort: number; virtualPort: number }) =>
      `${virtualPort} > ${real}:${realPort}`
    expect([...rig.datapath.conns({ service: 'fwm 6666' })].map(of).sort()).toEqual([
      ...['443 > 10.0.2.1:8080', '80 > 10.0.2.2:80'],
    ])
  })

  test('has templates under the mark as an address, and packets keep their ports', () => {
    const six = { mark: 0x12345678, family: 6, persistence: { timeout: 60, prefix: 64 } } as const
    rig.apply(
      [
        { ...WEB, persistence: { timeout: 300, prefix: 24 } },
        { ...six, reals: [{ address: 'fd00:2::1', port: 8080, weight: 1 }] },
      ],
      [PORTS, { vip: 'fd00:1::1', ports: [80], mark: six.mark }],
    )
    for (const port of [80, 443]) rig.send(syn('192.168.0.1', port))
    rig.send(syn('2001:db8::1', 80, 1000, 'fd00:1::1'))
    const templates = [...rig.datapath.templates()]
    expect(
      templates
        .map(({ protocol, clientNet, vip, virtualPort, realPort, controls }) => {
          return [protocol, clientNet, vip, virtualPort, realPort, controls]
        })
        .sort(),
    ).toEqual([
      ['ip', '192.168.0.0', '0.0.26.10', 0, 0, 2],
      ['ip', '2001:db8::', '1234:5678::', 0, 0, 1],
    ])
    expect([...rig.datapath.templates({ service: 'fwm 305419896 ipv6' })]).toHaveLength(1)
    expect([...rig.datapath.conns()].every(({ realPort, virtualPort }) => realPort === virtualPort)).toBe(
      true,
    )
    expect(rig.datapath.snapshot(desired([])).services.map(({ persistent }) => persistent)).toEqual([1, 1])
  })

  test('leaves a VIP to its connections when the last rule goes', () => {
    rig.apply([WEB], [PORTS])
    const real = rig.goes(syn('192.168.0.1'))
    rig.apply([WEB])
    const ack = frame({ src: '192.168.0.1', dst: VIP, payload: tcp(1000, 80, 'A') })
    expect([rig.goes(ack), rig.goes(syn('192.168.0.2'))]).toEqual([real, 'pass_no_service'])
    rig.apply([WEB])
    expect(rig.datapath.actual().vips.size).toBe(1)
    rig.advance(901)
    rig.sweep()
    rig.apply([WEB])
    expect(rig.datapath.actual().vips.size).toBe(0)
    expect(rig.goes(syn('192.168.0.2'))).toBe('pass_not_vip')
  })
})

test('a template that was disabled shows with port 65535', () => {
  rig.apply([{ vip: VIP, persistence: { timeout: 300, prefix: 32 }, reals: ['10.0.2.1'] }])
  rig.send(syn('192.168.0.1'))
  const templates = rig.memory('templates')
  for (let at = 0; at < templates.byteLength; at += Template_SIZE) {
    if (templates.getBigUint64(at + Template_OFFSETS.data, true) === 0n) continue
    const control = templates.getUint32(at + Template_OFFSETS.control, true)
    templates.setUint32(at + Template_OFFSETS.control, control | TemplateControl.TEMPLATE_DISABLED, true)
  }
  expect([...rig.datapath.templates()]).toMatchObject([{ virtualPort: 65_535, realPort: 65_535 }])
})

describe('thresholds', () => {
  const apply = (upper: number, lower = 0, rest: { weight?: number } = {}) =>
    rig.apply([
      { ...LIMITED, reals: [{ address: '10.0.2.1', weight: 9, upper, lower, ...rest }, '10.0.2.2'] },
    ])
  const one = () =>
    rig.datapath.snapshot(desired([])).services[0]?.reals.find(({ address }) => address === '10.0.2.1')
  const open = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => rig.goes(syn(`192.168.0.${from + i}`)))

  test('that are reached keep new connections away', () => {
    apply(3)
    expect(open(1, 5)).toEqual(['10.0.2.1', '10.0.2.1', '10.0.2.1', '10.0.2.2', '10.0.2.2'])
    expect(one()).toMatchObject({ upper: 3, lower: 0, overloaded: true, active: 3 })
  })

  test('that are edited count at once, between the two the flag stays', () => {
    apply(0)
    open(1, 5)
    expect(one()).toMatchObject({ active: 5, overloaded: false })
    apply(5)
    expect(one()?.overloaded).toBe(true)
    apply(6)
    expect(one()?.overloaded).toBe(true)
    apply(8)
    expect(one()?.overloaded).toBe(false)
    apply(7, 5)
    expect(one()?.overloaded).toBe(false)
    apply(0)
    expect(one()?.overloaded).toBe(false)
  })

  test('are judged again when a removed real server comes back to its connections', () => {
    apply(0)
    open(1, 4)
    rig.apply([{ ...LIMITED, reals: ['10.0.2.2'] }])
    apply(4)
    expect(one()).toMatchObject({ overloaded: true, active: 4 })
    rig.apply([{ ...LIMITED, reals: ['10.0.2.2'] }])
    apply(100)
    expect(one()?.overloaded).toBe(false)
  })

  test('a weight of 0 and back leaves the flag alone', () => {
    apply(3)
    open(1, 3)
    apply(3, 0, { weight: 0 })
    expect([open(11, 1), one()?.overloaded]).toEqual([['10.0.2.2'], true])
    apply(3)
    expect(one()?.overloaded).toBe(true)
  })
})

describe('with the last service of a family gone', () => {
  test('packets of old connections pass, and are dropped again when any other comes', () => {
    rig.apply([{ vip: VIP, reals: ['10.0.2.1'] }])
    rig.send(syn('192.168.0.1'))
    const ack = frame({ src: '192.168.0.1', dst: VIP, payload: tcp(1000, 80, 'A') })
    rig.apply([])
    expect(rig.goes(ack)).toBe('pass_not_vip')
    rig.apply([{ vip: '10.0.1.2', reals: ['10.0.2.1'] }])
    expect(rig.goes(ack)).toBe('drop_real_gone')
    rig.apply([{ vip: VIP, reals: ['10.0.2.1'] }])
    expect(rig.goes(ack)).toBe('10.0.2.1')
  })
})

describe('the defence', () => {
  test('drops every n-th packet that would be scheduled', () => {
    rig.apply([{ vip: VIP, reals: ['10.0.2.1'] }])
    rig.datapath.setDefence({ secureTcp: false, dropRate: 3 })
    const reasons = Array.from({ length: 7 }, (_, i) => rig.send(syn(`192.168.0.${i + 1}`)).reason)
    expect(reasons.map((reason) => reason === 'drop_defence')).toEqual([
      ...[true, false, false, true, false, false, true],
    ])
    rig.datapath.setDefence({ secureTcp: false, dropRate: 0 })
    expect(rig.send(syn('192.168.0.9')).reason).toBe('forward_new')
  })

  test('takes half-open connections of its part of the tables, all of them in 32 turns', () => {
    rig.apply([{ vip: VIP, reals: ['10.0.2.1'] }])
    for (let i = 1; i <= 200; i++) rig.send(syn(`192.168.0.${i}`))
    rig.send(frame({ src: '192.168.0.7', dst: VIP, payload: tcp(1000, 80, 'A') }))
    let freed = 0
    for (let turn = 0; turn < 32; turn++) {
      const now = rig.datapath.defend(turn / 32).freed
      expect(now).toBeLessThan(40)
      freed += now
    }
    expect(freed).toBe(199)
    expect([...rig.datapath.conns()]).toMatchObject([{ client: '192.168.0.7', state: 'ESTABLISHED' }])
    expect(rig.loads()).toMatchObject({ '10.0.2.1': { active: 1, inactive: 0 } })
  })
})

test('tunables are what packets follow', () => {
  rig.apply([{ vip: VIP, reals: ['10.0.2.1'] }])
  const ack = frame({ src: '192.168.0.1', dst: VIP, payload: tcp(1000, 80, 'A') })
  expect(rig.goes(ack)).toBe('pass_no_conn')
  rig.setTunables({ sloppy_tcp: 1 })
  expect(rig.goes(ack)).toBe('10.0.2.1')
  expect(rig.datapath.actual().tunables).toMatchObject({
    sloppy_tcp: 1,
    conn_reuse_mode: 1,
    icmp_ratelimit: 0,
  })
})
