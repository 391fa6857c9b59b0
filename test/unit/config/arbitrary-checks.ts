// SPDX-License-Identifier: Apache-2.0
// Generated checks and health policies, all of them right, with and without every word that they can have.
import fc from 'fast-check'
import {
  CHECK_SECONDS,
  DNS_TYPES,
  HTTP_METHODS,
  HTTP_VERSIONS,
  HYSTERESIS,
  IN_A_ROW,
  REPLY_BYTES,
  RETRIES,
  STATUS,
} from '../../../src/model/check-values.js'
import {
  type Check,
  DEFAULT_HEALTH,
  DEFAULT_PASSIVE,
  DEFAULT_TIMING,
  type HealthPolicy,
  type Notify,
} from '../../../src/model/checks.js'
import type { ServiceMatch } from '../../../src/model/types.js'

const within = ([min, max]: readonly [number, number]) => fc.integer({ min, max })
const seconds = fc.oneof(
  fc.constantFrom(0.1, 0.25, 1, 2, 60),
  fc.double({ min: CHECK_SECONDS[0], max: CHECK_SECONDS[1], noNaN: true }),
)
const port = within([1, 65_535])
const yes = fc.constant(true as const)
const text = fc.string({
  unit: fc.constantFrom(...'abZ09-_. :#"\'{}[]&*!|>%@`^$'),
  minLength: 1,
  maxLength: 12,
})
const word = fc.string({ unit: fc.constantFrom(...'abz019.-'), minLength: 1, maxLength: 12 })
const hex = (alphabet: readonly string[], min: number, max: number) =>
  fc.array(fc.constantFrom(...alphabet), { minLength: min, maxLength: max }).map((parts) => parts.join(''))

/** Any of the keys may be missing. */
function some<T extends Record<string, fc.Arbitrary<unknown>>>(keys: T) {
  return fc.record(keys, { requiredKeys: [] })
}

const command = fc
  .tuple(fc.constantFrom('/bin/true', '/usr/local/bin/a b'), fc.array(text, { maxLength: 2 }))
  .map(([program, rest]) => [program, ...rest] as const)
export const notify: fc.Arbitrary<Notify> = some({ up: command, down: command })

const ask = fc
  .tuple(
    fc.record({
      path: word.map((end) => `/${end}`),
      method: fc.constantFrom(...HTTP_METHODS),
    }),
    some({
      status: fc.array(
        fc.tuple(within(STATUS), within(STATUS)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
        { minLength: 1, maxLength: 3 },
      ),
      body: fc.oneof(
        text.map((contains) => ({ contains })),
        fc.constantFrom('^ok$', '\\d+').map((matches) => ({ matches })),
      ),
      digest: fc.oneof(...[32, 64].map((length) => hex([...'0123456789abcdef'], length, length))),
    }),
  )
  .map(([must, may]) => ({ ...must, ...may }))
const http = fc
  .tuple(
    fc.record({
      asks: fc.array(ask, { minLength: 1, maxLength: 3 }),
      version: fc.constantFrom(...HTTP_VERSIONS),
    }),
    some({
      host: word,
      headers: fc.dictionary(fc.constantFrom('X-A', 'x-b', 'Accept'), word),
    }),
  )
  .map(([must, may]) => ({ ...must, ...may }))
const tls = some({ sni: word, verify: yes })
const udp = some({
  payload: hex(['00', 'ff', '0a'], 1, 4),
  requireReply: yes,
  reply: hex(['00', '??', 'b1'], 1, 4),
  minReply: within([0, 100]),
  maxReply: within([100, REPLY_BYTES[1]]),
})

const own: fc.Arbitrary<object> = fc.oneof(
  fc.constant({ kind: 'tcp' }),
  fc.constant({ kind: 'icmp' }),
  http.map((words) => ({ kind: 'http', ...words })),
  fc.tuple(http, tls).map(([words, more]) => ({ kind: 'https', ...words, ...more })),
  tls.map((words) => ({ kind: 'tls', ...words })),
  fc.record({
    kind: fc.constant('dns'),
    type: fc.constantFrom(...DNS_TYPES),
    name: fc.constantFrom('.', 'example.com', '_a.example.'),
  }),
  udp.map((words) => ({ kind: 'udp', ...words })),
  fc
    .tuple(fc.constantFrom('', 'a.B'), fc.option(tls))
    .map(([service, more]) => ({ kind: 'grpc', service, ...(more === null ? {} : { tls: true, ...more }) })),
  fc
    .tuple(command, some({ user: fc.constant('nobody'), group: fc.constant('a-b'), dynamicWeight: yes }))
    .map(([words, more]) => ({ kind: 'script', command: words, ...more })),
)

const timing = fc
  .record({
    base: fc.record({ interval: seconds, timeout: seconds, rise: within(IN_A_ROW), fall: within(IN_A_ROW) }),
    more: some({
      retryInterval: fc.oneof(fc.constant(0), seconds),
      warmup: fc.oneof(fc.constant(0), seconds),
    }),
    longer: fc.option(fc.constantFrom(0, 1, 10)),
  })
  .map(({ base, more, longer }) => ({
    ...base,
    ...more,
    ...(longer === null ? {} : { backOff: Math.min(86_400, base.interval + longer) }),
  }))

/** Of a service like this, whose real servers have addresses of `host`. */
export function checks(of: ServiceMatch, host: fc.Arbitrary<string>): fc.Arbitrary<Check[]> {
  const need = of.mark !== undefined || of.port === 0
  const check = fc
    .record({
      own,
      timing: fc.oneof(fc.constant(DEFAULT_TIMING), timing),
      via:
        of.mark === undefined
          ? fc.constantFrom('vip' as const, 'real' as const)
          : fc.constant('real' as const),
      ports: fc.record({ port, bindPort: port }, { requiredKeys: need ? ['port'] : [] }),
      address: fc.option(host),
      bind: fc.option(host),
    })
    .map(({ own: words, timing: times, via, ports, address, bind }) => {
      const { kind } = words as Check
      const plain = kind === 'script' || address !== null ? 'real' : via
      return {
        ...words,
        ...times,
        via: plain,
        ...(kind === 'icmp' ? {} : kind === 'script' ? (ports.port ? { port: ports.port } : {}) : ports),
        ...(address === null ? {} : { address }),
        ...(bind === null || kind === 'script' ? {} : { bind }),
      } as Check
    })
  return fc.array(check, { maxLength: 2 })
}

/** The sorry server has an address that no real server has. */
export function health(of: ServiceMatch, sorry: string): fc.Arbitrary<HealthPolicy> {
  const passive = fc
    .tuple(within(RETRIES), seconds, seconds)
    .map(([retries, a, b]) => ({ retries, pause: Math.min(a, b), most: Math.max(a, b) }))
  return fc
    .record({
      numbers: fc.oneof(
        fc.constant(DEFAULT_HEALTH),
        fc
          .tuple(within([1, HYSTERESIS[1]]), fc.nat(), fc.constantFrom('quiesce' as const, 'remove' as const))
          .map(([quorum, n, onDown]) => ({ quorum, hysteresis: n % quorum, onDown })),
      ),
      flags: some({ alpha: yes, omega: yes, failOpen: yes, slowStart: seconds, notify }),
      sorry: fc.option(fc.record({ port: fc.option(port), inhibit: fc.boolean() })),
      passive: fc.option(fc.oneof(fc.constant(DEFAULT_PASSIVE), passive)),
    })
    .map(({ numbers, flags, sorry: server, passive: look }) => {
      const own = server?.port && of.mark !== undefined ? { port: server.port } : {}
      const seen = look !== null && (of.mark !== undefined || of.protocol === 'tcp')
      return {
        ...numbers,
        ...flags,
        ...(server === null ? {} : { sorry: { address: sorry, ...own } }),
        ...(server?.inhibit ? { sorryInhibit: true as const } : {}),
        ...(seen ? { passive: look } : {}),
      }
    })
}
