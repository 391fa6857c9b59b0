// SPDX-License-Identifier: Apache-2.0
// Which service a packet belongs to: marks, exact ports, FTP's, any port; who is not scheduled at all.
import type { RuleWords, ServiceWords } from '../../bpf/rig.js'
import {
  answers,
  drops,
  FAMILIES,
  type FamilyWords,
  type Given,
  goes,
  type PacketCase,
  passes,
  REAL,
  sent,
} from '../case.js'
import { frame, sctp, tcp, udp } from '../frames.js'

const PERSISTENT = { persistence: { timeout: 100, prefix: 32 } } as const
const secondOf = (real: string) => (real === REAL ? '10.0.2.2' : 'fd00:2::2')

function marked({ name, words, vip, real }: FamilyWords): PacketCase[] {
  const other = secondOf(real)
  const family = name === 'IPv4' ? 4 : 6
  const fwm: ServiceWords = { mark: 6, family, reals: [other] }
  const rule = (ports: RuleWords['ports'], protocol: 'tcp' | 'udp' | 'sctp' = 'tcp'): RuleWords => ({
    vip,
    mark: 6,
    protocol,
    ports,
  })
  const exact: ServiceWords = { vip, reals: [real] }
  const given = (
    ports: RuleWords['ports'],
    more: readonly ServiceWords[] = [exact],
    marks = [rule(ports)],
  ): Given => ({
    services: [fwm, ...more],
    marks,
  })
  const syn = (port: number) => words(tcp(1000, port, 'S'))
  const none: Given = { services: [{ mark: 6, family, reals: [] }, exact], marks: [rule([80])] }
  return [
    goes(`${name}: a mark beats the exact port`, 'new', syn(80), { given: [given([80])], to: other }),
    goes(`${name}: the port beside a mark is the exact service's`, 'new', syn(80), {
      given: [given([81, 79])],
    }),
    ...([0, 1, 1023, 65_535] as const).map((port) =>
      goes(`${name}: a mark on port ${port} alone`, 'new', syn(port), { given: [given([port])], to: other }),
    ),
    ...[
      [0, [0, 65_535]],
      [65_535, [0, 65_535]],
      [100, [100, 200]],
      [200, [100, 200]],
    ].map(([port, range]) =>
      goes(`${name}: port ${port} of a mark on ${range}`, 'new', syn(port as number), {
        given: [given([range as [number, number]])],
        to: other,
      }),
    ),
    ...[99, 201, 0, 65_535].map((port) =>
      passes(`${name}: port ${port} beside a mark on 100-200`, 'no_service', frame(syn(port)), [
        given([[100, 200]]),
      ]),
    ),
    ...[1, 5, 9, 300].map((port) =>
      goes(`${name}: port ${port} of many ranges`, 'new', syn(port), {
        given: [given([1, 3, 5, 7, [9, 20], 22, [299, 301], 303])],
        to: other,
      }),
    ),
    ...[2, 4, 8, 21, 302, 304].map((port) =>
      passes(`${name}: port ${port} between many ranges`, 'no_service', frame(syn(port)), [
        given([1, 3, 5, 7, [9, 20], 22, [299, 301], 303]),
      ]),
    ),
    passes(`${name}: the same port of another protocol`, 'no_service', frame(words(udp(1000, 443))), [
      given([443]),
    ]),
    goes(`${name}: a mark on UDP`, 'new', words(udp(1000, 443)), {
      given: [given([], [exact], [rule([443], 'udp')])],
      to: other,
    }),
    goes(`${name}: a mark on SCTP`, 'new', words(sctp(1000, 443, ['init'])), {
      given: [given([], [exact], [rule([443], 'sctp')])],
      to: other,
    }),
    answers(`${name}: a mark without real servers does not fall through`, syn(80), { about: 'no_real' }, [
      none,
    ]),
    goes(`${name}: a mark without a service is ignored`, 'new', syn(80), {
      given: [{ services: [exact], marks: [rule([80])] }],
    }),
    passes(`${name}: cache_bypass leaves it to the stack`, 'bypass', frame(syn(80)), [
      none,
      { tunables: { cache_bypass: 1 } },
    ]),
    answers(`${name}: cache_bypass is for marks`, syn(80), { about: 'no_real' }, [
      { services: [{ vip, reals: [] }] },
      { tunables: { cache_bypass: 1 } },
    ]),
  ]
}

function anyPort({ name, words, vip, real }: FamilyWords): PacketCase[] {
  const other = secondOf(real)
  const any: ServiceWords = { vip, port: 0, reals: [other], ...PERSISTENT }
  const ftp: ServiceWords = { vip, port: 21, reals: [real], ...PERSISTENT }
  const services = (...all: readonly ServiceWords[]): Given => ({ services: all })
  const syn = (port: number) => words(tcp(1000, port, 'S'))
  const exact: ServiceWords = { vip, reals: [real] }
  return [
    goes(`${name}: port 0 has what no other service has`, 'new', syn(8080), {
      given: [services(exact, any)],
      to: other,
    }),
    goes(`${name}: the exact port goes before port 0`, 'new', syn(80), { given: [services(exact, any)] }),
    passes(`${name}: port 0 is of one protocol`, 'no_service', frame(words(udp(1000, 9))), [
      services(exact, any),
    ]),
    goes(`${name}: FTP's service goes before port 0`, 'new', syn(2000), { given: [services(ftp, any)] }),
    goes(`${name}: below the unprivileged ports it is port 0`, 'new', syn(1023), {
      given: [services(ftp, any)],
      to: other,
    }),
    ...[20, 21, 1024, 65_535].map((port) =>
      goes(`${name}: port ${port} is FTP's`, 'new', syn(port), { given: [services(ftp)] }),
    ),
    ...[19, 22, 0, 1023].map((port) =>
      passes(`${name}: port ${port} is not FTP's`, 'no_service', frame(syn(port)), [services(ftp)]),
    ),
    passes(`${name}: UDP is not FTP's`, 'no_service', frame(words(udp(1000, 2000))), [services(ftp)]),
    goes(`${name}: ip_unprivileged_port_start moves FTP's ports`, 'new', syn(500), {
      given: [services(ftp), { tunables: { ip_unprivileged_port_start: 500 } }],
    }),
    passes(`${name}: FTP's other ports without persistence`, 'no_service', frame(syn(2000)), [
      services({ vip, port: 21, reals: [real] }),
    ]),
    passes(`${name}: FTP's other ports without a real server`, 'no_service', frame(syn(2000)), [
      services({ ...ftp, reals: [] }),
    ]),
    answers(`${name}: FTP's own port without a real server`, syn(21), { about: 'no_real' }, [
      services({ ...ftp, reals: [] }),
    ]),
  ]
}

function onePacket({ name, words, vip, real }: FamilyWords): PacketCase[] {
  const service: ServiceWords = { vip, port: 53, protocol: 'udp', onePacket: true, reals: [real] }
  const datagram = words(udp(1000, 53))
  return [
    goes(`${name}: a datagram of a one-packet service`, 'one_packet', datagram, {
      given: [{ services: [service] }],
    }),
    goes(`${name}: the next one is scheduled, too`, 'one_packet', datagram, {
      given: [{ services: [service] }, ...sent(datagram)],
    }),
    answers(`${name}: a datagram and nobody to give it to`, datagram, { about: 'no_real' }, [
      { services: [{ ...service, reals: [] }] },
    ]),
  ]
}

function defended({ name, words }: FamilyWords): PacketCase[] {
  const syn = (port: number) => words(tcp(port, 80, 'S'))
  return [
    drops(`${name}: the first packet under drop_packet`, 'defence', frame(syn(1000)), [{ dropRate: 3 }]),
    goes(`${name}: the second under drop_packet`, 'new', syn(1001), {
      given: [{ dropRate: 3 }, ...sent(syn(1000))],
    }),
    drops(`${name}: the fourth of every third`, 'defence', frame(syn(1003)), [
      { dropRate: 3 },
      ...sent(syn(1000), syn(1001), syn(1002)),
    ]),
    goes(`${name}: a known flow under drop_packet`, 'conn', words(tcp(1000, 80, 'A')), {
      given: [...sent(syn(1000)), { dropRate: 1 }],
    }),
    passes(`${name}: what is not scheduled is not dropped`, 'no_conn', frame(words(tcp(1000, 80, 'A'))), [
      { dropRate: 1 },
    ]),
  ]
}

export const SERVICES: readonly PacketCase[] = [
  ...FAMILIES.flatMap(marked),
  ...FAMILIES.flatMap(anyPort),
  ...FAMILIES.flatMap(onePacket),
  ...FAMILIES.flatMap(defended),
]
