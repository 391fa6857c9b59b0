// SPDX-License-Identifier: Apache-2.0
// Captures are read whoever wrote them, and what is no capture is refused with a sentence.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCapture } from '../../../src/pcap/read.js'
import { device, enhanced, joined, pcap, section, simple, statistics } from './captures.js'

const FRAMES = [new Uint8Array(60).fill(1), new Uint8Array(61).fill(2), new Uint8Array(1).fill(3)]
const read = (bytes: Uint8Array, most = 100) => readCapture(bytes, 'a.pcap', most)
const reasonOf = (bytes: Uint8Array) => {
  const outcome = read(bytes)
  return outcome.ok ? 'read' : outcome.problems.map(({ subject, reason }) => `${subject}: ${reason}`).join()
}
const bytesOf = (bytes: Uint8Array, most?: number) => {
  const outcome = read(bytes, most)
  return outcome.ok ? outcome.value.packets.map(({ data }) => [...data]) : outcome.problems
}

describe('a pcap file', () => {
  it.each([
    ['little endian', {}],
    ['big endian', { little: false }],
    ['in nanoseconds', { nanoseconds: true }],
    ['in nanoseconds, big endian', { nanoseconds: true, little: false }],
  ])('%s gives its frames in order', (_, wish) => {
    expect(bytesOf(pcap(FRAMES, wish))).toEqual(FRAMES.map((frame) => [...frame]))
  })

  it('tells how long a frame was that it has not whole', () => {
    const outcome = read(pcap([{ data: new Uint8Array(64), length: 1514 }]))
    expect(outcome).toMatchObject({ ok: true, value: { packets: [{ length: 1514 }], more: false } })
  })

  it('gives as many as are asked for, and says that there are more', () => {
    expect(read(pcap(FRAMES), 2)).toMatchObject({ ok: true, value: { packets: [{}, {}], more: true } })
    expect(read(pcap(FRAMES), 3)).toMatchObject({ ok: true, value: { more: false } })
  })

  it('of another link layer is refused with its name', () => {
    expect(reasonOf(pcap(FRAMES, { link: 113 }))).toBe(
      "a.pcap: its packets have no Ethernet header (Linux's cooked mode), which the datapath reads first",
    )
  })
})

describe.each([true, false])('a pcap-ng file, little endian: %s', (little) => {
  it('gives the frames of every section and interface, whatever stands between them', () => {
    const [first, second, third] = FRAMES as [Uint8Array, Uint8Array, Uint8Array]
    const file = joined(
      ...[section(little), device(little, 113), device(little), enhanced(little, 1, first)],
      ...[statistics(little), section(!little), device(!little, 1, 40), enhanced(!little, 0, second)],
      simple(!little, 500, new Uint8Array(40).fill(9)),
      enhanced(!little, 0, third),
    )
    const expected = [first, second, new Uint8Array(40).fill(9), third].map((frame) => [...frame])
    expect(bytesOf(file)).toEqual(expected)
  })

  it('with a packet of no interface, or of a cooked one, is refused', () => {
    const frame = FRAMES[0] as Uint8Array
    expect(reasonOf(joined(section(little), enhanced(little, 0, frame)))).toBe(
      'a.pcap: packet 1 is of an interface that is not described: it is cut off or damaged',
    )
    expect(reasonOf(joined(section(little), device(little, 276), enhanced(little, 0, frame)))).toMatch(
      /packet 1 has no Ethernet header \(Linux's cooked mode\)/,
    )
  })
})

describe('what is no capture', () => {
  it.each([
    ['nothing at all', new Uint8Array(), 'it is no capture: neither pcap nor pcap-ng'],
    ['text', Buffer.from('interfaces: [eth0]\n'), 'it is no capture: neither pcap nor pcap-ng'],
    ['compressed', Uint8Array.from([0x1f, 0x8b, 8, 0]), 'it is compressed'],
    ['a header alone, cut', pcap([]).subarray(0, 20), 'it ends within its header: it is cut off or damaged'],
    ['cut within a record', pcap(FRAMES).subarray(0, 30), 'it ends within the header of packet 1'],
    ['cut within a frame', pcap(FRAMES).subarray(0, 24 + 16 + 59), 'it ends within packet 1'],
    ['a block that is too long', section(true).subarray(0, 24), 'block 1 has a length that cannot be'],
  ])('%s is refused', (_, bytes, reason) => {
    expect(reasonOf(bytes)).toContain(`a.pcap: ${reason}`)
  })

  it('neither throws nor reads beyond the file, wherever it is cut and whatever is changed in it', () => {
    const good = [
      pcap(FRAMES),
      pcap(FRAMES, { little: false }),
      joined(
        section(true),
        device(true),
        ...FRAMES.map((frame) => enhanced(true, 0, frame)),
        simple(true, 9, FRAMES[0] ?? new Uint8Array()),
      ),
    ]
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 })
    fc.assert(
      fc.property(fc.constantFrom(...good), edits, fc.nat(), (file, changes, cut) => {
        const bytes = file.slice(0, cut % (file.length + 1))
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value
        const outcome = read(bytes)
        if (!outcome.ok) {
          expect(outcome.problems).toHaveLength(1)
          return
        }
        for (const { data, length } of outcome.value.packets) {
          expect(data.byteOffset + data.length).toBeLessThanOrEqual(bytes.byteOffset + bytes.length)
          expect(length).toBeGreaterThanOrEqual(data.length)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('made of nothing but noise neither', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect([true, false]).toContain(read(bytes).ok)
      }),
    )
  })
})
