// SPDX-License-Identifier: Apache-2.0
// A scenario file -> Scenario: defaults filled in, mistakes told in one sentence with the file's name.
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { type Fields, type Runner, type Scenario, ScenarioError, type Value } from './scenario.js'

const VIPS = ['10.0.1.1', 'fd00:1::1']
const REALS = 8
const RUNNERS: readonly Runner[] = ['uml', 'qemu-icount']
const FIELDS = 'name about vips rs nrs modules vars pkt detail runner alone steps'.split(
  ' ',
) as readonly string[]

export function readScenario(path: string): Scenario {
  return parseScenario(readFileSync(path, 'utf8'), path)
}

/** `path` names it in mistakes, and the scenario itself if it has no name. */
export function parseScenario(json: string, path: string): Scenario {
  const written = fieldsOf(json, path)
  const fail = (why: string): never => {
    throw new ScenarioError(`${path}: ${why}`)
  }
  const foreign = Object.keys(written).find((field) => !FIELDS.includes(field))
  if (foreign !== undefined) fail(`a scenario has no "${foreign}": ${FIELDS.join(', ')}`)
  const { name, about = '', vips = VIPS, modules = [], vars = {}, pkt = {}, runner = 'uml', steps } = written
  if (!Array.isArray(steps)) return fail('"steps" is missing, a list of what is done')
  for (const [field, value] of Object.entries({ vips, modules }))
    if (!isTexts(value)) fail(`"${field}" is a list of strings`)
  for (const [field, value] of Object.entries({ vars, pkt }))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(`"${field}" is an object`)
  if (!RUNNERS.includes(runner as Runner))
    fail(`"runner": ${JSON.stringify(runner)} is not ${RUNNERS.join(' or ')}`)
  return {
    name: typeof name === 'string' ? name : basename(path, '.json'),
    about: String(about),
    vips: vips as readonly string[],
    rs: serversOf(written, fail),
    modules: modules as readonly string[],
    vars: vars as Fields,
    pkt: pkt as Fields,
    detail: written['detail'] === true,
    runner: runner as Runner,
    alone: written['alone'] === true,
    steps,
  }
}

function fieldsOf(json: string, path: string): Fields {
  try {
    const parsed: unknown = JSON.parse(json)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Fields
  } catch (error) {
    throw new ScenarioError(`${path}: no JSON: ${(error as Error).message}`)
  }
  throw new ScenarioError(`${path}: a scenario is an object with "steps"`)
}

function serversOf({ rs, nrs = REALS }: Fields, fail: (why: string) => never): Scenario['rs'] {
  if (rs === undefined) {
    if (!Number.isInteger(nrs) || Number(nrs) < 0 || Number(nrs) > 250) fail('"nrs" is a number up to 250')
    const numbers = Array.from({ length: Number(nrs) }, (_, i) => i + 1)
    return Object.fromEntries(numbers.map((i) => [`rs${i}`, [`10.0.2.${i}`, `fd00:2::${i.toString(16)}`]]))
  }
  const named = Object.entries(rs as Fields).map(([name, ips]) => [
    name,
    typeof ips === 'string' ? [ips] : ips,
  ])
  if (!named.every(([, ips]) => isTexts(ips as Value)))
    fail('"rs" is an object of server names and their addresses')
  return Object.fromEntries(named) as Scenario['rs']
}

function isTexts(value: Value): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
