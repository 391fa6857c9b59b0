// SPDX-License-Identifier: Apache-2.0
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cellsOf } from '../../../../src/cli/top/cells.js'
import { render } from '../../../../src/cli/top/frame.js'
import type { KeyName } from '../../../../src/cli/top/keys.js'
import { onceJson, onceLines } from '../../../../src/cli/top/once.js'
import type { State } from '../../../../src/cli/top/state.js'
import { ASCII, COLOURED, DNS, fed, press, realRow, sample, serviceRow, state, UTF8, WEB } from './given.js'

/** Everything that a line may have beside its signs. */
const PAINTS = [0, 1, 2, 7, 31, 32, 33, 36].map((code) => `\x1b[${code}m`)

/** In the service, after keys. */
function inside(keys: string): State {
  return press(state(60, '', { interval: 1_000, service: WEB }), keys)
}

function drawn(now: State, columns: number, rows: number, look = UTF8): string {
  const lines = render(now, { columns, rows }, look)
  expect(lines).toHaveLength(rows)
  return lines.map((line) => `${line.trimEnd()}\n`).join('')
}

describe('the screen', () => {
  it('is whole at 80 columns: everything at a glance', () => {
    expect(drawn(state(), 80, 24)).toMatchInlineSnapshot(`
      "xlvs top · overview                                          12:03:10  every 1 s
      packets/s        74,310                           ▁▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅
      traffic      356 Mbit/s                           ▁▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅
      conns/s           7,647                           ▁▅▆▇▇█▄▅▅▆▇▇█▄▄▅▆▇▇█▄▅▅▆▇▇█▄▄▅
      drops/s              30                           ██████████████████████████████
                                                                         the last 29 s
      tables      conn4 ███▏······ 31%  conn6 ·········· 0%  template ████████·· 80%
      drops       drop_no_real  30/s  1,400 in all
                  drop_ttl  0/s  7 in all

        SERVICE            SCHED    UP ▾PKT/S  CONN/S  ACTIVE  INACT  DROP/S  LATELY
      ▸ tcp 192.0.2.10:80  wrr     2/3  74.1k   7.41k   54.3k  1.23k      30  ▅▆▇▇█▄▅▅
        udp 192.0.2.10:53  rr      2/2    240     240       0      0       0  ▅▆▇▇█▄▅▅










      ? help  q quit  Enter real servers  / filter  s sort: packets  Tab view  p pause
      "
    `)
  })

  it('is whole at 80 columns: inside a service', () => {
    expect(drawn(state(30, '<enter>'), 80, 20)).toMatchInlineSnapshot(`
      "xlvs top · tcp 192.0.2.10:80                                 12:03:10  every 1 s
      web  wrr  2 of 3 up, 1 down  474 Mbit/s  drop_no_real 30/s
      packets/s        98,760  █▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇
      conns/s           9,876  █▄▅▅▆▇▇█▄▄▅▆▇▇█▄▅▅▆▇▇█▄▄▅▆▇▇█▄▅▅▆▇▇█▄▄▅▆▇▇█▄▅▅▆▇▇█▄▄▅▆▇

        REAL           STATE          WEIGHT  SHARE  BAR         ACTIVE  CONN/S ▾PKT/S
      ▸ 192.0.2.21     up                  2    66%  ██████┃···   36.0k   6.58k  65.8k
        192.0.2.22     up                  1    34%  ██┃▍······   18.3k   3.29k  32.9k
        192.0.2.23     down: timeout  0 of 3     0%  ┃·········       0       0      0







      192.0.2.21 alpha: up for 17 min 40 s
      weight 2 · share 66%, due 67% · 6.58k conns/s · 65.8k packets/s · 316 Mbit/s
      next hop up, eth0 02:00:00:00:00:21
      ? help  q quit  Esc back  / filter  s sort: packets  r reverse  p pause  +- pace
      "
    `)
  })

  it('is whole at 80 columns: what is dropped', () => {
    expect(drawn(state(30, '3'), 80, 10)).toMatchInlineSnapshot(`
      "xlvs top · drops                                             12:03:10  every 1 s
        REASON            SERVICE           ▾PKT/S  PACKETS  PACKETS/S LATELY
      ▸ drop_no_real      tcp 192.0.2.10:80     30    1,400  █████████████████████████
        drop_ttl          -                      0        7  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁




      drop_no_real: No real server may get it.
      ? help  q quit  Enter real servers  / filter  s sort: packets  Tab view  p pause
      "
    `)
  })

  it('keeps what matters at 40 columns', () => {
    expect(drawn(state(), 40, 10)).toMatchInlineSnapshot(`
      "xlvs top · overview  12:03:10  every 1 s
      packets/s        74,310  ▅▆▇▇█▄▅▅▆▇▇█▄▅▅
      tables conn4 31% conn6 0% template 80%
      drops drop_no_real 30/s 1,400 in all
        SERVICE           ▾PKT/S  ACTIVE
      ▸ tcp 192.0.2.10:80  74.1k   54.3k
        udp 192.0.2.10:53    240       0


      ? help  q quit  Enter real servers
      "
    `)
    expect(drawn(state(30, '<enter>'), 40, 10)).toMatchInlineSnapshot(`
      "xlvs top · tcp 192.0.2.10:80   every 1 s
      web  wrr  2 of 3 up, 1 down  474 Mbit/s…
        REAL           STATE         ▾PKT/S
      ▸ 192.0.2.21     up             65.8k
        192.0.2.22     up             32.9k
        192.0.2.23     down: timeout      0


      192.0.2.21 alpha: up for 17 min 40 s
      ? help  q quit  Esc back  / filter
      "
    `)
  })

  it('has room for more at 132 columns', () => {
    expect(drawn(state(30, '2'), 132, 10)).toMatchInlineSnapshot(`
      "xlvs top · services                                                                                              12:03:10  every 1 s
        SERVICE            NAME  SCHED    UP  OUT                  ▾PKT/S  CONN/S  BIT/S  ACTIVE  INACT  DROP/S  PACKETS/S LATELY
      ▸ tcp 192.0.2.10:80  web   wrr     2/3  1 down                74.1k   7.41k   356M   54.3k  1.23k      30  █▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅
        udp 192.0.2.10:53        rr      2/2                          240     240   154k       0      0       0  █▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅





      ? help  q quit  Enter real servers  / filter  s sort: packets  Tab view  p pause  +- pace
      "
    `)
    expect(drawn(inside('j'), 132, 18)).toMatchInlineSnapshot(`
      "xlvs top · tcp 192.0.2.10:80                                                                                     12:03:10  every 1 s
      web  wrr  2 of 3 up, 1 down  474 Mbit/s  drop_no_real 30/s
      packets/s        98,760                                                 ▁▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇
      conns/s           9,876                                                 ▁▅▆▇▇█▄▅▅▆▇▇█▄▄▅▆▇▇█▄▅▅▆▇▇█▄▄▅▆▇▇█▄▅▅▆▇▇█▄▄▅▆▇▇█▄▅▅▆▇▇█▄▄▅▆▇

        REAL           NAME   STATE          WEIGHT  SHARE   DUE  SHARE ┃ DUE            ACTIVE  INACT  CONN/S ▾PKT/S  BIT/S    P50    P99
        192.0.2.21     alpha  up                  2    66%   67%  █████████████┃·······   36.0k    800   6.58k  65.8k   316M  778us  2.0ms
      ▸ 192.0.2.22     beta   up                  1    34%   33%  ██████┃▏·············   18.3k    434   3.29k  32.9k   158M      -      -
        192.0.2.23     gamma  down: timeout  0 of 3     0%    0%  ┃····················       0      0       0      0      0      -      -





      192.0.2.22 beta: up for 17 min 40 s
      weight 1 · share 34%, due 33% · 3.29k conns/s · 32.9k packets/s · 158 Mbit/s
      next hop up, eth0 02:00:00:00:00:21
      ? help  q quit  Esc back  / filter  s sort: packets  r reverse  p pause  +- pace
      "
    `)
  })

  it('has room for everything at 200 columns', () => {
    expect(drawn(inside('jj'), 200, 18)).toMatchInlineSnapshot(`
      "xlvs top · tcp 192.0.2.10:80                                                                                                                                                         12:03:10  every 1 s
      web  wrr  2 of 3 up, 1 down  474 Mbit/s  drop_no_real 30/s
      packets/s        98,760                                                                                                                     ▁▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇
      conns/s           9,876                                                                                                                     ▁▅▆▇▇█▄▅▅▆▇▇█▄▄▅▆▇▇█▄▅▅▆▇▇█▄▄▅▆▇▇█▄▅▅▆▇▇█▄▄▅▆▇▇█▄▅▅▆▇▇█▄▄▅▆▇

        REAL           NAME   STATE          WEIGHT  SHARE   DUE  SHARE ┃ DUE               ACTIVE  INACT  CONN/S ▾PKT/S  BIT/S    P50    P99  NEXT HOP      PACKETS/S LATELY
        192.0.2.21     alpha  up                  2    66%   67%  ███████████████┃········   36.0k    800   6.58k  65.8k   316M  778us  2.0ms  up, eth0      ▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇
        192.0.2.22     beta   up                  1    34%   33%  ███████┃▏···············   18.3k    434   3.29k  32.9k   158M      -      -  up, eth0      ▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇▇█▄▅▅▆▇
      ▸ 192.0.2.23     gamma  down: timeout  0 of 3     0%    0%  ┃·······················       0      0       0      0      0      -      -  unresolved    ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁





      192.0.2.23 gamma: down: timeout for 2 min 40 s (no answer in 2 s)
      weight 0 of 3 · share 0%, due 0% · 0 conns/s · 0 packets/s · 0 bit/s
      next hop unresolved (no answer to ARP)
      ? help  q quit  Esc back  / filter  s sort: packets  r reverse  p pause  +- pace
      "
    `)
  })

  it('says the same without UTF-8', () => {
    const text = drawn(state(30, '<enter>'), 80, 20, ASCII)
    expect(text).toMatch(/^[\x20-\x7e\n]*$/)
    expect(text).toMatchInlineSnapshot(`
      "xlvs top - tcp 192.0.2.10:80                                 12:03:10  every 1 s
      web  wrr  2 of 3 up, 1 down  474 Mbit/s  drop_no_real 30/s
      packets/s        98,760  #-==+**#-==+**#-==+**#-==+**#-==+**#-==+**#-==+**#-==+*
      conns/s           9,876  #-==+**#--=+**#-==+**#--=+**#-==+**#--=+**#-==+**#--=+*

        REAL           STATE          WEIGHT  SHARE  BAR         ACTIVE  CONN/S vPKT/S
      > 192.0.2.21     up                  2    66%  ######|...   36.0k   6.58k  65.8k
        192.0.2.22     up                  1    34%  ##|.......   18.3k   3.29k  32.9k
        192.0.2.23     down: timeout  0 of 3     0%  |.........       0       0      0







      192.0.2.21 alpha: up for 17 min 40 s
      weight 2 - share 66%, due 67% - 6.58k conns/s - 65.8k packets/s - 316 Mbit/s
      next hop up, eth0 02:00:00:00:00:21
      ? help  q quit  Esc back  / filter  s sort: packets  r reverse  p pause  +- pace
      "
    `)
  })

  it('tells its keys', () => {
    expect(drawn(state(1, '?'), 80, 20)).toMatchInlineSnapshot(`
      "xlvs top · overview                                          12:03:10  every 1 s

      arrows, j k     move; PgUp PgDn Home End, g G
      Enter, right    the real servers of a service
      Esc, left       back; first takes a filter away
      Tab, 1 2 3      overview, services, drops
      s S, r          sort by the next, the last; reverse
      /               filter: Enter keeps it, Esc clears it
      p, Space        pause; ask now
      + -             ask less often, more often
      Ctrl-L, Ctrl-Z  draw anew; stop, fg comes back
      q, Ctrl-C       quit

      PKT/S CONN/S BIT/S: of what clients send, since
      the last poll; replies bypass the director.
      SHARE: of the connections held; DUE: by weight.
      P50 P99: handshake times, SYN to first ACK:
      they include the client's path.

      any key: back
      "
    `)
  })

  it('means the same without colour: only paint differs', () => {
    for (const keys of ['', '2', '3', '<enter>', '?', '/web', 'p']) {
      const plain = drawn(state(30, keys), 100, 30)
      expect(stripVTControlCharacters(drawn(state(30, keys), 100, 30, COLOURED)).replace(/ +\n/g, '\n')).toBe(
        plain,
      )
    }
  })

  it('says what it needs where it does not fit, and fits into that too', () => {
    expect(render(state(), { columns: 20, rows: 24 }, UTF8)).toEqual([
      'xlvs top needs 40',
      'columns and 10',
      'lines; here are 20',
      'and 24',
    ])
    expect(render(state(), { columns: 3, rows: 2 }, UTF8)).toHaveLength(2)
  })

  it('says since when nobody answers', () => {
    const lost = fed(state(5), { kind: 'lost', reason: 'no daemon listens on /x', at: 12_000 })
    const [title, line] = drawn(lost, 80, 24).split('\n')
    expect(title).toMatch(/STALE$/)
    expect(line).toBe('stale for 7 s: no daemon listens on /x; trying on')
  })

  it('draws of 10,000 real servers those that are on the page, with the cursor among them', () => {
    const reals = Array.from({ length: 10_000 }, (_, i) => realRow(WEB, `10.0.${i >> 8}.${i & 255}`))
    const now = fed(state(1, '', { interval: 1_000, service: WEB, sort: 'name' }), {
      kind: 'sample',
      sample: sample(2, { reals }, WEB),
    })
    const last = drawn(press(now, 'G'), 80, 24)
    expect(last).toContain('▸ 10.0.39.15')
    expect(last).toContain('of 10,000')
    expect(drawn(now, 80, 24)).toContain('▸ 10.0.0.0 ')
  })
})

describe('whatever is shown', () => {
  const word = fc.string({ unit: 'binary', maxLength: 30 })
  const number = fc.oneof(fc.nat(20), fc.double({ min: 0, max: 1e15, noNaN: true }).map(Math.floor))
  const counted = fc.record({
    packets: number,
    bytes: number,
    connections: number,
    active: number,
    inactive: number,
  })
  const service = fc.record({
    name: fc.option(word, { nil: undefined }),
    down: fc.nat(3),
    drained: fc.nat(3),
  })
  const rows = fc.record({
    services: fc.array(
      fc.tuple(
        fc.constantFrom(WEB, DNS, 'tcp [2001:db8:1111:2222:3333:4444:5555:6666]:65535'),
        service,
        counted,
      ),
    ),
    reals: fc.array(fc.tuple(fc.ipV6(), fc.record({ name: word, detail: word, why: word }), counted)),
    drops: fc.array(
      fc.record({ reason: fc.constantFrom('drop_a', 'drop_b'), packets: number, rate: number, about: word }),
    ),
  })
  const named: readonly KeyName[] = ['up', 'down', 'enter', 'escape', 'tab', 'pagedown', 'end', 'backspace']
  const key = fc.oneof(
    fc.constantFrom(...'jkgGsSr/p?123+-xé').map((char) => ({ char })),
    word.filter((text) => [...text].length === 1).map((char) => ({ char })),
    fc.constantFrom(...named).map((name) => ({ name })),
  )

  it('no line is wider than the screen, none goes beyond it, and no name writes on the terminal', () => {
    const look = fc.constantFrom(UTF8, COLOURED, ASCII)
    const size = fc.record({
      columns: fc.integer({ min: 1, max: 220 }),
      rows: fc.integer({ min: 1, max: 60 }),
    })
    fc.assert(
      fc.property(
        fc.array(rows, { maxLength: 4 }),
        fc.array(key, { maxLength: 12 }),
        size,
        look,
        (polls, keys, at, drawnAs) => {
          let now = state(0)
          for (const [n, one] of polls.entries()) {
            const services = one.services.map(([of, { name, ...more }, counts]) =>
              serviceRow(of, { ...more, ...counts, ...(name !== undefined && { name }) }),
            )
            const reals = one.reals.map(([address, { name, detail, why }, counts]) =>
              realRow(now.service ?? WEB, address, {
                ...counts,
                name,
                nexthop: { state: 'unresolved', why },
                standing: { up: false, reason: 'timeout', detail },
              }),
            )
            now = fed(now, {
              kind: 'sample',
              sample: sample(n + 1, { services, reals, drops: one.drops }, now.service),
            })
            now = fed(
              now,
              ...keys.slice(3 * n, 3 * n + 3).map((pressed) => ({ kind: 'key', key: pressed }) as const),
            )
          }
          const lines = render(now, at, drawnAs)
          expect(lines.length).toBeLessThanOrEqual(at.rows)
          for (const line of lines) {
            const bare = PAINTS.reduce((text, paint) => text.replaceAll(paint, ''), line)
            expect(bare).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
            expect(cellsOf(bare)).toBeLessThanOrEqual(at.columns)
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('one look', () => {
  it('has every line, no cursor, no keys, no blanks at the ends', () => {
    const lines = onceLines(state(), Number.POSITIVE_INFINITY, UTF8)
    expect(lines.join('\n')).toContain(`  ${WEB}`)
    expect(lines.join('\n')).toContain(`  ${DNS}`)
    expect(lines.join('\n')).not.toMatch(/▸|q quit|LATELY|█▄| $/m)
  })

  it('as JSON has rates of everything, and of real servers when one service is asked for', () => {
    expect(onceJson(state(5), 1)).toMatchObject({
      seconds: 1,
      total: { drops: 30 },
      services: [{ service: WEB, name: 'web', down: 1 }, { service: DNS }],
      drops: [
        { reason: 'drop_no_real', service: WEB, rate: 30 },
        { reason: 'drop_ttl', rate: 0 },
      ],
    })
    expect(onceJson(state(5), 1)).not.toHaveProperty('reals')
    expect(onceJson(state(5, '', { interval: 1_000, service: WEB }), 1)).toMatchObject({
      reals: [
        { real: '192.0.2.21', handshakeUs: { count: 1_000 } },
        { real: '192.0.2.22' },
        { real: '192.0.2.23' },
      ],
    })
  })
})
