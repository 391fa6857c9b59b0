// SPDX-License-Identifier: Apache-2.0
// Rules of arp tables that silence a VIP are told from those that do not; the lists are what nft prints.
import { describe, expect, it } from 'vitest'
import { judge, planOf } from '../../../src/realserver/judge.js'
import { arpTableText, readArpRules } from '../../../src/realserver/nft.js'
import { commandsOf } from '../../../src/realserver/steps.js'
import type { ArpRule } from '../../../src/realserver/types.js'
import { address, ETH0, facts, LO, LO_WITH_VIPS, link, rightBut, VIP, WISH } from './given.js'

const payload = (field: string, right: unknown, op = '==') => ({
  match: { op, left: { payload: { protocol: 'arp', field } }, right },
})
const device = (key: string, name: string) => ({ match: { op: '==', left: { meta: { key } }, right: name } })
const COUNTER = { counter: { packets: 0, bytes: 0 } }
const DROP = { drop: null }
const ETHERNET = [payload('htype', 1), payload('hlen', 6), payload('plen', 4)]

function read(hook: string, rules: readonly (readonly object[])[], family = 'arp'): readonly ArpRule[] {
  const place = { family, table: 'filter' }
  return readArpRules(
    JSON.stringify({
      nftables: [
        { metainfo: { version: '1.0.6' } },
        { table: { family, name: 'filter' } },
        { set: { ...place, name: 'vips', type: 'ipv4_addr', elem: [VIP, '192.0.2.11'] } },
        { chain: { ...place, name: 'some', type: 'filter', hook, prio: 0, policy: 'accept' } },
        { chain: { ...place, name: 'other' } },
        ...rules.map((expr) => ({ rule: { ...place, chain: 'some', expr } })),
      ],
    }),
  )
}

const ONE = [{ address: VIP, prefix: 32 }]

describe('a rule', () => {
  it.each([
    ['of arptables', 'input', [...ETHERNET, payload('daddr ip', VIP), COUNTER, DROP], { networks: ONE }],
    [
      'of questions alone',
      'input',
      [payload('operation', 'request'), payload('daddr ip', VIP), DROP],
      { networks: ONE },
    ],
    [
      'of one interface',
      'input',
      [device('iifname', 'eth0'), payload('daddr ip', VIP), DROP],
      { networks: ONE, device: 'eth0' },
    ],
    [
      'of a network',
      'input',
      [payload('daddr ip', { prefix: { addr: '192.0.2.0', len: 24 } }), DROP],
      { networks: [{ address: '192.0.2.0', prefix: 24 }] },
    ],
    [
      'of a set',
      'input',
      [payload('daddr ip', '@vips'), DROP],
      { networks: [...ONE, { address: '192.0.2.11', prefix: 32 }] },
    ],
    ['of several addresses', 'input', [payload('daddr ip', { set: [VIP] }), DROP], { networks: ONE }],
    ['that drops what is said', 'output', [payload('saddr ip', VIP), DROP], { networks: ONE }],
    [
      "of arptables' mangle",
      'output',
      [payload('saddr ip', VIP), COUNTER, { xt: { type: 'target', name: 'mangle' } }],
      { networks: ONE },
    ],
    [
      'with another sender',
      'output',
      [
        payload('saddr ip', VIP),
        { mangle: { key: { payload: { protocol: 'arp', field: 'saddr ip' } }, value: '192.0.2.21' } },
      ],
      { networks: ONE },
    ],
  ])('%s silences', (_, hook, expr, rule) => {
    expect(read(hook, [expr])).toEqual([{ hook, ...rule }])
  })

  it.each([
    ['of another family', 'input', [payload('daddr ip', VIP), DROP], 'ip'],
    ['on another hook', 'forward', [payload('daddr ip', VIP), DROP], 'arp'],
    ['of all but the VIP', 'input', [payload('daddr ip', VIP, '!='), DROP], 'arp'],
    ['of some senders', 'input', [payload('saddr ip', '192.0.2.1'), payload('daddr ip', VIP), DROP], 'arp'],
    ['of replies', 'input', [payload('operation', 'reply'), payload('daddr ip', VIP), DROP], 'arp'],
    [
      'that says questions only',
      'output',
      [payload('operation', 'request'), payload('saddr ip', VIP), DROP],
      'arp',
    ],
    ['that only counts', 'input', [payload('daddr ip', VIP), COUNTER], 'arp'],
    ['that limits', 'input', [payload('daddr ip', VIP), { limit: { rate: 1 } }, DROP], 'arp'],
    ['of every address', 'input', [DROP], 'arp'],
  ])('%s does not', (_, hook, expr, family) => {
    expect(read(hook, [expr], family)).toEqual([])
  })

  it('after one that lets something pass does not, one before it does', () => {
    const drop = [payload('daddr ip', VIP), DROP]
    expect(read('input', [[{ accept: null }], drop])).toEqual([])
    expect(read('input', [drop, [{ jump: { target: 'other' } }], drop])).toHaveLength(1)
    expect(readArpRules('')).toEqual([])
  })
})

const silence = (...hooks: readonly ArpRule['hook'][]): readonly ArpRule[] =>
  hooks.map((hook) => ({ hook, networks: ONE }))
const FOUR = { ...WISH, vips: [VIP] }
const arpOf = (...words: Parameters<typeof judge>) =>
  judge(...words).filter(({ text }) => /arp/.test(text) && !text.startsWith('/'))

describe('a host', () => {
  it('whose rules silence the VIP needs no settings', () => {
    const quiet = rightBut({ settings: new Map(), arpRules: silence('input', 'output') })
    expect(arpOf(FOUR, quiet).map(({ verdict }) => verdict)).toEqual(['right', 'right'])
    const plan = planOf(judge(FOUR, quiet))
    expect(plan).toEqual({ ok: true, value: [] })
  })

  it.each([
    ['one hook only', silence('input')],
    [
      'another address',
      silence('input', 'output').map((rule) => ({
        ...rule,
        networks: [{ address: '192.0.2.99', prefix: 32 }],
      })),
    ],
    ['another interface', silence('input', 'output').map((rule) => ({ ...rule, device: 'eth7' }))],
  ])('whose rules are for %s needs them', (_, arpRules) => {
    expect(
      arpOf(FOUR, rightBut({ settings: new Map(), arpRules })).some(({ verdict }) => verdict === 'wrong'),
    ).toBe(true)
  })

  it('that is to be silent by settings is not judged by rules', () => {
    const quiet = rightBut({ settings: new Map(), arpRules: silence('input', 'output') })
    expect(arpOf({ ...FOUR, arp: 'sysctl' }, quiet).some(({ verdict }) => verdict === 'wrong')).toBe(true)
  })

  it('that is to be silent by rules gets a table, settings stay as they are, and a boot makes it again', () => {
    const plan = planOf(judge({ ...FOUR, arp: 'arptables' }, facts()))
    const text = arpTableText([VIP], [ETH0])
    expect(plan.ok && plan.value.map(({ kind }) => kind)).toEqual(['rules', 'address', 'file', 'file'])
    expect(plan.ok && plan.value[0]).toEqual({ kind: 'rules', text, was: null })
    expect(plan.ok && commandsOf(plan.value[0] as never)).toEqual([
      "nft -f - <<'END'",
      ...text.trimEnd().split('\n'),
      'END',
    ])
    expect(plan.ok && plan.value[2]).toMatchObject({
      path: '/etc/xlvs/arp.nft',
      text: expect.stringContaining(text),
    })
    expect(plan.ok && plan.value[3]).toMatchObject({
      text: expect.stringContaining('nft -f /etc/xlvs/arp.nft\n'),
    })
  })

  it('asks in its own name where it has one, and not at all in that of a VIP elsewhere', () => {
    const text = arpTableText(
      [VIP, '2001:db8::10'],
      [link('eth0', [address(VIP), ...ETH0.addresses]), link('eth1')],
    )
    expect(text).toContain('elements = { 192.0.2.10 }')
    expect(text.match(/oifname.*/g)).toEqual([
      'oifname "eth0" arp saddr ip @vips arp saddr ip set 192.0.2.21',
    ])
  })

  it('that cannot list rules is told so, and nothing is done', () => {
    const blind = facts({ links: [LO, ETH0], nft: false })
    expect(planOf(judge({ ...FOUR, arp: 'arptables' }, blind))).toMatchObject({
      ok: false,
      problems: [{ fix: expect.stringContaining('--arp sysctl') }],
    })
    expect(
      arpOf(FOUR, rightBut({ links: [LO_WITH_VIPS, ETH0], nft: false })).every(
        ({ verdict }) => verdict === 'right',
      ),
    ).toBe(true)
  })
})
