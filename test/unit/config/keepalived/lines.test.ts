// SPDX-License-Identifier: Apache-2.0
// The lines that are left when parameters, conditions, repetitions and includes have been worked out.
import { describe, expect, it } from 'vitest'
import { readLines } from '../../../../src/config/keepalived/lines.js'
import { Remarks } from '../../../../src/config/keepalived/remarks.js'

function lines(text: string, files: Readonly<Record<string, string>> = {}) {
  const remarks = new Remarks()
  const include = (pattern: string) =>
    Object.entries(files).flatMap(([file, text]) => (file === pattern ? [{ file, text }] : []))
  const around = { configId: 'director-1', include }
  const found = readLines({ file: 'etc/k.conf', text }, around, remarks)
  const refused = remarks.list().flatMap(({ verdict, reason }) => (verdict === 'cannot' ? [reason] : []))
  return { texts: found.map((line) => line.text), places: found.map(({ place }) => place), refused }
}

describe('parameters', () => {
  it.each([
    ['$A=1\na $A b', 'a 1 b'],
    [`$A=1\na \${A}b`, 'a 1b'],
    ['$A=1\na $Ab', 'a $Ab'],
    ['a $A', 'a $A'],
    ['$A=1\n$A=2\na $A', 'a 2'],
    [`$B=1\n$A=x\${B}\n$B=2\na $A`, 'a x2'],
    ['$A=\na $A', 'a'],
    [`a \${_HASH}\${_BANG} \${_INSTANCE} \${_PWD}`, 'a #! director-1 etc'],
  ])('%j', (text, expected) => {
    expect(lines(text).texts).toEqual([expected])
  })

  it('of several lines become several lines, where they are used', () => {
    const { texts, places } = lines(`$RS= \\\nreal $N { \\\n  weight \${N} \\\n}\n$N=2\n$RS\n`)
    expect(texts).toEqual(['real 2 {', 'weight 2', '}'])
    expect(places.map(({ line }) => line)).toEqual([6, 6, 6])
  })

  it('that lead into themselves are refused, quickly', () => {
    expect(lines('$A=$A\na $A').refused).toEqual(['parameters or includes lead into each other'])
    expect(lines('$A= \\\n$A \\\n$A\n$A').refused).toEqual(['parameters or includes lead into each other'])
    const { refused } = lines('~SEQ(A,1,65536) ~SEQ(B,1,65536) x')
    expect(refused).toEqual(['it grows past 3000000 lines'])
  })

  it('of chance are refused: another reading would be another configuration', () => {
    expect(lines(`a \${_RANDOM 1 5}`).refused).toHaveLength(1)
  })
})

describe('conditions', () => {
  it.each([
    ['@director-1 a', ['a']],
    ['@director-2 a', []],
    ['@^director-1 a', []],
    ['@^director-2 a', ['a']],
    ['@^director-2 @director-1 a', ['a']],
    ['$IF=@director-1\n$IF a', ['a']],
    ['$IF=@director-2\n$IF a', []],
    ['@director-2 $A=1\n@director-1 $A=2\n$A', ['2']],
    ['@director-2 $A= \\\nb \\\nc\nd', ['d']],
  ])('%j', (text, expected) => {
    expect(lines(text).texts).toEqual(expected)
  })
})

describe('repetitions', () => {
  it('stand inside of each other', () => {
    expect(lines(`~LST(A,1,2) ~SEQ(B,3,4) \${A}.\${B}`).texts).toEqual(['1.3', '1.4', '2.3', '2.4'])
  })
})

describe('included files', () => {
  it('stand where they are included, know the parameters, and leave theirs', () => {
    const { texts, places } = lines('$A=1\ninclude b.conf\na $B', { 'b.conf': '$B=2\nb $A\n' })
    expect(texts).toEqual(['b 1', 'a 2'])
    expect(places.map(({ file, line }) => `${file}:${line}`)).toEqual(['b.conf:2', 'etc/k.conf:3'])
  })

  it('that include themselves are refused', () => {
    expect(lines('include b.conf', { 'b.conf': 'include b.conf' }).refused).toHaveLength(1)
  })

  it('may be missing for include and includer, not for the others', () => {
    expect(lines('include none\nincluder none').refused).toEqual([])
    expect(lines('includea none').refused).toEqual(['no file has such a name'])
  })
})

it('places are those of the file, in lines and columns from 1', () => {
  expect(lines('\n  a b').places).toEqual([{ file: 'etc/k.conf', line: 2, column: 3 }])
})
