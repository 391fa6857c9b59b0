// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { elfSection } from '../src/gen-types/elf.js'
import { GenTypesError, generateTypes } from '../src/gen-types/index.js'
import { compile } from './gen-types-compile.js'

const REFUSALS: readonly (readonly [what: string, source: string, message: string])[] = [
  [
    'a hole between members',
    'struct s { __u8 a; __u32 b; }; struct s one;',
    'struct s: 3 hidden bytes before member b; add an explicit pad member',
  ],
  [
    'padding at the end',
    'struct s { __u64 a; __u16 b; }; struct s one;',
    'struct s: 6 hidden bytes after member b; add an explicit pad member',
  ],
  [
    'a hole in a nested struct',
    'struct in { __u8 a; __u16 b; }; struct s { struct in i; }; struct s one;',
    'struct in: 1 hidden bytes before member b; add an explicit pad member',
  ],
  [
    'a bitfield',
    'struct s { __u32 a : 3; __u32 b : 29; }; struct s one;',
    'struct s, member a: bitfields are not supported',
  ],
  [
    'a pointer',
    'struct s { void *next; }; struct s one;',
    'struct s, member next: pointers mean nothing outside the kernel',
  ],
  [
    'an array of pointers',
    'struct s { char *names[2]; }; struct s one;',
    'struct s, member names: pointers mean nothing outside the kernel',
  ],
  [
    'a flexible array',
    'struct s { __u32 n; __u32 items[]; }; struct s one;',
    'struct s, member items: flexible arrays are not supported',
  ],
  [
    'an array without items',
    'struct s { __u32 n; __u32 items[0]; }; struct s one;',
    'struct s, member items: flexible arrays are not supported',
  ],
  ['a float', 'struct s { float f; }; struct s one;', 'struct s, member f: floats are not supported'],
  [
    'a union',
    'struct s { union u { __u32 a; __u16 b[2]; } u; }; struct s one;',
    'struct s, member u: unions have no plain layout',
  ],
  [
    'an anonymous union',
    'struct s { __u32 a; union { __u32 b; __u16 c[2]; }; }; struct s one;',
    'struct s, member (no name): unions have no plain layout',
  ],
  [
    'an anonymous struct member',
    'struct s { __u32 c; struct { __u32 d; }; }; struct s one;',
    'struct s, member (no name): the struct needs a name',
  ],
  [
    'a member of a struct without a name',
    'struct s { struct { __u32 d; } inner; }; struct s one;',
    'struct s, member inner: the struct needs a name',
  ],
  [
    'an integer of 128 bits',
    'struct s { unsigned __int128 a; }; struct s one;',
    'struct s, member a: integers of 128 bits are not supported',
  ],
  ['an enum without a name', 'enum { A, B } one;', 'variable one: the enum needs a name'],
  [
    'an empty struct',
    'struct s {}; struct t { struct s s; __u32 a; }; struct t one;',
    'struct s has no members',
  ],
  [
    'a union as a variable',
    'union u { __u32 a; __u16 b; }; union u one;',
    'variable one: unions have no plain layout (union u)',
  ],
  [
    'two types of one name',
    'struct demo_pair { __u32 a; }; struct pair { __u32 a; }; struct demo_pair one; struct pair two;',
    'types: demo_pair and pair would both become Pair',
  ],
  [
    'two members of one name',
    'struct s { __u32 a_b; __u32 aB; }; struct s one;',
    'struct s: a_b and aB would both become aB',
  ],
  [
    'a type named like what generated code needs',
    'struct data_view { __u32 a; }; struct data_view one;',
    'data_view would become DataView, which the generated code needs itself',
  ],
  ['an object without types', '__u32 one;', 'no variable or map of the object uses a struct or an enum'],
]

describe('refused, with the reason:', () => {
  test.each(REFUSALS)('%s', (_what, source, message) => {
    const object = compile(source)
    expect(() => generateTypes(object, { prefixStrip: 'demo_' })).toThrow(new GenTypesError(message))
  })

  test('an object without debug information', () => {
    const object = compile('struct s { __u32 a; }; struct s one;', [])
    expect(() => generateTypes(object)).toThrow('the object has no .BTF section (compile with -g)')
  })

  test('what is not an ELF file, or of the other byte order', () => {
    expect(() => generateTypes(new Uint8Array())).toThrow('not an ELF file')
    expect(() => generateTypes(new Uint8Array(100))).toThrow('not an ELF file')
    const big = compile('struct s { __u32 a; }; struct s one;', ['-g', '-mbig-endian'])
    expect(() => generateTypes(big)).toThrow('not a 64-bit little-endian ELF file')
  })
})

describe('a damaged object', () => {
  const object = compile(
    'struct in { __u16 a[2][2]; }; enum e { A }; struct s { struct in i; enum e e; }; struct s one[2];',
  )

  test('cut anywhere is refused', () => {
    for (let length = 0; length < object.length; length++) {
      expect(() => generateTypes(object.subarray(0, length))).toThrow(GenTypesError)
    }
  })

  test('with any bytes of its BTF changed is refused or read, and never ends otherwise', () => {
    const btf = elfSection(object, '.BTF') ?? new Uint8Array()
    const change = fc.tuple(
      fc.integer({ min: btf.byteOffset, max: btf.byteOffset + btf.length - 1 }),
      fc.nat(255),
    )
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const damaged = object.slice()
        for (const [at, byte] of changes) damaged[at] = byte
        try {
          expect(typeof generateTypes(damaged)).toBe('string')
        } catch (error) {
          if (!(error instanceof GenTypesError)) throw error
        }
      }),
      { numRuns: 5000 },
    )
  })
})
