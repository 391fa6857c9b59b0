// SPDX-License-Identifier: Apache-2.0
// Marks and their services: added, joined, taken away, and refused where they would contradict each other.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as change from '../../../src/model/change.js'
import { formatProblems } from '../../../src/model/describe.js'
import { realKey, serviceKey, splitServiceKey } from '../../../src/model/keys.js'
import { markedRanges, markText } from '../../../src/model/marks.js'
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  DEFAULT_TUNABLES,
  type Desired,
  type Outcome,
} from '../../../src/model/types.js'
import { validateDesired } from '../../../src/model/validate.js'

const EMPTY: Desired = {
  interfaces: [],
  services: [],
  marks: [],
  peers: [],
  timeouts: DEFAULT_TIMEOUTS,
  tunables: DEFAULT_TUNABLES,
  limits: { ...DEFAULT_LIMITS, services: 2 },
}
const VIP = '192.0.2.10'

function done(outcome: Outcome<Desired>): Desired {
  if (!outcome.ok) throw new Error(formatProblems(outcome.problems))
  return outcome.value
}
const said = (outcome: Outcome<Desired>) => (outcome.ok ? 'accepted' : formatProblems(outcome.problems))
const text = (desired: Desired) => desired.marks.map((rule) => `${markText(rule)}=${rule.mark} ${rule.owner}`)

const six = done(change.addMark(EMPTY, { vip: VIP, ports: '80,443', mark: 6 }))
const fixed: Desired = { ...six, marks: six.marks.map((rule) => ({ ...rule, owner: 'file' })) }

describe('a mark', () => {
  it('is for TCP unless told otherwise, and joins what carries it already', () => {
    expect(text(six)).toEqual(['tcp 192.0.2.10:80,443=6 api'])
    const more = done(change.addMark(six, { vip: VIP, ports: [[443, 500]], mark: 6 }))
    expect(text(more)).toEqual(['tcp 192.0.2.10:80,443:500=6 api'])
    const udp = done(change.addMark(more, { vip: VIP, protocol: 'udp', ports: '443', mark: 7 }))
    expect(text(udp)).toEqual(['tcp 192.0.2.10:80,443:500=6 api', 'udp 192.0.2.10:443=7 api'])
  })

  it('that is there already changes nothing, and of the file only what it lacks is added', () => {
    expect(done(change.addMark(six, { vip: VIP, ports: '443', mark: 6 }))).toBe(six)
    expect(done(change.addMark(fixed, { vip: VIP, ports: '443', mark: 6 }))).toBe(fixed)
    expect(text(done(change.addMark(fixed, { vip: VIP, ports: '443,444', mark: 6 })))).toEqual([
      'tcp 192.0.2.10:80,443=6 file',
      'tcp 192.0.2.10:444=6 api',
    ])
  })

  it('is taken from the ports that are named', () => {
    const wide = done(change.addMark(six, { vip: VIP, ports: '1000:2000', mark: 7 }))
    const left = done(change.removeMark(wide, { vip: VIP, ports: '443,1500' }))
    expect(text(left)).toEqual(['tcp 192.0.2.10:80=6 api', 'tcp 192.0.2.10:1000:1499,1501:2000=7 api'])
    expect(text(done(change.removeMark(left, { vip: VIP, ports: '80' })))).toEqual([
      'tcp 192.0.2.10:1000:1499,1501:2000=7 api',
    ])
  })

  it.each([
    [
      () => change.addMark(six, { vip: VIP, ports: '400:500', mark: 7 }),
      'tcp 192.0.2.10:400:500: tcp 192.0.2.10:443 carries mark 6 already; leave 443 out, or take that mark away',
    ],
    [
      () => change.addMark(six, { vip: '127.0.0.1', ports: '', mark: 0 }),
      'vip: VIP 127.0.0.1 is a loopback address; use the unicast address of one host\nports: ports are missing; write ports like 80,443,1000:2000\nmark: mark 0 is below 1; use 1..4294967295',
    ],
    [
      () => change.removeMark(six, { vip: VIP, ports: '80:82' }),
      'tcp 192.0.2.10:81:82: tcp 192.0.2.10:81:82 carries no mark; see `xlvs show marks`',
    ],
    [
      () => change.removeMark(fixed, { vip: VIP, ports: '80' }),
      'tcp 192.0.2.10:80: the mark of tcp 192.0.2.10:80 is in the file; edit the file, then: xlvs reload',
    ],
  ])('is refused %#', (edit, expected) => expect(said(edit())).toBe(expected))

  it('leads to no VIP that is a real server, and to no more VIPs than there is room for', () => {
    const web = done(change.addService(EMPTY, { mark: 6, reals: [{ address: '192.0.2.21' }] }))
    expect(said(change.addMark(web, { vip: '192.0.2.21', ports: '80', mark: 6 }))).toContain(
      'real 192.0.2.21 is also a VIP',
    )
    const two = done(change.addMark(six, { vip: '192.0.2.11', ports: '80', mark: 6 }))
    expect(said(change.addMark(two, { vip: '192.0.2.12', ports: '80', mark: 6 }))).toContain(
      'there are 3 VIPs of services and marks, more than limits.services 2',
    )
    expect(said(change.addService(six, { mark: 6, reals: [{ address: VIP }] }))).toContain('is also a VIP')
  })
})

it('marks in any order of requests are valid, and their ranges are those that were asked for last', () => {
  const step = fc.record({
    add: fc.boolean(),
    mark: fc.integer({ min: 1, max: 2 }),
    ports: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 3 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const model = new Map<number, number>()
      let desired = EMPTY
      for (const { add, mark, ports } of steps) {
        const name = { vip: VIP, ports: ports.join() }
        const outcome = add ? change.addMark(desired, { ...name, mark }) : change.removeMark(desired, name)
        const fits = ports.every((port) => (add ? (model.get(port) ?? mark) === mark : model.has(port)))
        expect(outcome.ok).toBe(fits)
        if (!outcome.ok) continue
        desired = outcome.value
        for (const port of ports) add ? model.set(port, mark) : model.delete(port)
        expect(validateDesired(desired)).toEqual([])
      }
      const flat = markedRanges(desired.marks).flatMap(({ first, last, mark }) =>
        Array.from({ length: last - first + 1 }, (_, i) => [first + i, mark] as const),
      )
      expect(new Map(flat.toSorted(([a], [b]) => a - b))).toEqual(
        new Map([...model].toSorted(([a], [b]) => a - b)),
      )
      expect(flat.length).toBe(model.size)
    }),
  )
})

describe('the service of a mark', () => {
  const web = done(
    change.addService(EMPTY, {
      mark: 6,
      persistence: { timeout: 300 },
      onePacket: true,
      reals: [{ address: '192.0.2.21', port: 80 }, { address: '192.0.2.21' }],
    }),
  )

  it('is named by mark and family, its real servers also by their port', () => {
    expect(web.services[0]).toMatchObject({ mark: 6, family: 4, onePacket: true })
    const other = done(change.addService(web, { mark: 6, family: 6 }))
    expect(other.services.map(serviceKey)).toEqual(['fwm 6', 'fwm 6 ipv6'])
    expect(other.services.map(serviceKey).map(splitServiceKey)).toEqual([
      { mark: 6, family: 4 },
      { mark: 6, family: 6 },
    ])
    expect(web.services[0]?.reals.map((real) => realKey('fwm 6', real))).toEqual([
      'fwm 6 > 192.0.2.21:80',
      'fwm 6 > 192.0.2.21',
    ])
    const heavy = done(change.setReal(web, 'fwm 6', '192.0.2.21:80', { weight: 9 }))
    expect(heavy.services[0]?.reals.map(({ weight }) => weight)).toEqual([9, 1])
    expect(done(change.removeReal(web, 'fwm 6', '192.0.2.21')).services[0]?.reals).toEqual([
      { address: '192.0.2.21', port: 80, weight: 1 },
    ])
  })

  it.each([
    [() => change.addService(web, { mark: 6 }), 'service fwm 6 exists already'],
    [() => change.addService(web, { mark: 0 }), 'mark 0 is below 1'],
    [
      () => change.addReal(web, 'fwm 6', { address: '192.0.2.21', port: 80 }),
      'real 192.0.2.21:80 is in fwm 6 already',
    ],
    [() => change.addReal(web, 'fwm 6', { address: '2001:db8::1' }), 'is IPv6 but fwm 6 is IPv4'],
    [() => change.removeReal(web, 'fwm 6', '192.0.2.21:81'), 'fwm 6 has no real 192.0.2.21:81'],
    [() => change.removeService(web, 'fwm 7'), 'there is no service "fwm 7"'],
  ])('is refused %#', (edit, expected) => expect(said(edit())).toContain(expected))

  it('splits no key that is not one', () => {
    for (const key of ['fwm 06', 'fwm 6 ipv4', 'fwm', 'fwm -1', 'tcp 192.0.2.10:080', 'dccp 192.0.2.10:80'])
      expect(splitServiceKey(key)).toBeUndefined()
    expect(splitServiceKey('sctp [2001:db8::1]:0')).toEqual({ protocol: 'sctp', vip: '2001:db8::1', port: 0 })
  })
})
