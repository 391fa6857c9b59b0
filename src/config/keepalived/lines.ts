// SPDX-License-Identifier: Apache-2.0
// The files of a configuration -> its lines as keepalived reads them: comments dropped, `@` conditions judged,
// parameters put in, ~SEQ and ~LST repeated, included files in their place.
import type { Place } from '../../model/types.js'
import { type Parameters, readDefinition, substitute } from './parameters.js'
import type { Remarks } from './remarks.js'
import { readRepetition } from './repeat.js'
import { withoutComment } from './words.js'

export interface SourceFile {
  /** as it is named in messages */
  readonly file: string
  readonly text: string
}

/** What a file can ask of the world around it. */
export interface Surroundings {
  /** what `@word` is compared with; the first part of the host's name in keepalived */
  readonly configId: string
  /** the files that `include PATTERN` in `from` means, in order; a sentence when one cannot be read */
  readonly include: (pattern: string, from: string) => readonly SourceFile[] | string
}

export interface Line {
  readonly text: string
  readonly place: Place
}

const MAX_STEPS = 3_000_000
const MAX_DEPTH = 100

/** One walk over all files; parameters live as long as it does. */
export function readLines(source: SourceFile, around: Surroundings, remarks: Remarks): readonly Line[] {
  const walk: Walk = { around, remarks, parameters: new Map(), lines: [], steps: 0, stopped: false }
  readFile(source, walk, 0)
  return walk.lines
}

interface Walk {
  readonly around: Surroundings
  readonly remarks: Remarks
  readonly parameters: Parameters
  readonly lines: Line[]
  steps: number
  /** it grew without end; nothing more is read */
  stopped: boolean
}

function readFile({ file, text }: SourceFile, walk: Walk, depth: number): void {
  const raw = text.split('\n')
  for (let i = 0; i < raw.length && !walk.stopped; i++) {
    const bare = withoutComment(raw[i] as string)
    const line = bare.trim()
    if (line === '') continue
    const place = { file, line: i + 1, column: bare.length - bare.trimStart().length + 1 }
    const opened = multiline(line, walk.around.configId)
    if (opened === undefined) {
      expand(line, place, walk, depth)
      continue
    }
    const body: string[] = []
    for (let more = true; more && i + 1 < raw.length; ) {
      const next = withoutComment(raw[++i] as string).trim()
      more = next.endsWith('\\')
      body.push((more ? next.slice(0, -1) : next).trim())
    }
    if (opened.meant)
      walk.parameters.set(
        opened.name,
        body.filter((part) => part !== ''),
      )
    walk.remarks.used({ place, endLine: i + 1, words: `$${opened.name}=` })
  }
}

/** `$NAME= \`: the lines below are its value, as long as they end in a backslash. */
function multiline(line: string, configId: string): { name: string; meant: boolean } | undefined {
  const rest = condition(line, configId)
  const match = /^\$([A-Za-z_]\w*)=\s*\\$/.exec(rest ?? line.replace(/^@\S*\s+/, ''))
  return match === null ? undefined : { name: match[1] as string, meant: rest !== undefined }
}

/** The line behind its `@` conditions; undefined when one is not met. */
function condition(line: string, configId: string): string | undefined {
  const match = /^@(\^?)(\S*)\s*(.*)$/s.exec(line)
  if (match === null) return line
  if ((match[2] === configId) === (match[1] === '^')) return undefined
  return condition(match[3] as string, configId)
}

function expand(raw: string, place: Place, walk: Walk, depth: number): void {
  if (walk.stopped) return
  walk.steps++
  const line = condition(raw, walk.around.configId)
  if (depth > MAX_DEPTH) stop('parameters or includes lead into each other', place, walk)
  else if (walk.steps > MAX_STEPS) stop(`it grows past ${MAX_STEPS} lines`, place, walk)
  else if (line === undefined)
    walk.remarks.ignored({ place, words: raw }, 'nothing', `this is not ${conditionOf(raw)}`)
  else if (line !== '') expandOne(line, place, walk, depth)
}

function expandOne(line: string, place: Place, walk: Walk, depth: number): void {
  const definition = readDefinition(line)
  const included = /^(include[rmwba]?)\s+(.+)$/.exec(line)
  if (definition !== undefined) {
    walk.parameters.set(definition.name, [definition.value])
    walk.remarks.used({ place, words: line })
  } else if (included !== null) include(included[1] as string, included[2] as string, place, walk, depth)
  else if (line.startsWith('~')) repeat(line, place, walk, depth)
  else {
    const put = substitute(line, walk.parameters, (name) => own(name, place, walk))
    if (put === undefined) walk.lines.push({ text: line, place })
    else for (const part of put) expand(part.trim(), place, walk, depth + 1)
  }
}

function repeat(line: string, place: Place, walk: Walk, depth: number): void {
  const repetition = readRepetition(line)
  if (repetition === undefined) walk.lines.push({ text: line, place })
  else if (typeof repetition === 'string') {
    const reason = `${line.split('(')[0]} is wrong: ${repetition}`
    walk.remarks.cannot(
      { place, words: line },
      { reason, fix: 'write ~SEQ(N, 1, 4) or ~LST(N, a, b)', objection: true },
    )
  } else {
    for (const round of repetition.rounds) {
      for (const [name, value] of round) walk.parameters.set(name, [value])
      expand(repetition.rest, place, walk, depth + 1)
    }
  }
}

/** Plain `include` and `includer` of nothing is no fault in keepalived. */
function include(word: string, rest: string, place: Place, walk: Walk, depth: number): void {
  const spot = { place, words: `${word} ${rest}` }
  const pattern = rest.trim().replace(/^"(.*)"$/, '$1')
  const files = walk.around.include(pattern, place.file)
  if (typeof files === 'string') {
    walk.remarks.cannot(spot, { reason: files, fix: 'mend the path, or leave the line out' })
    return
  }
  if (files.length > 0) walk.remarks.used(spot)
  else if (/^includer?$/.test(word)) walk.remarks.ignored(spot, 'nothing', 'no file has such a name')
  else
    walk.remarks.cannot(spot, {
      reason: 'no file has such a name',
      fix: 'mend the path, or write include',
      objection: true,
    })
  for (const file of files) readFile(file, walk, depth + 1)
}

/** What keepalived defines itself. ${_RANDOM} would make another configuration of each reading. */
function own(name: string, place: Place, walk: Walk): string | undefined {
  if (name === '_HASH') return '#'
  if (name === '_BANG') return '!'
  if (name === '_INSTANCE') return walk.around.configId
  if (name === '_PWD') return place.file.includes('/') ? place.file.replace(/\/[^/]*$/, '') || '/' : '.'
  if (name !== '_RANDOM') return undefined
  const spot = { place, words: `\${${name}}` }
  walk.remarks.cannot(spot, {
    reason: 'a random number has no place in a configuration that is read again',
    fix: 'write one number',
  })
  return '0'
}

function conditionOf(line: string): string {
  const [, not, word] = /^@(\^?)(\S*)/.exec(line) ?? []
  return not === '^' ? `any but ${word}` : `${word}`
}

function stop(reason: string, place: Place, walk: Walk): void {
  walk.stopped = true
  walk.remarks.cannot({ place, words: '' }, { reason, fix: 'write it with fewer steps' })
}
