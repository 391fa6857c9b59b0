// SPDX-License-Identifier: Apache-2.0
// xlvs keepalived against the real `keepalived -t`: the same files are taken, the same are found fault with.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { printConverted } from '../../src/config/keepalived/yaml.js'
import { parseYaml } from '../../src/config/yaml.js'
import { askKeepalived, askXlvs } from './keepalived/ask.js'
import { GENERATED, HAND_MADE } from './keepalived/files.js'
import { readVerdicts } from './keepalived/verdicts.js'

const ALL = [...HAND_MADE, ...GENERATED]
const SAMPLES = '/usr/share/doc/keepalived/samples'
const samples = readdirSync(SAMPLES).filter((name) => name.startsWith('keepalived.conf'))
const sampleText = (name: string) => readFileSync(`${SAMPLES}/${name}`, 'latin1')
/** What keepalived says about VRRP without naming a line. */
const ABOUT_VRRP = /^\((?:VI_\d+|x)\) |Non-existent interface|^There are \d+ missing/

describe('xlvs finds fault where keepalived -t does', () => {
  const verdicts = readVerdicts()

  it('with files of which some are taken and some are not', () => {
    expect(new Set(ALL.map(({ name }) => name)).size).toBe(ALL.length)
    expect([...verdicts.keys()], 'record.ts has not been run').toEqual(ALL.map(({ name }) => name))
    expect([...verdicts.values()].filter((taken) => taken).length).toBeGreaterThan(100)
    expect([...verdicts.values()].filter((taken) => !taken).length).toBeGreaterThan(100)
  })

  it.each(ALL.map(({ name, text }) => [name, text] as const))('as recorded: %s', (name, text) => {
    expect(askXlvs(text).taken).toBe(verdicts.get(name))
  })

  it('as the keepalived of this machine says', () => {
    const theirs = ALL.filter(({ text }) => askKeepalived(text).taken).map(({ name }) => name)
    const ours = ALL.filter(({ text }) => askXlvs(text).taken).map(({ name }) => name)
    expect(ours).toEqual(theirs)
  }, 120_000)
})

describe('the samples of the package', () => {
  it('are there, all of them', () => {
    expect(samples.length).toBeGreaterThanOrEqual(20)
  })

  it.each(samples)('%s is found fault with only where keepalived does, VRRP apart', (name) => {
    const text = sampleText(name)
    const { taken, remarks } = askXlvs(text)
    const left = remarks.filter(({ cause }) => cause === 'vrrp')
    const theirs = askKeepalived(text).said.filter((line) => {
      const at = Number(/^\(Line (\d+)\)/.exec(line)?.[1] ?? 0)
      const ofVrrp = left.some(({ place, endLine = place.line }) => place.line <= at && at <= endLine)
      return !ofVrrp && !ABOUT_VRRP.test(line)
    })
    expect(taken, theirs.join('\n')).toBe(theirs.length === 0)
  })
})

describe('a file that can be had', () => {
  const good = [...ALL, ...samples.map((name) => ({ name, text: sampleText(name) }))]
    .map(({ name, text }) => ({ name, text, reading: askXlvs(text) }))
    .filter(({ reading }) => reading.desired !== undefined)

  it('is one of many', () => {
    expect(good.length).toBeGreaterThan(150)
  })

  it('becomes YAML that is read back as the same', () => {
    for (const { name, reading } of good) {
      if (reading.desired === undefined) continue
      const yaml = printConverted(reading.desired, reading.remarks, name)
      expect(parseYaml(yaml, 'lb.yaml'), `${name}\n${yaml}`).toEqual({ ok: true, value: reading.desired })
    }
  })

  it('has a remark for each of its lines', () => {
    for (const { name, text, reading } of good) {
      const told = new Set(
        reading.remarks.flatMap(({ place, endLine = place.line }) => linesFrom(place.line, endLine)),
      )
      const silent = text
        .split('\n')
        .flatMap((line, i) => (/^[\s{}]*(?:[!#].*)?$/.test(line) || told.has(i + 1) ? [] : [line]))
      expect(silent, `${name}\n${text}`).toEqual([])
    }
  })
})

function linesFrom(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}
