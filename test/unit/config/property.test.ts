// SPDX-License-Identifier: Apache-2.0
// What holds for every file: what is printed is read back the same, and nothing that is read can throw.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { printYaml } from '../../../src/config/print.js'
import { parseYaml, parseYamlBytes } from '../../../src/config/yaml.js'
import { completeService } from '../../../src/model/change.js'
import { readServiceSpec } from '../../../src/model/request.js'
import { validateDesired } from '../../../src/model/validate.js'
import { desired } from './arbitrary.js'

it('every Desired is read back from its YAML as it was, and is valid', () => {
  fc.assert(
    fc.property(desired, (config) => {
      expect(validateDesired(config)).toEqual([])
      expect(parseYaml(printYaml(config), 'x')).toEqual({ ok: true, value: config })
    }),
    { numRuns: 300 },
  )
})

it('every service goes through JSON as a request and is the same', () => {
  fc.assert(
    fc.property(desired, ({ services }) => {
      for (const { owner: _, ...service } of services) {
        const spec = readServiceSpec(JSON.parse(JSON.stringify(service)))
        expect(spec.ok && completeService(spec.value)).toEqual({ ...service, owner: 'api' })
      }
    }),
  )
})

it('any bytes give an outcome', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => judged(bytes)),
    { numRuns: 1_000 },
  )
})

it('a file with some of its text exchanged gives an outcome whose problems have places in the file, in order', () => {
  const noise = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'{}[]:,-?&*!|>\'"%@`#\n\t aeiou019.\0~'), maxLength: 6 }),
    fc.constantFrom(
      '<<: *a',
      '&a ',
      '*a',
      '---\n',
      '...\n',
      '!!set ',
      '!!binary x',
      '? ',
      '- ',
      ': ',
      '\r\n',
      '"\\u0000"',
    ),
  )
  fc.assert(
    fc.property(
      desired,
      fc.array(fc.tuple(fc.nat(), fc.nat(8), noise), { minLength: 1, maxLength: 4 }),
      (config, edits) => {
        let text = printYaml(config)
        for (const [where, cut, put] of edits) {
          const at = where % (text.length + 1)
          text = text.slice(0, at) + put + text.slice(at + cut)
        }
        judged(new TextEncoder().encode(text))
      },
    ),
    { numRuns: 500 },
  )
})

it('any nesting of lists, maps and values gives an outcome', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      judged(new TextEncoder().encode(JSON.stringify(value)))
      judged(
        new TextEncoder().encode(
          JSON.stringify({ services: [value, { vip: value, reals: [value] }], limits: value }),
        ),
      )
    }),
    { numRuns: 500 },
  )
})

function judged(bytes: Uint8Array): void {
  const outcome = parseYamlBytes(bytes, 'x')
  if (outcome.ok) return void expect(validateDesired(outcome.value)).toEqual([])
  const lines = new TextDecoder().decode(bytes).split('\n')
  let last = 0
  expect(outcome.problems.length).toBeGreaterThan(0)
  for (const { place, reason, fix } of outcome.problems) {
    expect(place?.line).toBeGreaterThanOrEqual(Math.max(1, last))
    expect(place?.line).toBeLessThanOrEqual(lines.length)
    expect(place?.column).toBeGreaterThanOrEqual(1)
    expect(reason).not.toMatch(/\p{Cc}/u)
    expect(fix).toBeTruthy()
    last = place?.line ?? 0
  }
}
