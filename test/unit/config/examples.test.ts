// SPDX-License-Identifier: Apache-2.0
// The examples that are shipped are right.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { jsonSchema } from '../../../src/config/schema.js'
import { parseYamlBytes } from '../../../src/config/yaml.js'
import { formatProblem } from '../../../src/model/describe.js'
import { accepts } from './json-schema.js'

const folder = new URL('../../../examples/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))

it('there are examples', () => expect(files).toContain('minimal.yaml'))

it.each(files)('examples/%s is accepted by the parser and by the published schema', (name) => {
  const bytes = readFileSync(new URL(name, folder))
  const outcome = parseYamlBytes(bytes, name)
  expect(outcome.ok ? [] : outcome.problems.map(formatProblem)).toEqual([])
  expect(outcome.ok && outcome.value.services.length).toBeGreaterThan(0)
  expect(accepts(jsonSchema(), parse(bytes.toString()))).toBe(true)
})
