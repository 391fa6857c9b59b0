// SPDX-License-Identifier: Apache-2.0
// xlvsadm against the real ipvsadm: the same command lines, the same answers.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { lineOf, readAnswers, type Said } from './answers.js'
import { DIFFERENCES } from './differences.js'
import { type CompatDirector, namesOf, startCompatDirector, xlvsadm } from './director.js'
import { type Line, SEQUENCES, type Sequence } from './sequences.js'

let director: CompatDirector
const NAMES = namesOf()

beforeAll(async () => {
  director = await startCompatDirector()
})
afterAll(() => director?.close())

const say = (args: string) => xlvsadm({ args }, director.socket, NAMES)

beforeEach(async () => {
  expect(await say('-C')).toEqual({ status: 0, out: [], err: [] })
  expect((await say('--set 900 120 300')).status).toBe(0)
})

/** With our name for ipvsadm's, and without what belongs to the machine: the size of its connection table. */
function normal({ status, out, err }: Said): Said {
  const same = (line: string) => line.replaceAll('xlvsadm', 'ipvsadm').replace(/\(size=\d+\)/, '(size=4096)')
  return { status, out: out.map(same), err: err.map(same) }
}

/** Both as a terminal would have shown them; what went to standard error stands behind '!'. */
async function played({ name, hosts, lines }: Sequence) {
  const names = namesOf(hosts)
  const ours: string[] = []
  const theirs: string[] = []
  for (const [i, { status, out, err, ...line }] of readAnswers(name).answers.entries()) {
    expect(line, 'record.ts has not been run').toEqual(lineOf(lines[i] ?? ''))
    const { why: _, ...other } = DIFFERENCES[line.args] ?? { why: '' }
    theirs.push(...shown(line, { status, out, err, ...other }))
    ours.push(...shown(line, normal(await xlvsadm(line, director.socket, names))))
  }
  return { ours, theirs }
}

function shown({ args, stdin }: Line, { status, out, err }: Said): readonly string[] {
  const read = stdin === undefined ? '' : ` <<< ${JSON.stringify(stdin)}`
  return [`$ ${args}${read}`, ...out, ...err.map((line) => `! ${line}`), `= ${status}`]
}

describe('xlvsadm answers as ipvsadm does', () => {
  for (const sequence of SEQUENCES)
    it(sequence.name, async () => {
      const { ours, theirs } = await played(sequence)
      expect(ours).toEqual(theirs)
    })
})

describe('the table of differences', () => {
  const lines = SEQUENCES.flatMap((sequence) => sequence.lines.map(lineOf))

  it('has no line that is not compared, and gives a reason for each', () => {
    const compared = new Set(lines.map(({ args }) => args))
    for (const [args, { why }] of Object.entries(DIFFERENCES)) {
      expect(compared, args).toContain(args)
      expect(why, args).not.toBe('')
    }
  })

  it('is short: of all command lines only these are answered otherwise', () => {
    expect(lines.length).toBeGreaterThan(500)
    expect(Object.keys(DIFFERENCES).length).toBeLessThan(20)
  })
})
