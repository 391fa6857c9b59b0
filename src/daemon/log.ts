// SPDX-License-Identifier: Apache-2.0
// The daemon's log: one line for each change of state, as a sentence, as key=value or as JSON, and with the priority that
// journald reads where journald listens.
import { fstatSync } from 'node:fs'
import type { EventRow } from '../api/contract-sight.js'
import type { LogFormat } from '../model/events.js'

export interface Logger {
  /** something to say that is no change of state */
  line(text: string): void
  event(event: EventRow): void
  /** the file's word; what the command line said stays. Undefined: text */
  use(format: LogFormat | undefined): void
}

export interface LoggerOptions {
  readonly write: (text: string) => void
  /** of the command line */
  readonly format?: LogFormat | undefined
  /** journald reads it, and wants priorities */
  readonly journal: boolean
  /** ms since the epoch */
  readonly now: () => number
}

type Severity = EventRow['severity']

/** As sd-daemon(3) and syslog(3) number them. */
const PRIORITIES: Readonly<Record<Severity, number>> = { error: 3, warning: 4, notice: 5, info: 6 }

export function createLogger({ write, format: fixed, journal, now }: LoggerOptions): Logger {
  let format: LogFormat = fixed ?? 'text'
  const put = (severity: Severity, text: string) => {
    const priority = journal ? `<${PRIORITIES[severity]}>` : ''
    for (const line of text.split('\n')) write(`${priority}${line}\n`)
  }
  return {
    line: (text) => put('notice', messageText(text, format, now())),
    event: (event) => {
      const text = eventText(event, format)
      if (text !== undefined) put(event.severity, text)
    },
    use: (wish) => {
      format = fixed ?? wish ?? 'text'
    },
  }
}

/** As a sentence, a start and an end are no lines: the greeting and the farewell say them. */
export function eventText(event: EventRow, format: LogFormat): string | undefined {
  const { at, id, kind, severity, text, ...rest } = event
  const name = eventName(event)
  if (format === 'json') return JSON.stringify({ at: moment(at), id, event: name, severity, ...rest, text })
  if (format === 'keyvalue') return pairs({ event: name, ...rest, severity, id: String(id) })
  return kind === 'daemon' ? undefined : text
}

/** 'real-down', 'reload-refused'; 'weight-changed' where the new state is no word. */
export function eventName({ kind, to }: Pick<EventRow, 'kind' | 'to'>): string {
  const word = to?.toLowerCase() ?? ''
  return /^[a-z]+(?:-[a-z]+)*$/.test(word) ? `${kind}-${word}` : `${kind}-changed`
}

/** Whether journald holds the other end of a stream, as systemd tells it: 'device:inode' of that stream. */
export function isJournal(env: { readonly JOURNAL_STREAM?: string | undefined }, fd: number): boolean {
  if (!env.JOURNAL_STREAM) return false
  try {
    const { dev, ino } = fstatSync(fd)
    return env.JOURNAL_STREAM === `${dev}:${ino}`
  } catch {
    return false
  }
}

/** One line in all formats but text, whatever it says. */
function messageText(text: string, format: LogFormat, now: number): string {
  if (format === 'json')
    return JSON.stringify({ at: moment(now), event: 'message', severity: 'notice', text })
  return format === 'keyvalue' ? pairs({ event: 'message', text }) : text
}

function moment(ms: number): string {
  return new Date(ms).toISOString()
}

function pairs(values: Readonly<Record<string, string | undefined>>): string {
  const said = Object.entries(values).filter(([, value]) => value !== undefined)
  return said.map(([key, value]) => `${key}=${word(value ?? '')}`).join(' ')
}

/** Quoted as JSON does where a bare word would not be one. */
function word(value: string): string {
  return /^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value)
}
