// SPDX-License-Identifier: Apache-2.0
// The comparison itself: our packets are those of the guest, and no fault passes for equal.
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Judgement } from '../bpf/rig-words.js'
import { bytes, CLIENT_MAC, DIRECTOR_MAC, mac } from '../packets/frames.js'
import { readAnswers } from './answers.js'
import type { Answer, Answers, Connection, Value } from './scenario.js'
import { compare } from './xlvs/compare.js'
import { ipPacketOf, type PacketFields } from './xlvs/packet.js'
import { frameOf, verdictOf } from './xlvs/verdict.js'

const HERE = new URL('.', import.meta.url).pathname
const GUEST = `
import json, sys
sys.path.insert(0, sys.argv[1])
from packet import ip_packet
for line in sys.stdin:
    print(ip_packet(json.loads(line)).hex())
`

/** Every different packet of the recordings, with an IPv4 id that both sides know. */
function packets(): readonly PacketFields[] {
  const files = readdirSync(join(HERE, 'answers'), { recursive: true, encoding: 'utf8' })
  const steps = files
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readAnswers(join(HERE, 'answers', name)).answers)
  const all = steps.flatMap((step) => (step.op === 'pkt' ? [JSON.stringify(identified(step))] : []))
  return [...new Set(all)].map((text) => JSON.parse(text) as PacketFields)
}

function identified({ op, v, n, out, detail, ...fields }: PacketFields): PacketFields {
  const inner = fields['inner'] as PacketFields | undefined
  return { id: 7, ...fields, ...(inner && { inner: identified(inner) }) } as PacketFields
}

describe('packets', () => {
  it('are byte for byte those that the guest sends', () => {
    const asked = packets()
    const input = asked.map((fields) => JSON.stringify(fields)).join('\n')
    const args = ['-c', GUEST, join(HERE, 'guest')]
    const theirs = execFileSync('python3', args, { input, encoding: 'utf8', maxBuffer: 1 << 28 })
    const ours = asked.map((fields) => Buffer.from(ipPacketOf(fields)).toString('hex'))
    expect(ours).toEqual(theirs.trim().split('\n'))
    expect(asked.length).toBeGreaterThan(1_000)
  })
})

describe('a frame that left', () => {
  const REAL = '02:00:00:0a:00:01'
  const sent = ipPacketOf({ proto: 'tcp', src: '192.168.0.1', sport: 1000, dst: '10.0.1.1', dport: 80 })
  const surroundings = { names: new Map([[REAL, 'rs1']]), mtu: 1500 }
  const spent = ipPacketOf({
    proto: 'tcp',
    src: '192.168.0.1',
    sport: 1000,
    dst: '10.0.1.1',
    dport: 80,
    ttl: 63,
  })
  const judged = (packet: Uint8Array, to = REAL, action: Judgement['action'] = 'tx') => {
    const frame = bytes(mac(to), mac(DIRECTOR_MAC), [8, 0], packet)
    return verdictOf(sent, { action, reason: 'forward_new', frame }, surroundings).v
  }

  it('is a decision when nothing but the TTL has changed', () => {
    expect(judged(spent)).toBe('rs1')
  })

  it.each([
    ['the TTL is not spent', sent],
    ['a byte is another', spent.with(30, 9)],
    ['the checksum is wrong', spent.with(10, (spent[10] ?? 0) ^ 1)],
    ['it is longer', bytes(spent, [0])],
  ])('is none when %s', (_, packet) => {
    expect(judged(packet)).toBe('rs1, but the packet is another')
  })

  it('is no decision when nobody has its MAC', () => {
    expect(judged(spent, '02:00:00:0a:00:09')).toBe('mac:02:00:00:0a:00:09')
  })

  it('is left to the stack as it came', () => {
    const passed = (frame: Uint8Array) =>
      verdictOf(sent, { action: 'pass', reason: 'pass_no_conn', frame }, surroundings).v
    expect(passed(frameOf(sent))).toBe('local')
    expect(passed(frameOf(spent))).toBe('local, but changed')
  })

  it('answers the client about this packet, with checksums and the MTU', () => {
    const about = (rest: number, inner: PacketFields) =>
      ipPacketOf({
        proto: 'icmp',
        src: '10.0.1.1',
        dst: '192.168.0.1',
        type: 3,
        code: 4,
        rest,
        inner: inner as Value,
      })
    const own: PacketFields = { proto: 'tcp', src: '192.168.0.1', sport: 1000, dst: '10.0.1.1', dport: 80 }
    const right = about(1500, own)
    expect(judged(right, CLIENT_MAC)).toBe('icmp:3/4')
    expect(judged(about(1400, own), CLIENT_MAC)).toBe('icmp:3/4, but it tells another MTU')
    expect(judged(about(1500, { ...own, sport: 1001 }), CLIENT_MAC)).toBe(
      'icmp:3/4, but it quotes another packet',
    )
    expect(judged(right.with(22, 1), CLIENT_MAC)).toBe('icmp:3/4, but its checksum is wrong')
  })
})

describe('two plays', () => {
  const conn: Connection = { pro: 'TCP', state: 'ESTABLISHED', src: 'a', virt: 'b', dst: 'c', exp: 899 }
  const real = { rs: '10.0.2.1:80', fwd: 'Route', weight: 1, active: 1, inact: 0 }
  const steps: readonly Answer[] = [
    { op: 'ipvsadm', args: '-A -t 10.0.1.1:80', rc: 0 },
    { op: 'pkt', v: 'rs1' },
    { op: 'snap', what: 'list', parsed: [{ svc: 'TCP 10.0.1.1:80', rest: 'rr', dests: [real] }] },
    { op: 'snap', what: 'stats-exact', text: ['a 1', 'b 2'] },
    { op: 'snap', what: 'conns', conns: [conn] },
  ]
  const heading = { scenario: 'x', about: '', kernel: '', ipvsadm: '', vips: [], rs: {} }
  const recorded: Answers = { heading, answers: steps, seconds: 0 }
  const faults = (index: number, change: object) =>
    compare(recorded, steps.with(index, { ...(steps[index] as Answer), ...change }))

  it('are equal when they are', () => {
    expect(compare(recorded, steps)).toEqual([])
    expect(faults(4, { conns: [{ ...conn, exp: 900 }] })).toEqual([])
  })

  it.each<readonly [string, number, object]>([
    ['command', 0, { rc: 255, err: ['Service already exists'] }],
    ['packet', 1, { v: 'rs2' }],
    ['services', 2, { parsed: [{ svc: 'TCP 10.0.1.1:80', rest: 'rr', dests: [{ ...real, active: 2 }] }] }],
    ['services', 2, { parsed: [] }],
    ['text', 3, { text: ['a 1', 'b 3'] }],
    ['connection', 4, { conns: [] }],
    ['connection', 4, { conns: [conn, conn] }],
    ['connection', 4, { conns: [{ ...conn, state: 'FIN_WAIT' }] }],
    ['time', 4, { conns: [{ ...conn, exp: 890 }] }],
    ['time', 4, { conns: [{ ...conn, exp: 910 }] }],
  ])('differ by a %s', (kind, index, change) => {
    const found = faults(index, change)
    expect(found[0]).toMatchObject({ kind, line: index + 2 })
  })
})
