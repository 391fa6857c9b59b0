// SPDX-License-Identifier: Apache-2.0
// What is written is pcap-ng: by the letter of the format, and as Wireshark's own reader sees it.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { createPcapWriter, type WrittenPacket } from '../../../src/pcap/write.js'
import { frame, tcp, udp } from '../../packets/frames.js'

const folder = mkdtempSync(join(tmpdir(), 'xlvs-pcap-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const OPTIONS = {
  application: 'xlvs 1.2.3',
  os: 'Linux 6.1',
  comment: 'xlvs trace: port 80 — ü',
  snaplen: 128,
}
const AT = 1_790_000_000_123.457

function written(packets: readonly WrittenPacket[], end?: { readonly dropped: number }): Uint8Array {
  const blocks: Uint8Array[] = []
  const writer = createPcapWriter({ ...OPTIONS, emit: (block) => blocks.push(block) })
  for (const packet of packets) writer.packet(packet)
  if (end) writer.end({ at: AT + 1_000, dropped: end.dropped, comment: 'over' })
  return Uint8Array.from(blocks.flatMap((block) => [...block]))
}

interface Block {
  readonly type: number
  readonly body: DataView
}

/** Strict: every length is right twice, every padding is zero, every option list ends. */
function blocksOf(bytes: Uint8Array): Block[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const found: Block[] = []
  let at = 0
  while (at < bytes.length) {
    const length = view.getUint32(at + 4, true)
    expect(length % 4).toBe(0)
    expect(view.getUint32(at + length - 4, true)).toBe(length)
    found.push({ type: view.getUint32(at, true), body: new DataView(view.buffer, at + 8, length - 12) })
    at += length
  }
  expect(at).toBe(bytes.length)
  return found
}

function optionsOf(body: DataView, from: number): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>()
  let at = from
  for (;;) {
    const [code, length] = [body.getUint16(at, true), body.getUint16(at + 2, true)]
    if (code === 0) {
      expect([length, at + 4]).toEqual([0, body.byteLength])
      return found
    }
    expect(found.has(code)).toBe(false)
    found.set(code, new Uint8Array(body.buffer, body.byteOffset + at + 4, length))
    for (let i = length; i % 4 !== 0; i++) expect(body.getUint8(at + 4 + i)).toBe(0)
    at += 4 + Math.ceil(length / 4) * 4
  }
}

const textOf = (bytes: Uint8Array | undefined) => new TextDecoder('utf-8', { fatal: true }).decode(bytes)
const timeOf = (body: DataView, at: number) =>
  (BigInt(body.getUint32(at, true)) << 32n) | BigInt(body.getUint32(at + 4, true))
const viewOf = (bytes: Uint8Array | undefined) =>
  new DataView((bytes as Uint8Array).buffer, (bytes as Uint8Array).byteOffset)

const arbitrary = fc.record({
  interface: fc.constantFrom('eth0', 'eth1', 'bond0.100'),
  at: fc.integer({ min: 0, max: 4e12 }).map((us) => AT + us / 1_000),
  length: fc.integer({ min: 14, max: 65_535 }),
  head: fc.uint8Array({ minLength: 14, maxLength: 256 }),
  comment: fc.string({ unit: 'grapheme', maxLength: 40 }),
  dropped: fc.nat(2),
})

describe('pcap-ng by the letter', () => {
  it('has every packet as it was given, on its interface, which is described before', () => {
    fc.assert(
      fc.property(fc.array(arbitrary, { maxLength: 12 }), (packets) => {
        const [section, ...rest] = blocksOf(written(packets, { dropped: 7 }))
        expect(section?.type).toBe(0x0a0d0d0a)
        expect(section?.body.getUint32(0, true)).toBe(0x1a2b3c4d)
        expect(textOf(optionsOf(section?.body as DataView, 16).get(4))).toBe('xlvs 1.2.3')
        const names: string[] = []
        const seen = rest.flatMap(({ type, body }) => {
          if (type === 1) {
            expect([body.getUint16(0, true), body.getUint32(4, true)]).toEqual([1, 128])
            expect(optionsOf(body, 8).get(9)).toEqual(Uint8Array.of(9))
            names.push(textOf(optionsOf(body, 8).get(2)))
          }
          if (type !== 6) return []
          const kept = body.getUint32(12, true)
          const options = optionsOf(body, 20 + Math.ceil(kept / 4) * 4)
          expect(viewOf(options.get(2)).getUint32(0, true)).toBe(1)
          return {
            interface: names[body.getUint32(0, true)],
            ns: timeOf(body, 4),
            length: body.getUint32(16, true),
            head: new Uint8Array(body.buffer, body.byteOffset + 20, kept).slice(),
            comment: textOf(options.get(1)),
            dropped: options.has(4) ? Number(viewOf(options.get(4)).getBigUint64(0, true)) : 0,
          }
        })
        expect(seen).toEqual(
          packets.map(({ at, ...packet }) => ({ ...packet, ns: BigInt(Math.round(at * 1e3)) * 1_000n })),
        )
        const ends = rest.filter(({ type }) => type === 5)
        expect(ends.map(({ body }) => body.getUint32(0, true))).toEqual(names.map((_, i) => i))
        expect(rest.slice(rest.length - ends.length)).toEqual(ends)
      }),
      { numRuns: 60 },
    )
  })

  it('keeps an option within its 65535 bytes', () => {
    const blocks = blocksOf(
      written([
        { interface: 'eth0', at: AT, length: 60, head: new Uint8Array(60), comment: 'ü'.repeat(70_000) },
      ]),
    )
    const comment = textOf(optionsOf(blocks[2]?.body as DataView, 80).get(1))
    expect(comment).toMatch(/^ü{16000,}$/)
  })
})

describe('pcap-ng as tshark reads it', () => {
  const syn = frame({ src: '198.51.100.7', dst: '192.0.2.10', payload: tcp(4711, 80, 'S') })
  const long = frame({ src: '198.51.100.8', dst: '192.0.2.10', payload: udp(4712, 53, new Uint8Array(900)) })
  const tshark = (path: string, ...words: string[]) =>
    execFileSync('tshark', ['-n', '-r', path, ...words], { encoding: 'utf8', timeout: 60_000 })
  const FIELDS = [
    'frame.time_epoch',
    'frame.interface_name',
    'frame.len',
    'frame.cap_len',
    'frame.comment',
    'frame.packet_flags_direction',
    'ip.src',
  ]

  it('opens, with comments, lengths, times and interfaces as they were', () => {
    const path = join(folder, 'whole.pcapng')
    const bytes = written(
      [
        { interface: 'eth0', at: AT, length: syn.length, head: syn, comment: 'forward_new -> 192.0.2.21' },
        {
          ...{ interface: 'eth1', at: AT + 0.001, length: long.length, head: long.slice(0, 128), dropped: 3 },
          comment: 'drop_mtu',
        },
      ],
      { dropped: 3 },
    )
    writeFileSync(path, bytes)
    const columns = FIELDS.flatMap((field) => ['-e', field])
    const lines = tshark(path, '-T', 'fields', '-E', 'separator=|', ...columns)
      .trim()
      .split('\n')
    expect(lines.map((line) => line.split('|'))).toEqual([
      [
        '1790000000.123457000',
        'eth0',
        '54',
        '54',
        'forward_new -> 192.0.2.21',
        expect.stringMatching(/1$/),
        '198.51.100.7',
      ],
      ['1790000000.123458000', 'eth1', '942', '128', 'drop_mtu', expect.stringMatching(/1$/), '198.51.100.8'],
    ])
  })

  it('opens without a packet, and wherever it was cut between two blocks', () => {
    const path = join(folder, 'empty.pcapng')
    writeFileSync(path, written([]))
    expect(tshark(path)).toBe('')
    writeFileSync(path, written([{ interface: 'eth0', at: AT, length: 54, head: syn, comment: '' }]))
    expect(tshark(path)).toContain('198.51.100.7')
  })
})
