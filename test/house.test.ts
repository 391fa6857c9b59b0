// SPDX-License-Identifier: Apache-2.0
// The rules of the house, checked on every tracked file; and the checks themselves, on files that break the rules.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ReasonNames } from '../src/abi/generated.js'
import { VERBS } from '../src/cli/verbs.js'
import { FAMILIES, IPVS_FAMILIES } from '../src/metrics/page.js'
import { controlMetrics } from '../src/metrics/process.js'
import { brokenLinks, invented, undocumented, unknownTargets, unknownVerbs } from './house/documents.js'
import { layerFaults } from './house/layers.js'
import { mannerFaults } from './house/manners.js'
import { functionFaults, sizeFaults, stepFaults } from './house/sizes.js'
import type { Source } from './house/source.js'

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
const TEXT = /\.(?:ts|js|mjs|c|h|cpp|md|json|jsonl|yaml|yml|service|conf|gyp)$|(?:^|\/)[^.]+$|^\.ci\//
const sources = tracked()
const texts = new Map(sources.map(({ path, text }) => [path, text]))
const documents = sources.filter(({ path }) => path.endsWith('.md'))

function tracked(): readonly Source[] {
  const names = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0')
  return names
    .filter((path) => path !== '' && TEXT.test(path) && existsSync(join(root, path)))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

function document(path: string): Source {
  return { path, text: texts.get(path) ?? '' }
}

/** As `xlvs show reasons` and the metrics name them. */
const reasons = Object.values(ReasonNames)
  .map((name) => name.toLowerCase())
  .filter((name) => !['forward_end', 'forward_redirected'].includes(name))

async function families(): Promise<readonly string[]> {
  const control = await controlMetrics('0').text()
  const own = [...control.matchAll(/^# TYPE (xlvs_\S+)/gm)].map((match) => match[1] as string)
  const tables = [...FAMILIES, ...IPVS_FAMILIES]
  return [...new Set(tables.map(({ name }) => name)), ...own]
}

describe('every tracked file', () => {
  it('imports downwards, and what is pure stays pure', () => {
    expect(sources.flatMap(layerFaults)).toEqual([])
  })

  it('stays small', () => {
    expect(sources.flatMap(sizeFaults)).toEqual([])
  })

  it('has short steps in bpf/', () => {
    expect(sources.flatMap(stepFaults)).toEqual([])
  })

  it('has a licence line, a name that says what is in it, tests that run, nothing left for later', () => {
    expect(sources.flatMap(mannerFaults)).toEqual([])
  })

  it.each([
    ['src', 'tsconfig.json'],
    ['native/src', 'native/tsconfig.json'],
    ['src/web/page', 'src/web/page/tsconfig.json'],
  ])('has short functions: %s', (folder, config) => {
    expect(functionFaults(root, config, folder)).toEqual([])
  })
})

describe('the documents', () => {
  it('say of every reason what to do', () => {
    expect(reasons.length).toBeGreaterThan(20)
    expect(undocumented(document('docs/REASONS.md'), reasons)).toEqual([])
    expect(invented(document('docs/REASONS.md'), reasons, /^(?:pass|forward|drop|answer)_/)).toEqual([])
  })

  it('describe every map', () => {
    const maps = [
      ...`${texts.get('bpf/maps.h')}`.matchAll(/^(?:XLVS_ARRAY\((\w+), |\} (\w+) SEC\("\.maps"\))/gm),
    ]
    expect(maps.length).toBeGreaterThan(15)
    const names = maps.map((match) => (match[1] ?? match[2]) as string)
    expect(undocumented(document('docs/DATAPATH.md'), names)).toEqual([])
  })

  it('describe every metric and no other', async () => {
    expect(undocumented(document('docs/METRICS.md'), await families())).toEqual([])
    expect(invented(document('docs/METRICS.md'), await families(), /^(?:xlvs|node_ipvs)_/)).toEqual([])
  })

  it('name targets and verbs that exist', () => {
    const ours = documents.filter(({ path }) => !path.startsWith('native/'))
    expect(ours.flatMap((one) => unknownTargets(one, texts.get('Makefile') ?? ''))).toEqual([])
    const verbs = VERBS.map(({ name }) => name)
    expect(ours.flatMap((one) => unknownVerbs(one, verbs))).toEqual([])
  })

  it('link to what is there', () => {
    expect(documents.flatMap((one) => brokenLinks(one, texts))).toEqual([])
  })
})

describe('the check of layers', () => {
  const faults = (path: string, text: string) => layerFaults({ path, text }).length

  it.each([
    ['src/model/a.ts', "import { x } from '../plan/x.js'"],
    ['src/config/a.ts', "import type { X } from '../plan/x.js'"],
    ['src/api/a.ts', "export { x } from '../config/x.js'"],
    ['src/datapath/a.ts', "import {\n  x,\n  y,\n} from '../daemon/x.js'"],
    ['src/metrics/a.ts', "const x = await import('../cli/x.js')"],
    ['src/metrics/a.ts', "import { x } from '../../test/x.js'"],
    ['src/daemon/a.ts', "import { openMap } from 'libbpf-ts'"],
    ['src/plan/a.ts', "import { readFileSync } from 'node:fs'"],
    ['src/model/a.ts', 'const now = Date.now()'],
    ['src/config/a.ts', "process.stdout.write('x')"],
    ['src/cli/verbs/show.ts', "import { startDaemon } from '../../daemon/daemon.js'"],
    ['src/drawer/a.ts', ''],
  ])('finds what is wrong in %s: %s', (path, text) => {
    expect(faults(path, text)).toBe(1)
  })

  it.each([
    ['src/model/a.ts', "import { x } from '../abi/x.js'\nimport { y } from './y.js'"],
    ['src/datapath/a.ts', "import { openMap } from 'libbpf-ts'\nimport { join } from 'node:path'"],
    ['src/model/a.ts', '// a process.exit here would be wrong\n/* Date.now() too */'],
    ['src/cli/words.ts', "import type { Source } from '../daemon/source.js'"],
    ['test/unit/a.test.ts', "import { x } from '../../src/cli/x.js'"],
  ])('lets pass what is right in %s: %s', (path, text) => {
    expect(faults(path, text)).toBe(0)
  })
})

describe('the check of sizes', () => {
  it.each([
    ['src/model/a.ts', 300],
    ['native/src/a.ts', 300],
    ['src/web/page/a.js', 300],
    ['bpf/a.h', 200],
    ['bpf/xlvs.bpf.c', 150],
  ])('lets %s have %i lines and no more', (path, lines) => {
    expect(sizeFaults({ path, text: 'x\n'.repeat(lines) })).toEqual([])
    expect(sizeFaults({ path, text: 'x\n'.repeat(lines + 1) })).toHaveLength(1)
  })

  it('lets what is generated be long', () => {
    expect(sizeFaults({ path: 'src/abi/generated.ts', text: 'x\n'.repeat(5000) })).toEqual([])
  })

  it('finds steps of 51 lines in bpf/, and not those of 50', () => {
    const step = (lines: number) => `static int f(void)\n{\n${'\tx;\n'.repeat(lines - 3)}}\n`
    expect(stepFaults({ path: 'bpf/a.h', text: step(50) })).toEqual([])
    expect(stepFaults({ path: 'bpf/a.h', text: `\n${step(51)}` })).toEqual([
      'bpf/a.h:2: a function of 51 lines; at most 50',
    ])
  })

  it('finds functions, arrows and methods of 40 lines, and not those of 39', () => {
    const body = (lines: number) => '\n'.repeat(lines - 1)
    const folder = mkdtempSync(join(tmpdir(), `xlvs-house-${process.pid}-`))
    try {
      writeFileSync(join(folder, 'tsconfig.json'), '{"compilerOptions":{"types":[]},"include":["src"]}')
      mkdirSync(join(folder, 'src'))
      const text = `function long() {${body(40)}}\nconst arrow = () => {${body(40)}}\nclass A { m() {${body(40)}} }\nfunction short() {${body(39)}}\n`
      writeFileSync(join(folder, 'src/a.ts'), text)
      const faults = functionFaults(folder, 'tsconfig.json', 'src')
      expect(faults).toHaveLength(3)
      expect(faults[0]).toBe('src/a.ts:1: a function of 40 lines; under 40')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the check of manners', () => {
  const SPDX = '// SPDX-License-Identifier: Apache-2.0\n'
  const faults = (path: string, text: string) => mannerFaults({ path, text }).length
  const at = (...parts: string[]) => ['', ...parts].join('/')

  it.each([
    ['src/a.ts', 'export {}\n'],
    ['bpf/a.h', '/* SPDX-License-Identifier: Apache-2.0 */\n'],
    ['src/a.ts', '// SPDX-License-Identifier: GPL-2.0\n'],
    ['src/cli/utils.ts', SPDX],
    ['src/a.ts', `${SPDX}// ${'TO'}${'DO'}: later\n`],
    ['test/a.test.ts', `${SPDX}it${'.skip'}('x', () => {})\n`],
    ['test/a.test.ts', `${SPDX}describe${'.only'}('x', () => {})\n`],
    ['test/a.test.ts', `${SPDX}it${'.todo'}('x')\n`],
    ['docs/a.md', `see ${at('work', 'main', 'x')}\n`],
    ['README.md', `from ${at('home', 'someone', 'x')}\n`],
  ])('finds what is wrong in %s: %s', (path, text) => {
    expect(faults(path, text)).toBe(1)
  })

  it.each([
    ['src/abi/generated.ts', 'export {}\n'],
    ['bpf/a.h', '/* SPDX-License-Identifier: GPL-2.0 */\n'],
    ['test/a.test.ts', `${SPDX}it('lists todos', () => view.only(1))\n`],
    ['docs/a.md', 'pins live in /sys/fs/bpf/xlvs, the socket in /run/xlvs\n'],
  ])('lets pass what is right in %s: %s', (path, text) => {
    expect(faults(path, text)).toBe(0)
  })
})

describe('the checks of documents', () => {
  const page = (text: string): Source => ({ path: 'docs/page.md', text })
  const files = new Map([
    ['docs/page.md', '# Page'],
    ['docs/other.md', '# The `other` one\n'],
    ['src/cli/main.ts', ''],
  ])

  it('find names without a row', () => {
    const table = '| reason | means |\n| --- | --- |\n| `a`, `b` | only `c` |\n'
    expect(undocumented(page(table), ['a', 'b', 'c'])).toEqual(['docs/page.md: c has no row'])
  })

  it('find rows of names that do not exist', () => {
    expect(invented(page('| `pass_a` | x |\n| `pass_b` | x |\n'), ['pass_a'], /^pass_/)).toEqual([
      'docs/page.md: pass_b does not exist',
    ])
  })

  it('find make targets that do not exist', () => {
    const text =
      'Run `make test`, then\n```sh\nsudo make fly # and make do\n```\nwhich will make everything good.\n'
    expect(unknownTargets(page(text), 'test: ## runs\n')).toEqual([
      'docs/page.md: the Makefile has no target fly',
    ])
  })

  it('find verbs that do not exist', () => {
    const text = 'Use `xlvs show reals`. xlvs knows more:\n```sh\nsudo node bin/xlvs fly\n```\n'
    expect(unknownVerbs(page(text), ['show'])).toEqual(['docs/page.md: xlvs has no verb fly'])
  })

  it('find links to files and headings that are not there', () => {
    const text =
      '[a](other.md#the-other-one) [b](../src/cli) [c](https://example.net) [d](gone.md)\n[e](other.md#no)'
    expect(brokenLinks(page(text), files)).toEqual([
      'docs/page.md:1: gone.md is not there',
      'docs/page.md:2: docs/other.md has no heading #no',
    ])
  })
})
