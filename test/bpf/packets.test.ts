// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Reason } from '../../src/abi/generated.js'
import { wrongAnswer } from '../packets/answer.js'
import { four, six } from '../packets/case.js'
import { CASES } from '../packets/cases.js'
import { type FrameWords, frame, icmp, ipPacket, raw, sctp, tcp, udp } from '../packets/frames.js'
import { ipOf } from '../packets/mutate.js'
import { keepsAccounts } from './accounts.js'
import { asksFirst } from './agree.js'
import { otherInterface, play, type Stage } from './play.js'
import { Rig } from './rig.js'

let stage: Stage
let removeInterface = () => {}
/** Where the rehearsal said something else than what a packet then did, or a service did not count it. */
const wrong: string[] = []

beforeAll(async () => {
  const other = otherInterface()
  removeInterface = other.remove
  const rig = await Rig.open({ limits: { connections: 256, templates: 64 } })
  stage = { rig, otherIfindex: other.ifindex }
  rig.openPort(other.ifindex)
  asksFirst(rig, wrong)
  keepsAccounts(rig, wrong)
})

afterAll(async () => {
  removeInterface()
  await stage?.rig.close()
})

const hex = (data: Uint8Array) => Buffer.from(data).toString('hex')

describe.each(Object.entries(CASES))('%s', (_, cases) => {
  test.each(cases.map((each) => [each.title, each] as const))('%s', (_title, packet) => {
    const { action, reason, frame: out } = play(stage, packet)
    expect({ action, reason }).toEqual({ action: packet.action, reason: packet.reason })
    if (packet.out !== undefined) expect(hex(out)).toBe(hex(packet.out))
    expect(wrong.splice(0)).toEqual([])
    if (packet.reason.startsWith('answer_'))
      expect(wrongAnswer(packet.frame, out, ipOf(packet.frame), new Set([1400]))).toBeUndefined()
  })
})

test('the table has a case for every reason there is', () => {
  const markers = new Set(['forward_end', 'forward_redirected'])
  const reasons = Object.keys(Reason).map((name) => name.toLowerCase())
  const covered = new Set(Object.values(CASES).flatMap((cases) => cases.map((each) => each.reason)))
  expect(reasons.filter((name) => !markers.has(name) && !covered.has(name))).toEqual([])
})

test('no two cases have the same title', () => {
  const titles = Object.values(CASES).flatMap((cases) => cases.map((each) => each.title))
  expect(titles.filter((title, i) => titles.indexOf(title) !== i)).toEqual([])
})

describe('a frame cut short', () => {
  const data = new Uint8Array(12)
  const whole: Readonly<Record<string, FrameWords>> = {
    'IPv4 TCP': four(tcp(1000, 80, 'S', data)),
    'IPv4 UDP': four(udp(1000, 53, data)),
    'IPv4 with options in two VLANs': four(tcp(1000, 80, 'S', data), {
      options: new Uint8Array(40).fill(1),
      tags: [{ tpid: 0x88a8, vid: 1 }, { vid: 2 }],
    }),
    'IPv4 ICMP error': four(
      icmp(3, 4, ipPacket({ src: '10.0.1.1', dst: '192.168.0.1', payload: tcp(80, 1000, 'A') })),
    ),
    'IPv6 TCP': six(tcp(1000, 80, 'S', data)),
    'IPv6 UDP in a VLAN': six(udp(1000, 53, data), { tags: [{ vid: 1 }] }),
    'IPv6 with extension headers': six(tcp(1000, 80, 'S', data), {
      extensions: [{ kind: 'hop' }, { kind: 'routing', length: 24 }, { kind: 'auth', length: 12 }],
    }),
    'IPv4 SCTP': four(sctp(1000, 38_412, ['init'], 20)),
    'IPv6 SCTP in a VLAN': six(sctp(1000, 38_412, ['init'], 20), { tags: [{ vid: 1 }] }),
    'an IPv6 fragment': six(udp(1000, 53, data), { extensions: [{ kind: 'fragment', id: 1, more: true }] }),
    'a later IPv4 fragment': four(raw(17, data), { fragment: { id: 1, offset: 64, more: false } }),
  }
  test.each(Object.entries(whole))('%s is never forwarded, never changed, at any length', (_, words) => {
    const full = frame(words)
    for (let length = 14; length < full.length; length++) {
      const cut = full.slice(0, length)
      const {
        action,
        reason,
        frame: out,
      } = play(stage, { title: '', given: [], frame: cut, reason: '', action: 'pass', out: cut })
      expect(['pass', 'drop'], `${length} bytes: ${reason}`).toContain(action)
      expect(hex(out)).toBe(hex(cut))
    }
  })
})
