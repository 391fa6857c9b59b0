// SPDX-License-Identifier: Apache-2.0
// What a run comes to, in words: where and when it was, what was going on, what was lost; and its table in Markdown.
import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, release } from 'node:os'
import { brokenIn, heldBackIn, lostIn } from './judge.js'
import type { Row } from './run.js'
import type { Size } from './size.js'
import { grouped, markdownTable } from './table.js'
import type { Window } from './window.js'

export interface About {
  readonly size: Size
  readonly seed: number
  readonly commit: string
  /** of the whole run */
  readonly seconds: number
}

export function report(rows: readonly Row[], about: About): { summary: string; markdown: string } {
  const [where, traffic] = [whereText(about), trafficText(about.size)]
  const add = (some: readonly Row[], of: (window: Window) => number) =>
    some.reduce((all, { window }) => all + of(window), 0)
  const own = add(
    rows.filter(({ fails }) => fails !== undefined),
    lostIn,
  )
  const held = add(
    rows.filter(({ holds }) => holds),
    heldBackIn,
  )
  const during = sumText(
    'During the events',
    rows.map(({ window }) => window),
    { own, held },
  )
  const beside = sumText(
    'In the quiet windows beside them',
    rows.map(({ quiet }) => quiet),
  )
  return {
    summary: `${[where, traffic, during, beside].join('\n')}\n`,
    markdown: `${where} ${traffic}\n\n${markdownTable(rows)}\n\n${during} ${beside}\n`,
  }
}

function whereText({ seed, seconds, commit }: About): string {
  const machine = `Linux ${release()}, ${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'CPU'}`
  const day = new Date().toISOString().slice(0, 10)
  return `${day}, ${machine}, commit ${commit}, seed ${seed}, ${Math.round(seconds)} s.`
}

function trafficText({ kept, downloads, short, streams }: Size): string {
  const held = `${grouped(kept + downloads)} connections held: ${grouped(kept)} kept ones, ${grouped(downloads)} downloads`
  return `${held}; ${short} short requests a second; ${streams} streams of 100 datagrams a second.`
}

const NONE = { own: 0, held: 0 }

interface Excused {
  /** lost by the real server that was to fail, and not by the director */
  readonly own: number
  /** held back by the director while flows went into another table, and sent again */
  readonly held: number
}

function sumText(when: string, windows: readonly Window[], { own, held }: Excused = NONE): string {
  const sum = (of: (window: Window) => number) =>
    grouped(windows.reduce((all, window) => all + of(window), 0))
  const lost = windows.reduce((all, one) => all + lostIn(one), -own - held)
  const excused = [
    ...(own === 0 ? [] : [` and ${grouped(own)} of the real server that failed`]),
    ...(held === 0 ? [] : [`, ${grouped(held)} held back while connections were translated`]),
  ].join('')
  const packets = `${sum(({ books }) => books.sent)} packets, ${grouped(lost)} lost${excused}, ${sum(({ books }) => books.wire)} dropped by full queues of the virtual wire`
  return `${when}: ${packets}; ${sum(({ books }) => books.again)} segments sent again; ${sum(brokenIn)} connections broken; ${sum(({ requests }) => requests)} requests, ${sum(({ failed }) => failed)} failed.`
}

/** Of the working directory, with `-dirty` where it differs. */
export function currentCommit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}
