// SPDX-License-Identifier: Apache-2.0
// Generated Desired values, all of them right.
import fc from 'fast-check'
import { canonicalAddress } from '../../../src/abi/address.js'
import { LOG_FORMATS } from '../../../src/model/events.js'
import { serviceKey } from '../../../src/model/keys.js'
import { METRICS_LEVELS, METRICS_NAMES, SERIES } from '../../../src/model/metrics.js'
import { unitePorts } from '../../../src/model/ports.js'
import { LIMIT_RANGES, MARK, PROTOCOLS, SCHEDULERS, SECONDS, WEIGHT } from '../../../src/model/rules.js'
import { TUNABLE_NAMES, TUNABLES } from '../../../src/model/tunables.js'
import type {
  Desired,
  Family,
  Limits,
  MarkRule,
  Persistence,
  PortRange,
  Real,
  SchedulerFlag,
  Service,
  ServiceMatch,
  Tunables,
} from '../../../src/model/types.js'
import { LOST_WHEN } from '../../../src/model/vrrp.js'
import { checks, health, notify } from './arbitrary-checks.js'

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

/** Ports are for services of a mark; real servers that differ in them only are rare, but there. */
function reals(host: fc.Arbitrary<string>, of: ServiceMatch): fc.Arbitrary<Real[]> {
  const ported = of.mark !== undefined
  const checking = fc.record(
    {
      checks: checks(of, host),
      passive: fc.constant(false as const),
      onDown: fc.constantFrom('quiesce' as const, 'remove' as const),
      notify,
    },
    { requiredKeys: [] },
  )
  const real = fc.record({
    address: host,
    checking: fc.oneof({ weight: 7, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: checking }),
    port: ported ? fc.option(within([1, 65_535]), { nil: undefined }) : fc.constant(undefined),
    weight: fc.oneof(within([0, 3]), within(WEIGHT)),
    limits: fc.constantFrom({}, { upper: 10 }, { upper: 10, lower: 10 }, { upper: 2_147_483_647, lower: 1 }),
    name,
  })
  return fc.uniqueArray(
    real.map(({ port, limits, checking, name: text, ...rest }) =>
      named({ ...rest, ...(port === undefined ? {} : { port }), ...limits, ...checking }, text),
    ),
    { maxLength: 4, selector: ({ address }) => address },
  )
}

function service(
  match: fc.Arbitrary<ServiceMatch>,
  host: fc.Arbitrary<string>,
  stay: fc.Arbitrary<Persistence>,
  sorry: string,
): fc.Arbitrary<Service> {
  return match.chain((what) =>
    fc
      .record({
        scheduler: fc.constantFrom(...SCHEDULERS),
        flags: fc.subarray<SchedulerFlag>([1, 2, 3]),
        persistence: what.port === 0 ? stay : fc.option(stay, { nil: undefined }),
        onePacket: fc.boolean(),
        name,
        checks: fc.oneof(fc.constant([]), checks(what, host)),
        health: fc.option(health(what, sorry), { nil: undefined }),
        reals: reals(host, what),
      })
      .map(({ flags, persistence, onePacket, checks: asked, health: policy, name: text, ...rest }) => {
        const alone = onePacket && (what.mark !== undefined || what.protocol === 'udp')
        const body = {
          ...rest,
          owner: 'file' as const,
          ...(flags.length === 0 ? {} : { flags }),
          ...(persistence === undefined ? {} : { persistence }),
          ...(alone ? { onePacket: true as const } : {}),
          ...(asked.length === 0 ? {} : { checks: asked }),
          ...(policy === undefined ? {} : { health: policy }),
        }
        return { ...what, ...named(body, text) } as Service
      }),
  )
}

const endpoint = (vip: fc.Arbitrary<string>): fc.Arbitrary<ServiceMatch> =>
  fc.record({
    vip,
    port: fc.oneof(fc.constant(0), within([1, 65_535])),
    protocol: fc.constantFrom(...PROTOCOLS),
  })
const marked = (family: Family): fc.Arbitrary<ServiceMatch> =>
  fc.record({ mark: fc.oneof(within([1, 3]), within(MARK)), family: fc.constant(family) })

const services = fc.uniqueArray(
  fc.oneof(
    service(fc.oneof(endpoint(host4(10)), marked(4)), host4(172), persistence4, '192.0.2.99'),
    service(fc.oneof(endpoint(host6('2001:db8')), marked(6)), host6('fd00:1'), persistence6, 'fd00:2::99'),
  ),
  { maxLength: 4, selector: serviceKey },
)

const range = fc
  .tuple(within([0, 65_535]), fc.oneof(fc.constant(0), within([0, 2_000])))
  .map(([first, more]): PortRange => [first, Math.min(first + more, 65_535)])
/** One mark for each VIP and protocol, so that none clash. */
const marks: fc.Arbitrary<MarkRule[]> = fc.uniqueArray(
  fc
    .record({
      vip: fc.oneof(host4(10), host6('2001:db8')),
      protocol: fc.constantFrom(...PROTOCOLS),
      ports: fc.array(range, { minLength: 1, maxLength: 4 }).map(unitePorts),
      mark: within(MARK),
    })
    .map((rule): MarkRule => ({ ...rule, owner: 'file' })),
  { maxLength: 3, selector: ({ vip, protocol }) => `${protocol} ${vip}` },
)

const tunables = fc.record(
  Object.fromEntries(TUNABLE_NAMES.map((word) => [word, within(TUNABLES[word].range)])),
) as unknown as fc.Arbitrary<Tunables>

/** Room for the four interfaces and the few services above, whatever the rest is. */
const limits: fc.Arbitrary<Limits> = fc.record({
  connections: within(LIMIT_RANGES.connections),
  templates: within(LIMIT_RANGES.templates),
  services: within([8, LIMIT_RANGES.services[1]]),
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
    marks,
    tunables,
    peers: fc.uniqueArray(
      fc
        .tuple(byte, byte)
        .map(([a, b]) => `12:34:56:00:${[a, b].map((x) => x.toString(16).padStart(2, '0')).join(':')}`),
      { maxLength: 3 },
    ),
    timeouts: fc.record({ tcp: within(SECONDS), tcpfin: within(SECONDS), udp: within(SECONDS) }),
    limits,
    vrrp: fc.option(
      fc.record(
        {
          notifyFifo: fc.constantFrom('/run/fifo', '/a b/ü'),
          trackFile: fc.constantFrom('/run/track', '/x/y.z'),
          lostWhen: fc.constantFrom(...LOST_WHEN),
        },
        { requiredKeys: [] },
      ),
      { nil: undefined },
    ),
    metrics: fc.option(
      fc.record(
        {
          host: fc.constantFrom('127.0.0.1', '::', '::1', 'localhost', 'a-b.example'),
          port: within([1, 65_535]),
          level: fc.constantFrom(...METRICS_LEVELS),
          series: within(SERIES),
          names: fc.subarray([...METRICS_NAMES]),
        },
        { requiredKeys: ['host', 'port'] },
      ),
      { nil: undefined },
    ),
    size: fc.option(fc.constantFrom(65_536, 1_048_576, 16_777_216, 1_073_741_824, 70_656), {
      nil: undefined,
    }),
    log: fc.option(fc.constantFrom(...LOG_FORMATS), { nil: undefined }),
    wish: fc.option(
      fc.record(
        {
          tokenFile: fc.constantFrom('/etc/xlvs/token', '/a b/ü'),
          hosts: fc.constantFrom([], ['lb.example.net', 'a-b']),
        },
        { requiredKeys: [] },
      ),
      { nil: undefined },
    ),
  })
  .map(({ metrics, vrrp, wish, size, log, ...rest }) => ({
    ...rest,
    ...(size !== undefined && { events: { size } }),
    ...(log && { log }),
    ...(metrics && { metrics }),
    ...(metrics && wish && { console: wish }),
    ...(vrrp && { vrrp }),
  }))
