// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { formatProblems } from '../../../src/model/describe.js'
import { addDone, doneText, readDone } from '../../../src/realserver/done.js'
import type { Done, Step } from '../../../src/realserver/types.js'
import { readWish, unknownInterfaces, type WishWords, withDone } from '../../../src/realserver/words.js'
import { xlvs } from '../cli/given.js'
import { ETH0, LO, VIP, VIP6, WISH } from './given.js'

const read = (words: WishWords) => {
  const wish = readWish(words)
  return wish.ok ? wish.value : formatProblems(wish.problems)
}

describe('words', () => {
  it('name each VIP once, in its canonical form', () => {
    expect(read({ vip: ' 192.0.2.10,2001:DB8:0::10,,192.0.2.10', root: '/r/' })).toEqual({
      vips: [VIP, VIP6],
      home: 'lo',
      from: [],
      root: '/r',
    })
    expect(read({ vip: VIP, device: 'dummy', from: 'eth0, eth1', keeper: 'networkmanager' })).toMatchObject({
      home: 'dummy',
      from: ['eth0', 'eth1'],
      keeper: 'NetworkManager',
    })
  })

  it.each([
    [{}, '--vip is missing; name the addresses: --vip 192.0.2.10,2001:db8::10'],
    [{ vip: ',' }, '--vip is missing; name the addresses: --vip 192.0.2.10,2001:db8::10'],
    [
      { vip: '224.0.0.5' },
      '--vip: VIP 224.0.0.5 is a multicast address; use the unicast address of one host',
    ],
    [{ vip: '192.0.2.10/32' }, '--vip: VIP "192.0.2.10/32" has a prefix; write 192.0.2.10'],
    [
      { vip: '192.0.2.10:80' },
      '--vip: VIP "192.0.2.10:80" is not an IP address; write it like 192.0.2.10 or 2001:db8::1',
    ],
    [{ vip: VIP, device: 'eth0' }, '--device: "eth0" is not known; use lo or dummy'],
    [
      { vip: VIP, keeper: 'me' },
      '--keeper: "me" is not known; use networkd, NetworkManager, ifupdown or none',
    ],
  ] as const)('%j are refused in one sentence', (words, sentence) => {
    expect(read(words)).toBe(sentence)
  })

  it('name interfaces that are there', () => {
    const wish = { ...WISH, from: ['eth0', 'eth7'] }
    expect(formatProblems(unknownInterfaces(wish, [LO, ETH0]))).toBe(
      '--from: there is no interface "eth7"; there is lo, eth0',
    )
  })

  it.each([['setup'], ['check']])('of %s are explained with an example in 80 columns', async (verb) => {
    const { code, out } = await xlvs(['realserver', verb, '--help'])
    expect(code).toBe(0)
    expect(out.split(/Examples?:\n/)[1]).toContain(`xlvs realserver ${verb}`)
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('that exclude each other are refused', async () => {
    const { code, err } = await xlvs(['realserver', 'setup', '--vip', VIP, '--apply', '--undo'])
    expect({ code, err }).toEqual({ code: 2, err: '--apply and --undo exclude each other\n' })
  })
})

const SET: Step = { kind: 'setting', key: 'net/ipv4/conf/all/arp_ignore', value: 1, was: 0 }
const FILE: Step = { kind: 'file', path: '/etc/x', text: 'one', mode: 0o644, was: null }
const first: Done = addDone(undefined, { ...WISH, vips: [VIP] }, 'networkd', {
  steps: [SET, FILE],
  folders: ['/etc'],
})

describe('what was done', () => {
  it('is read as it was written, and nothing else is', () => {
    expect(readDone(doneText(first), 'state')).toMatchObject({ ok: true, value: first })
    for (const text of ['', '[]', '{"version": 2}', '{"version": 1, "steps": []}'])
      expect(readDone(text, 'state')).toMatchObject({ ok: false, problems: [{ subject: 'state' }] })
  })

  it('keeps what was before the first apply through a second one', () => {
    const steps: Step[] = [
      { ...SET, was: 8 },
      { ...FILE, text: 'two', was: 'one' },
      { kind: 'address', address: VIP6, prefix: 128, device: 'lo' },
    ]
    const done = addDone(first, WISH, 'networkd', { steps, folders: ['/etc', '/etc/a'] })
    expect(done.steps).toEqual([SET, { ...FILE, text: 'two' }, steps[2]])
    expect(done).toMatchObject({ vips: [VIP, VIP6], folders: ['/etc', '/etc/a'] })
  })

  it('is added to by a second apply, in the same ways', () => {
    const { keeper: _, ...wish } = { ...WISH, vips: [VIP6] }
    expect(withDone(wish, first)).toMatchObject({
      ok: true,
      value: { vips: [VIP, VIP6], keeper: 'networkd' },
    })
    const other = withDone({ ...wish, home: 'dummy', keeper: 'ifupdown' }, first)
    expect(other).toMatchObject({ ok: false, problems: [{ subject: '--device' }, { subject: '--keeper' }] })
  })
})
