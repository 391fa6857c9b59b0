// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import { diff } from '../../../src/plan/diff.js'
import { vipKey } from '../../../src/plan/directory.js'
import { Maps } from './maps.js'
import { marked, rule, settle, wish } from './wishes.js'

describe('marks', () => {
  const web = [rule({ ports: [[80, 80], [443, 443]] }), rule({ protocol: 'udp', ports: [[443, 443]] })] // biome-ignore format: one line
  const six = marked({ reals: [{ address: '10.0.2.1', port: 8080, weight: 1 }] })

  test('ranges are published once their service is, before their VIPs are found', () => {
    const maps = new Maps()
    expect(settle(maps, wish([six], { marks: web }))).toEqual([
      ...['real-add', 'vip-add', 'service-publish', 'marks-publish', 'marks-publish', 'directory-publish'],
    ])
    expect(maps.ranges('tcp')).toEqual([
      { vipId: 1, first: 80, last: 80, service: 1, mark: 6 },
      { vipId: 1, first: 443, last: 443, service: 1, mark: 6 },
    ])
    expect(maps.ranges('udp')).toMatchObject([{ first: 443 }])
    expect(maps.contents('vips4').get(1)).toBe(vipKey('10.0.1.1'))
    expect([maps.contents('tcp').size, maps.contents('udp').size]).toEqual([0, 0])
    expect(settle(maps, wish([six], { marks: web }))).toEqual([])
  })

  test('without a service are nobody’s, and IPv4 and IPv6 services of one number are two', () => {
    const maps = new Maps()
    const both = [...web, rule({ vip: '2001:db8::1' })]
    settle(maps, wish([marked({ family: 6 })], { marks: both }))
    expect(maps.ranges('tcp')).toMatchObject([{ vipId: 1, first: 80, last: 80 }])
    expect([maps.contents('vips4').size, maps.contents('vips6').size]).toEqual([0, 1])
    settle(maps, wish([marked({ family: 6 }), marked({ family: 4 })], { marks: both }))
    expect(new Set(maps.ranges('tcp').map(({ service }) => service))).toEqual(new Set([1, 2]))
  })

  test('stand in order of VIP and port, what touches as one range', () => {
    const maps = new Maps()
    const ports = (...ranges: [number, number][]) => ranges
    const marks = [
      rule({ vip: '10.0.1.2', ports: ports([0, 65_535]) }),
      rule({ ports: ports([8000, 8999], [20, 21]) }),
      rule({ ports: ports([9000, 9001], [8500, 8600]) }),
      rule({ ports: ports([22, 22]), mark: 7 }),
    ]
    settle(maps, wish([marked({}), marked({ mark: 7 }), { vip: '10.0.1.1' }], { marks }))
    expect(maps.ranges('tcp').map(({ vipId, first, last, mark }) => [vipId, first, last, mark])).toEqual([
      ...[[1, 20, 21, 6], [1, 22, 22, 7], [1, 8000, 9001, 6], [2, 0, 65_535, 6]], // biome-ignore format: one line
    ])
  })

  test('of two services on one port are refused', () => {
    const marks = [rule({ ports: [[80, 90]] }), rule({ ports: [[85, 100]], mark: 7 })]
    const made = diff(wish([marked({}), marked({ mark: 7 })], { marks }), new Maps().actual(), 1)
    const reason = 'tcp ports 85 to 90 of 10.0.1.1 carry mark 6 and mark 7'
    expect(made).toMatchObject({ ok: false, problems: [{ subject: 'mark 7', reason }] })
  })

  test('real servers of one address and two ports are two, in the trash as well', () => {
    const maps = new Maps()
    const two = [80, 81].map((port) => ({ address: '10.0.2.1', port, weight: 1 }))
    settle(maps, wish([marked({ reals: two })]))
    for (const real of maps.reals.values()) real.referenced = true
    expect([...maps.reals.values()].map(({ id, port }) => [id, port])).toEqual([
      [1, 80],
      [2, 81],
    ])
    settle(maps, wish([marked({ reals: [] })]))
    settle(maps, wish([marked({ reals: two.slice(1) })]))
    expect([maps.real(1).state, maps.real(2).state]).toEqual(['trash', 'linked'])
  })

  test('a VIP whose last rule went keeps its id while connections have it', () => {
    const maps = new Maps()
    settle(maps, wish([six], { marks: web }))
    maps.connected.add('10.0.1.1')
    expect(settle(maps, wish([six]))).toEqual(['marks-publish', 'marks-publish'])
    expect(maps.contents('vips4').size).toBe(1)
    expect(settle(maps, wish([six]))).toEqual([])
    maps.connected.clear()
    expect(settle(maps, wish([six]))).toEqual(['directory-publish', 'vip-free'])
  })

  test('a service that goes takes its ranges first, and its real servers to the trash', () => {
    const maps = new Maps()
    settle(maps, wish([six], { marks: web }))
    maps.real(1).referenced = true
    expect(settle(maps, wish([], { marks: web }))).toEqual([
      ...['marks-publish', 'marks-publish', 'directory-publish', 'service-withdraw', 'real-trash'],
    ])
    expect(maps.actual().services.get('fwm 6')).toMatchObject({ listed: false, trash: [{ id: 1 }] })
    settle(maps, wish([six], { marks: web }))
    expect(maps.actual().services.get('fwm 6')).toMatchObject({ listed: true, stale: false, id: 1 })
    expect(maps.real(1).state).toBe('linked')
  })
})
