// SPDX-License-Identifier: Apache-2.0
// Probes through the VIP, byte by byte: what leaves is addressed to the VIP, what comes back comes from the real server,
// and every checksum is what the whole packet sums up to.
import { afterAll, describe, expect, test } from 'vitest'
import {
  arp,
  type FrameWords,
  frame,
  icmp,
  icmp6,
  raw,
  sctp,
  type Transport,
  tcp,
  udp,
} from '../packets/frames.js'
import { sealed, sealedPacket } from '../packets/seal.js'
import { type Ends, probeRig, type Waiting, waitingTcp, waitingUdp } from './probe-rig.js'

const rig = probeRig()
afterAll(() => rig.close())

const OTHER_MARK = 0x584d0007
const FAMILIES = [
  { family: 4, vip: '192.0.2.10', local: '192.0.2.2', real: '192.0.2.21', router: '192.0.2.1' },
  { family: 6, vip: '2001:db8::10', local: '2001:db8::2', real: '2001:db8::21', router: '2001:db8::1' },
] as const
const SOCKETS = [
  { protocol: 'TCP', waiting: waitingTcp, transport: (from: number, to: number) => tcp(from, to, 'A') },
  { protocol: 'UDP', waiting: waitingUdp, transport: (from: number, to: number) => udp(from, to) },
] as const

const payload = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 37) & 255)

/** Identifier and sequence. */
function echo(family: 4 | 6, kind: 'request' | 'reply', id: number): Transport {
  const type = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } }[family][kind]
  const body = Uint8Array.of(id >> 8, id & 255, 0, 1, 9, 8, 7)
  const head = family === 4 ? icmp(type, 0, body) : icmp6(type, 0, body)
  // icmp() leaves four bytes that belong to the message here
  const bytes = Uint8Array.from([...head.bytes.subarray(0, 4), ...body])
  return family === 4 ? withSum(bytes) : raw(58, bytes)
}

function withSum(bytes: Uint8Array): Transport {
  const blank = Uint8Array.from(bytes).fill(0, 2, 4)
  const sum = blank.reduce((total, byte, i) => total + (i % 2 ? byte : byte << 8), 0)
  const folded = ~((sum & 0xffff) + (sum >> 16)) & 0xffff
  blank.set([folded >> 8, folded & 255], 2)
  return raw(1, blank)
}

type Shape = readonly [string, Omit<FrameWords, 'src' | 'dst'>]

/** Ethernet and IP: test-run takes nothing shorter. */
const headers = (family: 4 | 6) => 14 + (family === 4 ? 20 : 40)

describe.each(FAMILIES)('what leaves, IPv$family', ({ family, vip, local, real }) => {
  const shapes: readonly Shape[] = [
    ['a SYN', { payload: tcp(40_000, 80, 'S') }],
    ['a segment of odd length', { payload: tcp(40_000, 80, 'PA', payload(333)) }],
    ['a datagram', { payload: udp(40_000, 53, payload(41)) }],
    ['an echo request', { payload: echo(family, 'request', 77) }],
    ...(family === 4
      ? ([
          ['a packet with options', { payload: tcp(40_000, 80, 'S'), options: Uint8Array.of(148, 4, 0, 0) }],
          ['a first fragment', { payload: udp(40_000, 53), fragment: { id: 7, offset: 0, more: true } }],
          [
            'a later fragment',
            { payload: raw(17, payload(64)), fragment: { id: 7, offset: 1480, more: false } },
          ],
        ] satisfies readonly Shape[])
      : []),
  ]

  test.each(shapes)('%s with a mark goes to the VIP, and the mark is used up', (_, words) => {
    const mark = rig.target(3, vip)
    const { verdict, frame: left, mark: rest } = rig.leave(sealed({ src: local, dst: real, ...words }), mark)
    expect(left).toEqual(sealed({ src: local, dst: vip, ...words }))
    expect([verdict, rest]).toEqual(['next', 0])
  })

  test.each([0, 7, OTHER_MARK])('mark %d is none of ours: nothing is changed', (mark) => {
    rig.target(7, vip)
    const came = sealed({ src: local, dst: real, payload: tcp(40_000, 80, 'S') })
    expect(rig.leave(came, mark)).toEqual({ verdict: 'next', frame: came, mark })
  })

  test('what cannot be addressed to the VIP goes nowhere', () => {
    const mark = rig.target(4, vip)
    const other = rig.target(5, family === 4 ? '2001:db8::10' : '192.0.2.10')
    const syn = sealed({ src: local, dst: real, payload: tcp(40_000, 80, 'S') })
    expect(rig.leave(syn, other).verdict).toBe('dropped')
    expect(rig.leave(syn, mark + 60_000).verdict).toBe('dropped')
    expect(rig.leave(arp(), mark).verdict).toBe('dropped')
    const init = frame({ src: local, dst: real, payload: sctp(1, 2, ['init']) })
    expect(rig.leave(init, mark).verdict).toBe('dropped')
  })

  test('a packet that is cut goes nowhere, wherever it is cut', () => {
    const mark = rig.target(4, vip)
    const whole = sealed({ src: local, dst: real, payload: udp(40_000, 53) })
    for (let length = headers(family); length < headers(family) + 4; length++)
      expect(rig.leave(whole.subarray(0, length), mark).verdict).toBe('dropped')
  })
})

test('a datagram without a checksum stays without', () => {
  const words = { src: '192.0.2.2', payload: udp(40_000, 53) }
  const { frame: left } = rig.leave(frame({ ...words, dst: '192.0.2.21' }), rig.target(3, '192.0.2.10'))
  expect(left).toEqual(frame({ ...words, dst: '192.0.2.10' }))
})

/** As if the socket had sent: the flow is known from here on. */
function sends({ local, real, localPort, realPort }: Ends, vip: string, of: (typeof SOCKETS)[number]): void {
  const payload = of.transport(localPort, realPort)
  expect(rig.leave(sealed({ src: local, dst: real, payload }), rig.target(3, vip)).verdict).toBe('next')
}

function answer({ local, localPort, realPort }: Ends, src: string, of: (typeof SOCKETS)[number]): Uint8Array {
  return sealed({ src, dst: local, payload: of.transport(realPort, localPort) })
}

describe.each(
  SOCKETS.flatMap((of) => FAMILIES.map(({ family, vip, router }) => ({ ...of, of, family, vip, router }))),
)('what comes back, $protocol over IPv$family', ({ of, family, vip, router, waiting }) => {
  const unchanged = (came: Uint8Array) =>
    expect(rig.arrive(came)).toEqual({ verdict: 'next', frame: came, mark: 0 })
  const sender = async (mark: number): Promise<Waiting> => {
    const ends = await waiting(family, mark)
    sends(ends, vip, of)
    return ends
  }

  test('comes from the real server', async () => {
    const ends = await sender(rig.target(3, vip))
    for (let round = 0; round < 2; round++) {
      const { frame: seen, verdict } = rig.arrive(answer(ends, vip, of))
      expect(seen).toEqual(answer(ends, ends.real, of))
      expect(verdict).toBe('next')
    }
  })

  test('is left alone when it is from elsewhere, or for another port', async () => {
    const ends = await sender(rig.target(3, vip))
    unchanged(answer(ends, router, of))
    unchanged(answer({ ...ends, localPort: ends.localPort ^ 1 }, vip, of))
  })

  test('is left alone when the socket is closed', async () => {
    const ends = await sender(rig.target(3, vip))
    await ends.close()
    unchanged(answer(ends, vip, of))
  })

  test('is left alone when the port is now that of a socket without a mark', async () => {
    unchanged(answer(await sender(0), vip, of))
  })

  test.each(['the VIP', 'a router'])('an ICMP error from %s is about what the socket sent', async (from) => {
    const ends = await sender(rig.target(3, vip))
    const error = (src: string, dst: string) => {
      const quoted = sealedPacket({
        src: ends.local,
        dst: vip,
        payload: of.transport(ends.localPort, ends.realPort),
      })
      const addressed = Uint8Array.from(quoted)
      // the quoted transport checksum stays as it was on the wire: nobody looks at it
      const header = sealedPacket({
        src: ends.local,
        dst,
        payload: raw(of.protocol === 'TCP' ? 6 : 17, quoted.subarray(family === 4 ? 20 : 40)),
      })
      addressed.set(header.subarray(0, family === 4 ? 20 : 40))
      const message = family === 4 ? icmp(3, 3, addressed) : icmp6(1, 4, addressed)
      return sealed({ src, dst: ends.local, payload: message })
    }
    const outer = from === 'a router' ? router : undefined
    const { frame: seen } = rig.arrive(error(outer ?? vip, vip))
    expect(seen).toEqual(error(outer ?? ends.real, ends.real))
  })
})

describe.each(FAMILIES)('an echo over IPv$family', ({ family, vip, local, real }) => {
  const reply = (src: string, id: number) => sealed({ src, dst: local, payload: echo(family, 'reply', id) })

  test('comes back once from the real server; what is not awaited is left alone', () => {
    const request = sealed({ src: local, dst: real, payload: echo(family, 'request', 99) })
    rig.leave(request, rig.target(3, vip))
    expect(rig.arrive(reply(vip, 98)).frame).toEqual(reply(vip, 98))
    expect(rig.arrive(reply(vip, 99)).frame).toEqual(reply(real, 99))
    expect(rig.arrive(reply(vip, 99)).frame).toEqual(reply(vip, 99))
  })

  test('what is cut or no packet of IP is let through as it is', () => {
    rig.target(3, vip)
    const whole = sealed({ src: vip, dst: local, payload: echo(family, 'reply', 5) })
    for (let length = headers(family); length <= whole.length; length++) {
      const part = whole.subarray(0, length)
      expect(rig.arrive(part)).toEqual({ verdict: 'next', frame: Uint8Array.from(part), mark: 0 })
    }
    expect(rig.arrive(arp()).frame).toEqual(arp())
  })
})
