// SPDX-License-Identifier: Apache-2.0
// Generated Desired values, all of them right.
import fc from 'fast-check'
import { canonicalAddress } from '../../../src/abi/address.js'
import { serviceKey } from '../../../src/model/keys.js'
import { LIMIT_RANGES, SECONDS } from '../../../src/model/rules.js'
import type { Desired, Limits, Persistence, Real, Service } from '../../../src/model/types.js'

const within = ([min, max]: readonly [number, number]) => fc.integer({ min, max })
const byte = fc.integer({ min: 0, max: 255 })
const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16))

/** VIPs and real servers come from nets of their own, so that no VIP is a real server. */
const host4 = (first: number) => fc.tuple(byte, byte, byte).map((rest) => [first, ...rest].join('.'))
const host6 = (first: string) =>
  fc
    .array(group, { minLength: 5, maxLength: 5 })
    .map((rest) => canonicalAddress(`${first}:${rest.join(':')}:1`) as string)

const name = fc.option(
  fc.string({ unit: fc.constantFrom(...'abcXYZ019-_. :#"\'{}[]&*!|>%@`é✓'), minLength: 1, maxLength: 20 }),
  { nil: undefined },
)
const named = <T extends object>(value: T, text: string | undefined) =>
  text === undefined ? value : { ...value, name: text }

const persistence4: fc.Arbitrary<Persistence> = fc.oneof(
  fc.record({ timeout: within(SECONDS), prefix: within([1, 32]) }),
  fc.record({ timeout: within(SECONDS), prefix: fc.constant(16), mask: fc.constant('255.0.255.0') }),
)
const persistence6: fc.Arbitrary<Persistence> = fc.record({
  timeout: within(SECONDS),
  prefix: within([1, 128]),
})

function service(
  vip: fc.Arbitrary<string>,
  real: fc.Arbitrary<string>,
  stay: fc.Arbitrary<Persistence>,
): fc.Arbitrary<Service> {
  const reals: fc.Arbitrary<Real[]> = fc.uniqueArray(
    fc
      .tuple(real, within([0, 65_535]), name)
      .map(([address, weight, text]) => named({ address, weight }, text)),
    { maxLength: 4, selector: ({ address }) => address },
  )
  return fc
    .record({
      vip,
      port: within([1, 65_535]),
      protocol: fc.constantFrom('tcp' as const, 'udp' as const),
      scheduler: fc.constantFrom('rr' as const, 'wrr' as const, 'wlc' as const, 'sh' as const),
      persistence: fc.option(stay, { nil: undefined }),
      name,
      reals,
    })
    .map(({ persistence, name: text, ...rest }) =>
      named({ ...rest, owner: 'file' as const, ...(persistence === undefined ? {} : { persistence }) }, text),
    )
}

const services = fc.uniqueArray(
  fc.oneof(
    service(host4(10), host4(172), persistence4),
    service(host6('2001:db8'), host6('fd00:1'), persistence6),
  ),
  { maxLength: 4, selector: serviceKey },
)

/** Room for the four interfaces and the few services above, whatever the rest is. */
const limits: fc.Arbitrary<Limits> = fc.record({
  connections: within(LIMIT_RANGES.connections),
  templates: within(LIMIT_RANGES.templates),
  services: within([4, LIMIT_RANGES.services[1]]),
  reals: within([16, LIMIT_RANGES.reals[1]]),
  interfaces: within([4, LIMIT_RANGES.interfaces[1]]),
  ifindex: within(LIMIT_RANGES.ifindex),
})

export const desired: fc.Arbitrary<Desired> = fc
  .record({
    interfaces: fc.uniqueArray(
      fc.record({
        name: fc
          .string({ unit: fc.constantFrom(...'abz019.-_@'), minLength: 3, maxLength: 15 })
          .map((text) => text.replace(/^\.+$/, 'eth0')),
        mode: fc.constantFrom('native' as const, 'generic' as const),
      }),
      { maxLength: 4, selector: (wish) => wish.name },
    ),
    services,
    peers: fc.uniqueArray(
      fc
        .tuple(byte, byte)
        .map(([a, b]) => `12:34:56:00:${[a, b].map((x) => x.toString(16).padStart(2, '0')).join(':')}`),
      { maxLength: 3 },
    ),
    timeouts: fc.record({ tcp: within(SECONDS), tcpfin: within(SECONDS), udp: within(SECONDS) }),
    limits,
    metrics: fc.option(
      fc.record({
        host: fc.constantFrom('127.0.0.1', '::', '::1', 'localhost', 'a-b.example'),
        port: within([1, 65_535]),
      }),
      { nil: undefined },
    ),
  })
  .map(({ metrics, ...rest }) => (metrics === undefined ? rest : { ...rest, metrics }))
