// SPDX-License-Identifier: Apache-2.0
// The files that a keepalived.conf is made of: read whole, found by the patterns of its include lines.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { SourceFile } from '../config/keepalived/lines.js'
import { decodeText } from '../config/text.js'
import { fail, formatProblem, succeed } from '../model/describe.js'
import type { Outcome } from '../model/types.js'

export function sourceOf(file: string): Outcome<SourceFile> {
  try {
    const text = decodeText(readFileSync(file), file)
    return text.ok ? succeed({ file, text: text.value }) : text
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${message}`
    return fail({ subject: file, reason })
  }
}

/** What `pattern` means in a line of `from`: relative to its folder, in the order of their names. */
export function includedFiles(pattern: string, from: string): readonly SourceFile[] | string {
  const files: SourceFile[] = []
  for (const path of braces(pattern).flatMap((one) => found(resolve(dirname(from), one)))) {
    const source = sourceOf(path)
    if (!source.ok) return source.problems.map(formatProblem).join(', ')
    files.push(source.value)
  }
  return files
}

/** 'a{b,c}' -> 'ab', 'ac', as a shell does; innermost braces first. */
function braces(pattern: string): readonly string[] {
  const match = /\{([^{}]*,[^{}]*)\}/.exec(pattern)
  if (match === null) return [pattern]
  const [before, after] = [pattern.slice(0, match.index), pattern.slice(match.index + match[0].length)]
  return [...new Set((match[1] as string).split(',').flatMap((part) => braces(before + part + after)))]
}

/** The files whose path matches, folder by folder; * and ? do not find hidden ones. */
function found(pattern: string): readonly string[] {
  const parts = pattern.split('/').filter((part) => part !== '')
  const paths = parts.reduce<readonly string[]>(
    (folders, part) => folders.flatMap((folder) => step(folder, part)),
    ['/'],
  )
  return paths.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
}

function step(folder: string, part: string): readonly string[] {
  if (!/[*?[]/.test(part)) return existsSync(join(folder, part)) ? [join(folder, part)] : []
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return []
  const wanted = expression(part)
  const names = readdirSync(folder).filter(
    (name) => wanted.test(name) && (!name.startsWith('.') || part.startsWith('.')),
  )
  return names.sort().map((name) => join(folder, name))
}

function expression(part: string): RegExp {
  const source = part.replace(/\[(!?)([^\]]+)\]|[\s\S]/g, (piece, not?: string, set?: string) => {
    if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replace(/[\\^]/g, '\\$&')}]`
    if (piece === '*') return '.*'
    return piece === '?' ? '.' : piece.replace(/[.+^${}()|[\]\\]/, '\\$&')
  })
  return new RegExp(`^${source}$`, 's')
}
