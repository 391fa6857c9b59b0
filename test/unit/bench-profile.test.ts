// SPDX-License-Identifier: Apache-2.0
// What `make bench-profile` makes of a program's line table and of qemu's log, without a guest.
import { describe, expect, it } from 'vitest'
import { addressOf, codeOf, type Dump, placeOf } from '../../bench/instructions/profile-code.js'
import { LogReader } from '../../bench/instructions/profile-log.js'
import { functionAt, functionsOf } from '../../bench/instructions/profile-source.js'
import { profileOf, type RoundOf, wholeOf } from '../../bench/instructions/profile-sum.js'
import { beside, detailOf } from '../../bench/instructions/profile-table.js'

const DUMP: Dump = {
  functions: [
    { start: 'ffffffffc0001000', code: '90909090c3' },
    { start: 'ffffffffc0002000', code: '909090c3' },
  ],
  lines: [
    ['ffffffffc0002001', '/src/bench/../bpf/conn.h', 4],
    ['ffffffffc0002003', '/src/bpf/arrive.h', 9],
    ['ffffffffc0001001', 'bench/bpf/vary.h', 7],
  ],
}
const CODE = codeOf(DUMP)
const HELPER = 'ffffffff81000000'

const SOURCE = `/* a table */
struct entry {
	int key;
};

static __always_inline bool find(int key,
				 int other)
{
	return key == other;
}

static inline int twice(int of) { return 2 * of; }

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	return 0;
}
`

function trace(address: string): string {
  return `Trace 0: 0x7f0a [00000000/${address}/00a0/ff10] `
}

function read(lines: readonly string[], code = CODE) {
  const reader = new LogReader(code)
  for (const line of lines) reader.line(line)
  return reader.end()
}

/** The entry point calls the other function, which calls a helper of two instructions. */
const PACKET = ['c0001000', 'c0001001', 'c0002000', 'c0002001']
  .map((low) => trace(`ffffffff${low}`))
  .concat(trace(HELPER), trace(HELPER))
  .concat(['c0002003', 'c0001004'].map((low) => trace(`ffffffff${low}`)))

describe('the line of an address', () => {
  it('is the last that begins at or before it', () => {
    expect(placeOf(CODE, 0xc0002002)).toEqual({ file: 'conn.h', line: 4 })
    expect(placeOf(CODE, 0xc0002003)).toEqual({ file: 'arrive.h', line: 9 })
  })

  it("is a function's first where the address precedes that, never another function's last", () => {
    expect(placeOf(CODE, 0xc0002000)).toEqual({ file: 'conn.h', line: 4 })
    expect(placeOf(CODE, 0xc0001000)).toEqual({ file: 'vary.h', line: 7 })
  })

  it('is refused where there is none', () => {
    expect(() => placeOf(CODE, 0xc0003000)).toThrow('c0003000 is in no function of the program')
    const bare = codeOf({ ...DUMP, lines: DUMP.lines.slice(2) })
    expect(() => placeOf(bare, 0xc0002000)).toThrow('c0002000 has no source line')
    expect(() => addressOf('00007f0000001000')).toThrow('00007f0000001000 is no address of kernel code')
    expect(() => codeOf({ functions: [], lines: [] })).toThrow('its JIT is off')
  })
})

describe('the log', () => {
  it('counts what the program executes, and what others do for it where they were called', () => {
    const { packets, own, called } = read([trace(HELPER), ...PACKET, trace(HELPER), ...PACKET, trace(HELPER)])
    expect(packets).toBe(2)
    expect([...own]).toEqual(
      [0xc0001000, 0xc0001001, 0xc0002000, 0xc0002001, 0xc0002003, 0xc0001004].map((at) => [at, 2]),
    )
    expect([...called]).toEqual([[0xc0002001, 4]])
  })

  it('leaves out what qemu says was not executed', () => {
    const stopped = 'Stopped execution of TB chain before 0x7f0a [ffffffffc0001001] '
    const lines = PACKET.flatMap((line) => (line === PACKET[1] ? [line, stopped, line] : [line]))
    expect(wholeOf(read(lines))).toBe(wholeOf(read(PACKET)))
  })

  it('is refused when it begins or ends in the middle', () => {
    expect(() => read(PACKET.slice(0, 5))).toThrow('the log ends before the program does')
    expect(() => read([...PACKET.slice(0, 3), ...PACKET])).toThrow('begins again before it has ended')
  })
})

describe('functions of a source', () => {
  it('are found by line, signature included, structs left out', () => {
    const functions = functionsOf(SOURCE)
    expect(functions.map(({ name }) => name)).toEqual(['find', 'twice', 'entry'])
    expect([3, 6, 7, 9, 11, 12, 14, 17].map((line) => functionAt(functions, line))).toEqual([
      undefined,
      'find',
      'find',
      'find',
      undefined,
      'twice',
      'entry',
      'entry',
    ])
  })
})

describe('a profile', () => {
  const sources = new Map([['conn.h', [{ name: 'conn_find', first: 1, last: 5 }]]])
  const round = (lines: readonly string[], spent: number): RoundOf => ({
    executed: read(lines),
    code: CODE,
    spent,
  })
  const subject = round([...PACKET, ...PACKET], 108)
  const empty = round([trace('ffffffffc0001000'), trace('ffffffffc0001004')], 102)

  it('adds up to the total, with the harness beyond the empty program apart', () => {
    const profile = profileOf('hit', subject, empty, sources)
    expect(profile).toEqual({
      parts: [
        { file: 'conn.h', name: 'conn_find', own: 2, called: 2 },
        { file: 'arrive.h', name: 'line 9', own: 1, called: 0 },
      ],
      harness: 1,
      total: 6,
      counted: 6,
    })
    expect(detailOf('hit', profile)).toContain('conn_find                     4.0      2.0      2.0')
    expect(
      beside(new Map([['hit', profile]]))
        .split('\n')
        .map((line) => line.split(/\s{2,}/)),
    ).toEqual([
      ['file', 'hit'],
      ['conn.h', '4.0'],
      ['arrive.h', '1.0'],
      ['call and verdict', '1.0'],
      ['all', '6.0'],
    ])
  })

  it('is refused when the kernel counted something else', () => {
    expect(() => profileOf('hit', { ...subject, spent: 109 }, empty, sources)).toThrow(
      'hit: 6.0 instructions per packet are logged and 7.0 counted by the kernel, more than 2 % apart',
    )
  })
})
