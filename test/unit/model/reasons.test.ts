// SPDX-License-Identifier: Apache-2.0
// Every reason of the datapath has words, and the document has the same.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ReasonNames } from '../../../src/abi/generated.js'
import { VERBS } from '../../../src/cli/verbs.js'
import { adviceOf, badEnd, classOf, REASON_TEXTS } from '../../../src/model/reasons.js'
import { TUNABLE_NAMES } from '../../../src/model/tunables.js'

const MARKERS = ['forward_end', 'forward_redirected']
const names = Object.values(ReasonNames)
  .map((name) => name.toLowerCase())
  .filter((name) => !MARKERS.includes(name))
const texts = Object.entries(REASON_TEXTS)

it('every reason of bpf/abi.h has words, and no other', () => {
  expect(names.length).toBeGreaterThan(35)
  expect(Object.keys(REASON_TEXTS).toSorted()).toEqual(names.toSorted())
})

it('docs/REASONS.md has the same words, cell by cell', () => {
  const document = readFileSync(new URL('../../../docs/REASONS.md', import.meta.url), 'utf8')
  const rows = [...document.matchAll(/^\| `(\w+)` *\|(.*)\|$/gm)].map(([, name = '', cells = '']) => [
    name,
    cells.split(' | ').map((cell) => cell.trim()),
  ])
  const wanted = texts.map(([name, { when, client, about, todo }]) => [name, [when, client, about, todo]])
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(wanted))
})

it('each text is one line of words, and fits a table', () => {
  for (const [name, words] of texts)
    for (const word of Object.values(words)) expect(word, name).toMatch(/^[^\s|][^\n|]*[^\s|.]$/)
})

it('what is to be typed are verbs and tunables that exist', () => {
  const quoted = texts.flatMap(([, words]) => Object.values(words).flatMap(quotes))
  const verbs = quoted.flatMap((words) => /^xlvs (\w+)/.exec(words)?.[1] ?? [])
  expect(verbs.length).toBeGreaterThan(10)
  expect(verbs.filter((verb) => !VERBS.some(({ name }) => name === verb))).toEqual([])
  const tunables = quoted.filter((words) => /^[a-z]+(?:_[a-z]+)+$/.test(words))
  expect(tunables.length).toBeGreaterThan(3)
  expect(tunables.filter((name) => !TUNABLE_NAMES.some((known) => known === name))).toEqual([])
})

describe('a bad end', () => {
  it('is everything that is dropped or answered', () => {
    for (const name of names) {
      const lost = ['drop', 'answer'].includes(classOf(name))
      expect(badEnd(name) === 'lost', name).toBe(lost)
    }
  })

  it('is what clients miss though the host has it', () => {
    expect(names.filter((name) => badEnd(name) === 'unserved').toSorted()).toEqual([
      'pass_ext_headers',
      'pass_fragment_first_unseen',
      'pass_ftp_data',
      'pass_no_conn',
      'pass_no_service',
    ])
  })

  it('has an advice to conclude from, without marks of a document', () => {
    for (const name of names.filter((each) => badEnd(each))) {
      expect(adviceOf(name), name).not.toBe('')
      expect(adviceOf(name), name).not.toContain('`')
    }
    expect(adviceOf('drop_nexthop')).toBe(
      'the real server does not answer ARP or neighbour solicitations, or there is no route to it: xlvs show nexthops says why; xlvs doctor',
    )
    expect(adviceOf('drop_truncated')).toBe('a broken sender or a probe')
    expect(adviceOf('what_is_that')).toBe('')
  })
})

function quotes(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string)
}
