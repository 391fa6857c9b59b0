// SPDX-License-Identifier: Apache-2.0
// xlvs decides as Linux's IPVS did: every recorded scenario, packet by packet, with every listing, count, connection
// and number. What is meant to differ is in xlvs/differences.ts, and nothing else does.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readAnswers } from './answers.js'
import { DIFFERENCES } from './xlvs/differences.js'
import { Director } from './xlvs/director.js'
import { replay } from './xlvs/replay.js'

const ANSWERS = new URL('answers', import.meta.url).pathname
const DOCUMENT = new URL('../../docs/IPVS-DIFFERENCES.md', import.meta.url)

function recordingsOf(topic: string): readonly string[] {
  return readdirSync(join(ANSWERS, topic)).filter((name) => name.endsWith('.jsonl'))
}

const topics = readdirSync(ANSWERS)

describe('xlvs decides as the kernel did', () => {
  let director: Director
  const met = new Set<string>()

  beforeAll(async () => {
    director = await Director.open()
  })
  afterAll(() => director.close())

  it.each(topics)('in every scenario about %s', async (topic) => {
    const faults: string[] = []
    for (const name of recordingsOf(topic)) {
      const outcome = await replay(director, readAnswers(join(ANSWERS, topic, name)))
      for (const id of outcome.met) met.add(id)
      faults.push(...outcome.faults.map((fault) => `${topic}/${name} ${fault}`))
    }
    expect(faults.join('\n')).toBe('')
    expect(recordingsOf(topic).length).toBeGreaterThan(0)
  })

  it('except for what is meant to differ, and every such difference is seen', () => {
    expect([...met].sort()).toEqual(DIFFERENCES.map(({ id }) => id).sort())
  })
})

describe('docs/IPVS-DIFFERENCES.md', () => {
  const text = readFileSync(DOCUMENT, 'utf8')
  const section = (id: string) => new RegExp(`^### ${id}\\n\\n([^]*?)(?=\\n#|$(?![^]))`, 'm').exec(text)?.[1]

  it('lists what the comparison lets differ, and nothing beside', () => {
    const listed = [...text.matchAll(/^### (.+)$/gm)].map(([, id]) => id)
    expect(listed).toEqual(DIFFERENCES.map(({ id }) => id))
  })

  it.each(DIFFERENCES.map((entry) => [entry.id, entry] as const))(
    'tells what %s is, and why',
    (id, entry) => {
      const plain = section(id)?.replace(/\s+/g, ' ')
      expect(plain).toContain(entry.what)
      expect(plain).toContain(entry.reason)
    },
  )
})
