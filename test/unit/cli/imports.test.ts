// SPDX-License-Identifier: Apache-2.0
// A verb starts as fast as what it imports. The static import lines are followed; what is imported when it is needed
// does not count.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { VERBS } from '../../../src/cli/verbs.js'

const HEAVY = ['libbpf-ts', 'prom-client', 'yaml', 'zod']
const ALONE = ['run']

/** Packages that are loaded with a file. */
function packagesOf(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return new Set()
  seen.add(file)
  const packages = new Set<string>()
  for (const [, names = '', from = ''] of readFileSync(file, 'utf8').matchAll(
    /^(?:import|export) ([^'"]*?)from '([^']+)'/gms,
  )) {
    if (names.startsWith('type ')) continue
    if (!from.startsWith('.')) packages.add(from)
    else
      for (const one of packagesOf(join(dirname(file), from.replace(/\.js$/, '.ts')), seen)) packages.add(one)
  }
  return packages
}

const heavyIn = (file: string) => [...packagesOf(file)].filter((name) => HEAVY.includes(name)).sort()

describe('starting fast', () => {
  it.each(VERBS.map(({ name }) => name).filter((name) => !ALONE.includes(name)))(
    '%s loads nothing heavy',
    (name) => {
      expect(heavyIn(`src/cli/verbs/${name}.ts`)).toEqual([])
    },
  )

  it('the command line itself loads commander and nothing else', () => {
    expect([...packagesOf('src/cli/main.ts')].filter((name) => !name.startsWith('node:'))).toEqual([
      'commander',
    ])
  })

  it('is measured by a test that sees what the daemon loads', () => {
    expect(heavyIn('src/cli/verbs/run.ts')).toEqual(HEAVY)
  })
})
