// SPDX-License-Identifier: Apache-2.0
// YAML text -> one document of nodes that know their offsets, or what is wrong with it as YAML. Bounded: a file
// that would fill the memory is refused while it is read.
import { Composer, type Document, Lexer, LineCounter, Parser, type YAMLError } from 'yaml'
import { harmless, succeed } from '../model/describe.js'
import type { Outcome, Place, Problem } from '../model/types.js'

export const MAX_BYTES = 64 * 1024 * 1024
/** Words, marks and spaces of a file; 65,535 services with four real servers each need about five million. */
const MAX_LEXEMES = 8_000_000

export interface Source {
  readonly document: Document.Parsed
  readonly placeAt: (offset: number) => Place
}

type Slip = { readonly says: string; readonly fix: string }

const TOO_DEEP: Slip = { says: 'the file nests too deeply', fix: 'write plain maps and lists' }
const SLIPS: Readonly<Record<string, Slip>> = {
  TAB_AS_INDENT: { says: 'a tab cannot indent', fix: 'use spaces' },
  BAD_INDENT: {
    says: 'indentation does not fit',
    fix: 'start the keys of a map, and the dashes of a list, in one column',
  },
  MISSING_CHAR: {
    says: 'something is missing',
    fix: 'close every quote, bracket and brace, and write "key: value"',
  },
  BAD_ALIAS: { says: 'an alias needs a name', fix: 'put text that starts with * in quotes' },
  BAD_SCALAR_START: { says: 'text cannot start with this character', fix: 'put the text in quotes' },
  BAD_DQ_ESCAPE: { says: 'this escape means nothing', fix: "use '…' quotes, or double the backslash" },
  MULTIPLE_DOCS: { says: 'there is more than one document', fix: 'keep one, without ---' },
  BAD_DIRECTIVE: { says: 'directives have no meaning here', fix: 'leave the % line out' },
  RESOURCE_EXHAUSTION: TOO_DEEP,
  TAG_RESOLVE_FAILED: { says: 'tags have no meaning here', fix: 'leave the !tag out' },
}
const OTHER_SLIP: Slip = { says: 'this is not YAML', fix: 'put text with special characters in quotes' }
const QUOTE_ENDPOINT: Slip = {
  says: '[ starts a list',
  fix: 'put the endpoint in quotes: "[2001:db8::1]:80"',
}

export function readDocument(text: string, file: string): Outcome<Source> {
  const lines = new LineCounter()
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(Math.max(0, Math.min(offset, text.length)))
    return { file, line: Math.max(1, line), column: Math.max(1, col) }
  }
  if (text.length > MAX_BYTES) {
    const reason = `the file has ${text.length} characters, more than ${MAX_BYTES}`
    return refuse({ file, line: 1, column: 1 }, reason, 'give a configuration of xlvs, not data')
  }
  const nul = text.indexOf('\0')
  if (nul >= 0) return refuse(placeIn(text, nul, file), 'the file holds a NUL byte', 'save it as plain text')
  try {
    const documents = compose(text, lines)
    if (documents === undefined) {
      return refuse(
        { file, line: 1, column: 1 },
        `the file has more than ${MAX_LEXEMES} words and marks`,
        'make it smaller',
      )
    }
    const [document] = documents
    const errors = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])
    if (document !== undefined && errors.length === 0) return succeed({ document, placeAt })
    return { ok: false, problems: syntaxProblems(errors, text, placeAt) }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return refuse({ file, line: 1, column: 1 }, TOO_DEEP.says, TOO_DEEP.fix)
  }
}

/** Where an offset stands when the text could not be read as YAML. */
export function placeIn(text: string, offset: number, file: string): Place {
  const before = text.slice(0, offset)
  const start = before.lastIndexOf('\n') + 1
  return { file, line: before.split('\n').length, column: offset - start + 1 }
}

function compose(text: string, lines: LineCounter): Document.Parsed[] | undefined {
  lines.addNewLine(0)
  const lexer = new Lexer()
  const parser = new Parser(lines.addNewLine)
  const tokens = []
  let lexemes = 0
  for (const lexeme of lexer.lex(text)) {
    if (++lexemes > MAX_LEXEMES) return undefined
    for (const token of parser.next(lexeme)) tokens.push(token)
  }
  for (const token of parser.end()) tokens.push(token)
  const composer = new Composer({
    schema: 'core',
    version: '1.2',
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
  })
  const documents = [...composer.compose(tokens, true, text.length)] as Document.Parsed[]
  const second = documents[1]
  second?.errors.unshift({
    code: 'MULTIPLE_DOCS',
    message: '',
    pos: [second.range[0], second.range[0]],
  } as YAMLError)
  return documents.slice(0, 2)
}

/** The first of each line: what follows on the line is mostly an echo of it. */
function syntaxProblems(errors: readonly YAMLError[], text: string, placeAt: Source['placeAt']): Problem[] {
  const byLine = new Map<number, Problem>()
  for (const error of errors) {
    const place = placeAt(error.pos[0])
    if (!byLine.has(place.line))
      byLine.set(place.line, { place, ...describe(error, lineAt(text, error.pos[0])) })
  }
  return [...byLine.values()]
}

function describe({ code, message }: YAMLError, line: string): { reason: string; fix: string } {
  const endpoint = /(?:^|[\s,[{])\[[0-9a-fA-F:.]+\]:[0-9]/.test(line)
  const slip = endpoint ? QUOTE_ENDPOINT : (SLIPS[code] ?? OTHER_SLIP)
  const detail =
    endpoint || slip === TOO_DEEP || message === ''
      ? ''
      : ` (${harmless(message.split('\n')[0] ?? '').slice(0, 120)})`
  return { reason: `${slip.says}${detail}`, fix: slip.fix }
}

function lineAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1
  const end = text.indexOf('\n', start)
  return text.slice(start, Math.min(end < 0 ? text.length : end, start + 1_000))
}

function refuse<T>(place: Place, reason: string, fix: string): Outcome<T> {
  return { ok: false, problems: [{ place, reason, fix }] }
}
