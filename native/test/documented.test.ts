// SPDX-License-Identifier: Apache-2.0
// Walks the declarations as they are shipped: what the package exports is documented, and every call says which
// kernel it needs and how it fails.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const dist = join(import.meta.dirname, '..', 'dist')

interface Declaration {
  readonly name: string
  readonly doc: string
  /** It can be called. */
  readonly call: boolean
}

/** The names a module hands on, with the module each comes from; `*` for all of them. */
function exportsOf(file: string): [string, string][] {
  const text = readFileSync(join(dist, file), 'utf8')
  const all = [...text.matchAll(/^export \* from '\.\/(.+)\.js';$/gm)].map(([, from]) => [
    '*',
    `${from}.d.ts`,
  ])
  const some = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from '\.\/(.+)\.js';$/gm)].flatMap(
    ([, names = '', from]) =>
      names.split(',').map((name) => [name.trim().replace(/^type /, ''), `${from}.d.ts`]),
  )
  return [...all, ...some] as [string, string][]
}

/** Every declaration that can be reached from `file`, members of classes, interfaces and objects included. */
function reachable(file: string, only = '*'): Declaration[] {
  const own = declarationsIn(file).filter(
    ({ name }) => only === '*' || name === only || name.startsWith(`${only}.`),
  )
  const handedOn = exportsOf(file)
    .filter(([name]) => name === '*' || only === '*' || name === only)
    .flatMap(([name, from]) => {
      const path = join(file, '..', from)
      return reachable(path, name === '*' ? only : name)
    })
  return [...own, ...handedOn]
}

/** tsc writes one declaration a line, members indented by four, its comment above. */
function declarationsIn(file: string): Declaration[] {
  const found: Declaration[] = []
  let doc = ''
  let inDoc = false
  let owner: string | undefined
  for (const line of readFileSync(join(dist, file), 'utf8').split('\n')) {
    if (!inDoc && /^\s*\/\*\*/.test(line)) [inDoc, doc] = [true, '']
    if (inDoc) {
      doc += `${line}\n`
      inDoc = !line.includes('*/')
      continue
    }
    const top = /^export (?:declare )?(?:abstract )?(function|class|interface|type|const) (\w+)/.exec(line)
    const member =
      owner === undefined
        ? null
        : /^ {4}(?:readonly |get |static |abstract |protected )*(\w+|\[Symbol\.\w+\])(\??:|<|\()/.exec(line)
    if (top !== null) {
      const [, kind = '', name = ''] = top
      found.push({ name, doc, call: kind === 'function' })
      owner = kind !== 'function' && line.trimEnd().endsWith('{') ? name : undefined
    } else if (member !== null && owner !== undefined) {
      const call = member[2] !== ':' && member[2] !== '?:' && !/^ {4}get /.test(line)
      const value = /^ {4}readonly \w+: \(.*=>/.test(line)
      found.push({ name: `${owner}.${member[1]}`, doc, call: call || value })
    }
    if (/^[^ ].*\{$/.test(line) && top === null) owner = undefined
    if (line.startsWith('}')) owner = undefined
    doc = ''
  }
  return found
}

const everything = reachable('index.d.ts').filter(({ doc }) => !doc.includes('@internal'))
const calls = everything.filter(
  ({ name, call }) => call && !name.includes('[Symbol.') && !name.endsWith('.constructor'),
)

const listed = (declarations: readonly Declaration[]) => declarations.map(({ name }) => name).join(' ')

test('the walk sees the package', () => {
  const names = everything.map(({ name }) => name)
  for (const name of [
    'openObject',
    'BpfMap.lookup',
    'MapSpec.keySize',
    'RouteSocket.setNeighbour',
    'features.xdpLink',
    'PerfBuffer.lost',
    'RouteNexthop.weight',
    'u32',
    'jiffyNs',
    'generateTypes',
  ]) {
    expect(names).toContain(name)
  }
  expect(calls.length).toBeGreaterThan(80)
})

describe('what the package exports', () => {
  test('is documented, member by member', () => {
    expect(listed(everything.filter(({ doc }) => doc === ''))).toBe('')
  })

  test('says, where it can be called, which kernel it needs', () => {
    const silent = calls.filter(({ doc }) => !/@kernel (none|any|that of |\d+\.\d+)/.test(doc))
    expect(listed(silent)).toBe('')
  })

  test('says how a call that asks the kernel fails', () => {
    const asking = calls.filter(({ doc }) => !doc.includes('@kernel none'))
    const silent = asking.filter(({ name, doc }) => !doc.includes('@throws') && !name.endsWith('.close'))
    expect(listed(silent)).toBe('')
  })
})
