// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { KEPT, NO_HISTORY, remember } from '../../../../src/cli/top/history.js'
import { ordered, placeOf } from '../../../../src/cli/top/order.js'
import { changes } from '../../../../src/cli/top/paint.js'
import { type List, SORTS, type State, TOTAL } from '../../../../src/cli/top/state.js'
import { MARK_MS, update } from '../../../../src/cli/top/update.js'
import { DNS, drops, fed, keysOf, press, realRow, sample, serviceRow, state, WEB } from './given.js'

const keys = (now: State, list: List) => ordered(now, list).map(({ key }) => key)
const cursor = (now: State, list: List) => placeOf(ordered(now, list), now.lists[list]).key
const short = (key: string) => key.split(' > ').at(-1)

describe('rates', () => {
  const rates = { cps: 7, inPps: 70, inBps: 700 }
  const web = (packets: number, connections: number, bytes: number) => [
    serviceRow(WEB, { packets, connections, bytes, rates }),
  ]

  it('are of two polls and of the time between them, not of the interval', () => {
    const now = fed(
      state(0),
      { kind: 'sample', sample: sample(1, { services: web(100, 10, 1_000) }) },
      { kind: 'sample', sample: sample(3, { services: web(500, 14, 9_000) }) },
    )
    expect(now.data?.services[0]?.speed).toEqual({ packets: 200, conns: 2, bytes: 4_000 })
    expect(now.data?.total).toEqual({ packets: 200, conns: 2, bytes: 4_000 })
  })

  it("are the daemon's own with the first poll, and when counters begin anew", () => {
    const first = fed(state(0), { kind: 'sample', sample: sample(1, { services: web(100, 10, 1_000) }) })
    const own = { packets: 70, conns: 7, bytes: 700 }
    expect(first.data?.services[0]?.speed).toEqual(own)
    const anew = fed(first, { kind: 'sample', sample: sample(2, { services: web(5, 1, 10) }) })
    expect(anew.data?.services[0]?.speed).toEqual(own)
  })

  it('of drops are by reason and service, and a new reason began at 0', () => {
    const row = (packets: number, service?: string) => ({
      reason: 'drop_no_real',
      packets,
      rate: 0,
      about: '',
      ...(service !== undefined && { service }),
    })
    const now = fed(
      state(0),
      { kind: 'sample', sample: sample(1, { drops: [row(10, WEB)] }) },
      { kind: 'sample', sample: sample(2, { drops: [row(14, WEB), row(5)] }) },
    )
    expect(now.data?.drops.map(({ rate }) => rate)).toEqual([4, 5])
    expect(now.data?.dropRate).toBe(9)
    expect(now.data?.services.map(({ drops: rate }) => rate)).toEqual([0, 4])
  })

  it('what is left to this host is listed last and is no loss', () => {
    const row = (reason: string, rate: number) => ({ reason, packets: 100, rate, about: '', service: WEB })
    const rows = [row('pass_no_service', 900), row('drop_ttl', 0), row('pass_unsupported', 1_000)]
    const now = fed(state(0), { kind: 'sample', sample: sample(1, { drops: rows }) })
    expect(now.data?.dropRate).toBe(0)
    expect(now.data?.services.map(({ drops: rate }) => rate)).toEqual([0, 0])
    expect(keys(now, 'drops').map((key) => key.split(' ').at(-1))).toEqual([
      'drop_ttl',
      'pass_unsupported',
      'pass_no_service',
    ])
  })
})

describe('shares', () => {
  const shares = (...rows: { active: number; weight: number }[]) => {
    const reals = rows.map(({ active, weight }, i) =>
      realRow(WEB, `192.0.2.${21 + i}`, { active, weight, effectiveWeight: weight }),
    )
    const now = fed(state(1, '', { interval: 1_000, service: WEB }), {
      kind: 'sample',
      sample: sample(2, { reals }, WEB),
    })
    return now.data?.reals?.map(({ share, wanted }) => [share, wanted])
  }

  it('are of the connections held, beside the share of the weight', () => {
    expect(shares({ active: 30, weight: 1 }, { active: 10, weight: 3 })).toEqual([
      [0.75, 0.25],
      [0.25, 0.75],
    ])
  })

  it('are not there while there is nothing to share', () => {
    expect(shares({ active: 0, weight: 0 })).toEqual([[undefined, undefined]])
  })
})

describe('history', () => {
  it('is bounded and forgets what is gone', () => {
    let history = NO_HISTORY
    for (let n = 0; n < KEPT + 50; n++)
      history = remember(
        history,
        n,
        n < KEPT
          ? [
              ['a', n],
              ['b', n],
            ]
          : [['a', n]],
      )
    expect(history.of.get('a')).toHaveLength(KEPT)
    expect(history.of.get('a')?.at(-1)).toBe(KEPT + 49)
    expect(history.of.has('b')).toBe(false)
  })

  it('of real servers begins anew with another service', () => {
    const now = state(30, '<enter>')
    expect(now.realHistory.at.length).toBe(30)
    const other = fed(press(now, '<escape>j<enter>'), { kind: 'sample', sample: sample(99, {}, DNS) })
    expect(other.service).toBe(DNS)
    expect(other.realHistory.at.length).toBe(1)
  })

  it('of handshakes is marked, so that times are of the last minute or two', () => {
    const begun = state(1, '', { interval: 1_000, service: WEB })
    const older = begun.marks?.older
    const minutes = (n: number) => 1 + (n * MARK_MS) / 1_000
    const one = fed(begun, { kind: 'sample', sample: sample(minutes(1), {}, WEB) })
    expect(one.marks?.older).toBe(older)
    const two = fed(one, { kind: 'sample', sample: sample(minutes(2), {}, WEB) })
    expect(two.marks?.older).toBe(one.marks?.newer)
  })
})

describe('keys', () => {
  it('j and k move the cursor, which stays on its line when the order changes', () => {
    const now = press(state(5), 'j')
    expect(cursor(now, 'services')).toBe(DNS)
    const turned = press(now, 'r')
    expect(keys(turned, 'services')).toEqual([DNS, WEB])
    expect(cursor(turned, 'services')).toBe(DNS)
    expect(cursor(press(turned, 'jjjj'), 'services')).toBe(WEB)
    expect(cursor(press(turned, 'Gg'), 'services')).toBe(DNS)
  })

  it('s goes through every order and comes back', () => {
    const now = state(5)
    const seen = SORTS.services.map((_, i) => press(now, 's'.repeat(i)).lists.services.sort)
    expect(seen).toEqual(SORTS.services)
    expect(press(now, 's'.repeat(SORTS.services.length)).lists).toEqual(now.lists)
    expect(press(now, 'sS').lists).toEqual(now.lists)
  })

  it('/ filters while it is typed; Enter keeps it, Esc clears it, letters are no commands', () => {
    const typing = press(state(5), '/w')
    expect(keys(typing, 'services')).toEqual([WEB])
    expect(keys(press(typing, 'q'), 'services')).toEqual([])
    expect(keys(press(typing, '<backspace>dns<escape>'), 'services')).toHaveLength(2)
    const kept = press(typing, 'eb<enter>')
    expect([kept.typing, kept.lists.services.filter]).toEqual([undefined, 'web'])
    expect(keys(press(kept, '<escape>'), 'services')).toHaveLength(2)
  })

  it('Enter leads into a service and asks at once, Esc leads back to where it was', () => {
    const { state: inside, effect } = update(press(state(5), '2'), { kind: 'key', key: { name: 'enter' } })
    expect([inside.view, inside.service, inside.data?.reals, effect]).toEqual([
      'reals',
      WEB,
      undefined,
      'poll',
    ])
    const back = press(inside, '<escape>')
    expect([back.view, back.service]).toEqual(['services', undefined])
  })

  it('Enter on a drop leads into its service, and nowhere without one', () => {
    expect(press(state(5), '3<enter>').service).toBe(WEB)
    expect(press(state(5), '3j<enter>').view).toBe('drops')
  })

  it('an answer about a service that was left is not shown', () => {
    const now = fed(press(state(5), '<enter>'), { kind: 'sample', sample: sample(6, {}, DNS) })
    expect(now.data?.reals).toBeUndefined()
  })

  it('p keeps the screen as it is, whatever is answered', () => {
    const paused = press(state(5), 'p')
    expect(fed(paused, { kind: 'sample', sample: sample(6) })).toBe(paused)
    expect(update(paused, { kind: 'key', key: { char: 'p' } }).effect).toBe('poll')
  })

  it('+ and - ask less and more often, within bounds', () => {
    expect(press(state(1), '+').interval).toBe(2_000)
    expect(press(state(1), '-----').interval).toBe(500)
    expect(press(state(1), '+'.repeat(20)).interval).toBe(60_000)
    expect(press(state(1, '', { interval: 3_000 }), '-').interval).toBe(2_000)
  })

  it.each([
    ['q', 'quit'],
    ['<interrupt>', 'quit'],
    ['<suspend>', 'suspend'],
    ['<redraw>', 'redraw'],
  ])('%s is for the outside, in help and while a filter is typed too', (text, effect) => {
    const key = keysOf(text)[0]
    if (!key) throw new Error('no key')
    expect(update(state(1), { kind: 'key', key }).effect).toBe(effect)
    expect(update(press(state(1), '?'), { kind: 'key', key }).effect).toBe(effect)
    if ('name' in key) expect(update(press(state(1), '/'), { kind: 'key', key }).effect).toBe(effect)
  })
})

describe('orders', () => {
  it('put what is worst first, and names where nothing tells lines apart', () => {
    const inside = (sort: string) =>
      ordered(press({ ...state(30, '<enter>') }, 's'.repeat(SORTS.reals.indexOf(sort as never))), 'reals')
        .map(({ key }) => short(key)?.slice(-2))
        .join(' ')
    expect(inside('packets')).toBe('21 22 23')
    expect(inside('state')).toBe('23 21 22')
    expect(inside('weight')).toBe('21 22 23')
    expect(inside('handshake')).toBe('21 22 23')
    const tens = Array.from({ length: 12 }, (_, i) => serviceRow(`tcp 192.0.2.${i + 1}:80`))
    const now = fed(state(0), { kind: 'sample', sample: sample(1, { services: tens, drops: drops(1) }) })
    expect(keys(now, 'services')).toEqual(tens.map(({ service }) => service))
  })
})

describe('when nobody answers', () => {
  it('what is shown is as old as the last answer, and is fresh with the next', () => {
    const lost = fed(
      state(5),
      { kind: 'lost', reason: 'no daemon listens', at: 7_000 },
      { kind: 'lost', reason: 'no daemon listens', at: 8_000 },
      { kind: 'tick', at: 9_000 },
    )
    expect(lost.lost).toEqual({ since: 5_000, reason: 'no daemon listens' })
    expect(lost.now).toBe(9_000)
    const found = fed(lost, { kind: 'sample', sample: sample(12) })
    expect(found.lost).toBeUndefined()
    expect(found.history.of.get(TOTAL.packets)).toHaveLength(6)
  })
})

describe('painting', () => {
  it('sends only what changed, in one synchronized piece', () => {
    expect(changes(['a', 'b', 'c'], ['a', 'x', 'c'], 80)).toBe(
      '\x1b[?2026h\x1b[2;1Hx\x1b[0m\x1b[K\x1b[?2026l',
    )
    expect(changes(['a'], ['a'], 80)).toBe('')
    expect(changes(['a', 'b'], ['a'], 80)).toContain('\x1b[2;1H\x1b[0m\x1b[K')
    expect(changes(undefined, ['a', ''], 80)).toBe(
      '\x1b[?2026h\x1b[0m\x1b[2J\x1b[1;1Ha\x1b[0m\x1b[K\x1b[?2026l',
    )
  })

  it('does not clear the last cell of a line that is full', () => {
    expect(changes([''], ['\x1b[7mfull\x1b[0m'], 4)).not.toContain('\x1b[K')
  })
})
