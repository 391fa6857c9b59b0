// SPDX-License-Identifier: Apache-2.0
// Documents agree with the code: every reason, metric, command and link that they must name or do name exists.
import { posix } from 'node:path'
import { type Fault, lineAt, type Source } from './source.js'

/** A table row for each name, the name in backquotes in its first cell. */
export function undocumented(document: Source, names: Iterable<string>): readonly Fault[] {
  const rows = rowNames(document.text)
  return [...names].filter((name) => !rows.has(name)).map((name) => `${document.path}: ${name} has no row`)
}

/** Rows of a document that name what the code does not have; `like` tells rows of that kind. */
export function invented(document: Source, names: Iterable<string>, like: RegExp): readonly Fault[] {
  const known = new Set(names)
  return [...rowNames(document.text)]
    .filter((name) => like.test(name) && !known.has(name))
    .map((name) => `${document.path}: ${name} does not exist`)
}

function rowNames(text: string): ReadonlySet<string> {
  const cells = [...text.matchAll(/^\|([^|\n]*)\|/gm)].map((match) => match[1] as string)
  return new Set(cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string)))
}

/** Every `make TARGET` of a document is a target of the Makefile. */
export function unknownTargets(document: Source, makefile: string): readonly Fault[] {
  const targets = new Set([...makefile.matchAll(/^([a-z][a-z-]*):/gm)].map((match) => match[1]))
  return [...code(document.text).matchAll(/(?:^\s*(?:\$ )?|`|sudo |&& )make ([a-z][a-z-]*)/gm)]
    .filter((match) => !targets.has(match[1]))
    .map((match) => `${document.path}: the Makefile has no target ${match[1]}`)
}

/** Every `xlvs VERB` in a document's code is a verb. */
export function unknownVerbs(document: Source, verbs: readonly string[]): readonly Fault[] {
  return [...code(document.text).matchAll(/(?:^|[`\s/])xlvs ([a-z]+)\b/gm)]
    .filter((match) => !verbs.includes(match[1] as string))
    .map((match) => `${document.path}: xlvs has no verb ${match[1]}`)
}

/** Links to files and headings; `texts` are all tracked files. */
export function brokenLinks(document: Source, texts: ReadonlyMap<string, string>): readonly Fault[] {
  const prose = document.text.replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ' '))
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap((match) => {
    const [path = '', heading] = (match[1] as string).split('#')
    if (/^[a-z]+:/.test(path)) return []
    const target = path === '' ? document.path : posix.join(posix.dirname(document.path), path)
    const at = `${document.path}:${lineAt(prose, match.index)}:`
    const isFolder = [...texts.keys()].some((name) => name.startsWith(`${target.replace(/\/$/, '')}/`))
    if (!texts.has(target) && !isFolder) return [`${at} ${match[1]} is not there`]
    if (heading === undefined || headings(texts.get(target) ?? '').has(heading)) return []
    return [`${at} ${target} has no heading #${heading}`]
  })
}

/** As GitHub makes them from headings. */
function headings(text: string): ReadonlySet<string> {
  const titles = [...text.matchAll(/^#+ (.*)$/gm)].map((match) => match[1] as string)
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  )
}

/** Blocks and spans of code; everything else is blank. */
function code(text: string): string {
  const blocks = [...text.matchAll(/^```[\s\S]*?^```|^ {4}.*$|`[^`\n]+`/gm)].map((match) => match[0])
  return blocks.join('\n')
}
