// SPDX-License-Identifier: Apache-2.0
// The oracle itself: what a real kernel's IPVS answers through it, that scenarios do not see each other, and how
// mistakes are told. One boot.
import { beforeAll, describe, expect, it } from 'vitest'
import { differences } from './compare.js'
import { expand } from './expand.js'
import { askKernel } from './kernel.js'
import { parseScenario } from './read.js'
import { type Answers, ScenarioError } from './scenario.js'

const PACKETS = { proto: 'tcp', dst: '10.0.1.1', dport: 80, sport: 1000 }

/** As it stands in a scenario. */
const expr = (inside: string) => `\${${inside}}`

const wrr = {
  name: 'wrr',
  pkt: PACKETS,
  steps: [
    '-A -t 10.0.1.1:80 -s wrr',
    { for: { n: [1, 4] }, steps: [`-a -t 10.0.1.1:80 -r 10.0.2.${expr('n')} -g -w ${expr('4-n')}`] },
    { for: { i: [0, 15] }, steps: [{ pkt: { src: expr("ip('192.168.0.1')+i") } }] },
    { snap: 'list' },
  ],
}

const second = {
  name: 'second',
  pkt: PACKETS,
  steps: [
    { snap: ['list', 'conns'] },
    { pkt: { src: '192.168.0.1' } },
    { mark: { vip: '10.0.1.1', proto: 'tcp', ports: '80,443', mark: 6666 } },
    '-A -f 6666 -s rr',
    '-a -f 6666 -r 10.0.2.2 -g',
    { sysctl: { expire_nodest_conn: 1 } },
    { pkt: { src: '192.168.0.1', detail: true } },
    { pkt: { src: '2001:db8::1', dst: 'fd00:1::1', ext: ['hop', 'dst'] } },
    { pkt: { proto: 'icmp', type: 8, src: '192.168.0.1' } },
    '-a -f 6666 -r 10.0.2.2 -g',
  ],
}

function scenario(written: object) {
  return parseScenario(JSON.stringify(written), 'test.json')
}

function went({ answers }: Answers): readonly (string | undefined)[] {
  return answers.filter(({ op }) => op === 'pkt').map(({ v }) => v)
}

describe('the kernel', () => {
  let first: Answers
  let next: Answers

  beforeAll(async () => {
    const answers = await askKernel([wrr, second].map(scenario))
    ;[first, next] = answers as [Answers, Answers]
  })

  it('begins wrr of 3, 2, 1 with a pass of everyone', () => {
    expect(went(first).join('').replaceAll('rs', '')).toBe('321121321121321')
  })

  it('lists servers with the newest first, and counts half-open connections as active', () => {
    const list = first.answers.at(-1)
    expect(list?.parsed?.[0]?.dests).toMatchObject([
      { rs: '10.0.2.3:80', weight: 1, active: 3, inact: 0 },
      { rs: '10.0.2.2:80', weight: 2, active: 5 },
      { rs: '10.0.2.1:80', weight: 3, active: 7 },
    ])
  })

  it('starts the second scenario with empty tables', () => {
    expect(next.answers.slice(0, 2)).toMatchObject([{ parsed: [] }, { conns: [] }])
    expect(went(next)[0]).toBe('local')
  })

  it('sees firewall marks, and tells what a frame holds', () => {
    expect(next.answers[7]).toMatchObject({
      v: 'rs2',
      out: [{ to: 'rs2', src: '192.168.0.1', dst: '10.0.1.1', ttl: 63, proto: 'tcp', dport: 80, flags: 'S' }],
    })
  })

  it('delivers locally what is no service', () => {
    expect(went(next).slice(2)).toEqual(['local', 'local'])
  })

  it('refuses a server that is there', () => {
    expect(next.answers.at(-1)).toMatchObject({ rc: 255, err: ['Destination already exists'] })
  })
})

describe('a mistake is told in one sentence:', () => {
  const step = (...steps: readonly unknown[]) => ({ name: 'x', steps })

  it.each([
    ['{"steps": [', 'test.json: no JSON: '],
    [{ name: 'x' }, 'test.json: "steps" is missing, a list of what is done'],
    [{ steps: [], pkts: {} }, 'test.json: a scenario has no "pkts": '],
    [step('-A', { pkg: 1 }), 'x: step 2: {"pkg":1} is no step: one of for, '],
    [step({ snap: 'lists' }), 'x: step 1: there is no snapshot lists: list, '],
    [step({ pkt: { ...PACKETS, srv: 1 } }), 'x: step 1: a packet has no field "srv": '],
    [step({ pkt: PACKETS }), 'x: step 1: a packet of tcp needs "src"'],
    [step({ pkt: { ...PACKETS, src: '1.2.3' } }), 'x: step 1: "src": "1.2.3" is not an address'],
    [
      step({ for: { i: [0, 1] }, steps: [`-A ${expr('j')}`] }),
      `x: step 1 1: ${expr('j')}: there is no variable j`,
    ],
    [step({ sleep: expr('1+') }), `x: step 1: ${expr('1+')}: it ends too early`],
  ])('%j', (written, sentence) => {
    const read = () =>
      expand(typeof written === 'string' ? parseScenario(written, 'test.json') : scenario(written))
    expect(read).toThrow(ScenarioError)
    expect(read).toThrow(sentence)
    expect(read).not.toThrow('\n')
  })
})

describe('comparing two plays', () => {
  const play = (exp: number, v = 'rs1'): Answers => ({
    heading: { scenario: 'x', about: '', kernel: '', ipvsadm: '', vips: [], rs: {} },
    answers: [
      { op: 'pkt', v },
      { op: 'snap', what: 'conns', conns: [{ pro: 'TCP', state: 'S', src: 'a', virt: 'b', dst: 'c', exp }] },
    ],
    seconds: 0,
  })

  it('forgives a lag of the clock, and nothing else', () => {
    expect(differences(play(897), play(899))).toEqual([])
    expect(differences(play(880), play(899))).toHaveLength(1)
    expect(differences(play(899, 'rs2'), play(899))).toHaveLength(1)
  })
})
