// SPDX-License-Identifier: Apache-2.0
// What no file has: a missing licence line, a drawer for everything, work left for later, tests that do not run,
// paths of the place where it was written.
import { type Fault, lineAt, type Source } from './source.js'

const SOURCE = /\.(?:ts|js|mjs|c|h|cpp)$|^(?:bin|scripts|\.ci)\/[^.]+$|(?:^|\/)Makefile$/
const DRAWER = /(?:^|\/)(?:utils?|helpers?|misc|common)\.[a-z]+$/
const TEST = /\.test\.ts$/
/** Spelt so that this file does not contain what it looks for. */
const LATER = /\b(?:TO[D]O|FIX[M]E|X[X]X)\b/g
const NOT_RUN =
  /\b(?:it|test|describe|suite|bench)(?:\.\w+)*\.(?:skip|only|todo|skipIf|runIf|fails)\b|\bctx\.skip\(|\b[xf](?:it|describe)\(/g
const WORKPLACE = /(?<![\w.])\/(?:work\/(?:main|shared|\.library)|tmp\/contract|home\/[a-z]+\/|root\/)/g

export function mannerFaults(source: Source): readonly Fault[] {
  return [
    ...licence(source),
    ...(DRAWER.test(source.path) ? [`${source.path}: a drawer for everything; name what is in it`] : []),
    ...found(source, LATER, 'is work left for later'),
    ...(TEST.test(source.path) ? found(source, NOT_RUN, 'keeps a test from running') : []),
    ...found(source, WORKPLACE, 'is a path of one machine'),
  ]
}

function licence({ path, text }: Source): readonly Fault[] {
  if (!SOURCE.test(path) || path.endsWith('generated.ts')) return []
  const said = /SPDX-License-Identifier: (\S+)/.exec(text.split('\n', 3).join('\n'))?.[1]
  const kernel = /^(?:bpf|bench\/bpf|native\/(?:test\/bpf|examples)|test\/.*)\/.*\.[ch]$/.test(path)
  if (said === undefined) return [`${path}: its first lines have no SPDX-License-Identifier`]
  if (path.startsWith('bpf/') && said !== 'GPL-2.0') return [`${path}: bpf/ is GPL-2.0, not ${said}`]
  return kernel || said === 'Apache-2.0'
    ? []
    : [`${path}: everything but BPF programs is Apache-2.0, not ${said}`]
}

function found({ path, text }: Source, pattern: RegExp, what: string): readonly Fault[] {
  return [...text.matchAll(pattern)].map(
    (match) => `${path}:${lineAt(text, match.index)}: ${match[0]} ${what}`,
  )
}
