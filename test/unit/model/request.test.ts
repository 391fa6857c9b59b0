// SPDX-License-Identifier: Apache-2.0
// Bodies of requests: any JSON is judged, none can throw.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as change from '../../../src/model/change.js'
import { CHECK_KINDS } from '../../../src/model/check-fields.js'
import { formatProblems } from '../../../src/model/describe.js'
import * as request from '../../../src/model/request.js'
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
  peers: [],
  marks: [],
  timeouts: DEFAULT_TIMEOUTS,
  tunables: DEFAULT_TUNABLES,
  limits: DEFAULT_LIMITS,
}
const said = (outcome: Outcome<unknown>) => (outcome.ok ? outcome.value : formatProblems(outcome.problems))

describe('a body', () => {
  it.each([
    [
      request.readServiceSpec,
      {
        vip: '192.0.2.10',
        port: 80,
        reals: [{ address: '192.0.2.21', weight: 0 }],
        persistence: { timeout: 3 },
      },
    ],
    [request.readServiceSpec, { mark: 6, family: 6, flags: [1], onePacket: true }],
    [request.readServiceEdit, { flags: null, onePacket: false }],
    [request.readRealEdit, { upper: null, lower: 3 }],
    [request.readMarkSpec, { vip: '192.0.2.10', ports: [[80, 80]], mark: 6 }],
    [request.readMarkSpec, { vip: '192.0.2.10', ports: '80', mark: 6, protocol: 'udp' }],
    [request.readTimeouts, { tcp: 3 }],
    [request.readTunables, { secure_tcp: 3 }],
    [request.readServiceEdit, { scheduler: 'rr', persistence: null, name: null }],
    [request.readRealSpec, { address: '192.0.2.21' }],
    [request.readRealEdit, { weight: 3, name: 'x' }],
  ])('case %# is taken as it is', (read, body) => expect(said(read(body))).toEqual(body))

  it.each<[(body: unknown) => Outcome<unknown>, unknown, string]>([
    [request.readServiceSpec, null, 'body: body is empty; send a JSON object'],
    [request.readServiceSpec, [], 'body: body is a list; send a JSON object'],
    [
      request.readServiceSpec,
      {},
      'vip: vip is missing; send vip, a text\nport: port is missing; send port, a number',
    ],
    [request.readServiceSpec, { vip: 'a', port: 1, reals: {} }, 'reals: reals is a map; send a list'],
    [
      request.readServiceSpec,
      { vip: 'a', port: 1, reals: [3, { address: 'b', wieght: 1 }] },
      'reals[0]: reals[0] is the number 3; send a JSON object\nreals[1]: unknown key "wieght"; write weight',
    ],
    [
      request.readServiceEdit,
      { shceduler: 'rr', port: 5 },
      'body: unknown key "shceduler"; write scheduler\nbody: unknown key "port"; use scheduler, flags, persistence, onePacket, name, checks or health',
    ],
    [request.readServiceEdit, { persistence: 300 }, 'persistence: persistence is the number 300; send a map'],
    [
      request.readServiceEdit,
      { persistence: { prefix: '24' } },
      'persistence.timeout: timeout is missing; send timeout, a number\npersistence.prefix: prefix is the text "24"; send a number',
    ],
    [request.readServiceSpec, { mark: '6' }, 'mark: mark is the text "6"; send a number'],
    [
      request.readServiceSpec,
      { vip: 'a', port: 1, onePacket: 1 },
      'onePacket: onePacket is the number 1; send true or false',
    ],
    [
      request.readMarkSpec,
      { vip: 'a', ports: 80, mark: 6 },
      'ports: ports is the number 80; send a text like "80,443,1000:2000" or a list of [first, last]',
    ],
    [request.readTimeouts, { tpc: 3 }, 'body: unknown key "tpc"; write tcp'],
    [request.readTunables, [], 'body: body is a list; send a JSON object'],
    [
      request.readTunables,
      { conntrack: 1, secure_tcp: true },
      'conntrack: conntrack belongs to NAT, which xlvs does not do; leave it out\nsecure_tcp: secure_tcp is true, not a whole number; use 0..3',
    ],
    [request.readRealSpec, { address: ['192.0.2.1'] }, 'address: address is a list; send a text'],
    [request.readRealEdit, { weight: null }, 'weight: weight is empty; send a number'],
  ])('case %# is refused in sentences', (read, body, expected) => expect(said(read(body))).toBe(expected))
})

it('any JSON gives an outcome, and what is accepted is valid', () => {
  const anything = fc.oneof(fc.jsonValue(), fc.constantFrom(1, 2, true, 'a', '/a', '192.0.2.9', '00'))
  const check = fc.record(
    {
      kind: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...CHECK_KINDS) },
        { weight: 1, arbitrary: anything },
      ),
      ...Object.fromEntries(
        [
          ...[
            'interval',
            'via',
            'address',
            'port',
            'bind',
            'asks',
            'headers',
            'status',
            'type',
            'name',
            'service',
          ],
          ...['payload', 'reply', 'minReply', 'maxReply', 'command', 'backOff', 'verify', 'sni', 'path'],
        ].map((key) => [key, anything]),
      ),
      asks: fc.oneof(
        anything,
        fc.array(fc.record({ path: anything, status: anything, body: anything }, { requiredKeys: [] })),
      ),
      command: fc.oneof(anything, fc.array(fc.constantFrom('/bin/true', 'a', 3))),
    },
    { requiredKeys: ['kind'] },
  )
  const health = fc.record(
    Object.fromEntries(
      [
        'quorum',
        'hysteresis',
        'sorry',
        'sorryInhibit',
        'onDown',
        'alpha',
        'slowStart',
        'passive',
        'notify',
      ].map((key) => [
        key,
        fc.oneof(
          anything,
          fc.record({ address: anything, up: anything, retries: anything }, { requiredKeys: [] }),
        ),
      ]),
    ),
    { requiredKeys: [] },
  )
  const known = fc.record(
    {
      vip: fc.oneof(fc.jsonValue(), fc.ipV4(), fc.ipV6(), fc.constant('192.0.2.10')),
      port: fc.oneof(fc.jsonValue(), fc.integer({ min: -1, max: 70_000 }), fc.constantFrom(0, 80)),
      persistence: fc.oneof(
        fc.jsonValue(),
        fc.record({ timeout: fc.jsonValue(), mask: fc.oneof(fc.ipV4(), fc.string()) }),
      ),
      reals: fc.oneof(
        fc.jsonValue(),
        fc.array(
          fc.record(
            { address: fc.oneof(fc.ipV4(), fc.string()), weight: fc.nat(), checks: fc.array(check) },
            { requiredKeys: ['address', 'weight'] },
          ),
        ),
      ),
      name: fc.jsonValue(),
      flags: fc.oneof(fc.jsonValue(), fc.array(fc.integer({ min: 0, max: 4 }))),
      onePacket: fc.oneof(fc.jsonValue(), fc.boolean()),
      checks: fc.oneof(fc.jsonValue(), fc.array(check)),
      health: fc.oneof(fc.jsonValue(), health),
    },
    { requiredKeys: ['vip', 'port'] },
  )
  const rule = fc.record({
    vip: fc.ipV4(),
    ports: fc.oneof(fc.string(), fc.jsonValue(), fc.array(fc.tuple(fc.nat(70_000), fc.nat(70_000)))),
    mark: fc.oneof(fc.jsonValue(), fc.nat()),
  })
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), known, rule), (body) => {
      const spec = request.readServiceSpec(body)
      const added = spec.ok ? change.addService(EMPTY, spec.value) : spec
      if (added.ok) expect(validateDesired(added.value)).toEqual([])
      else expect(added.problems.length).toBeGreaterThan(0)
      const mark = request.readMarkSpec(body)
      const marked = mark.ok ? change.addMark(EMPTY, mark.value) : mark
      if (marked.ok) expect(validateDesired(marked.value)).toEqual([])
      for (const read of [request.readServiceEdit, request.readRealSpec, request.readRealEdit])
        expect(read(body)).toHaveProperty('ok')
    }),
    { numRuns: 1_000 },
  )
})
