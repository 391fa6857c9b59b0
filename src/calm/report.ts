// SPDX-License-Identifier: Apache-2.0
// What a run comes to, in words: where and when it was, and its table in Markdown.
import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, release } from 'node:os'
import { brokenIn, lostIn } from './judge.js'
import type { Row } from './run.js'
import type { Size } from './size.js'
import { markdownTable } from './table.js'

export interface About {
  readonly size: Size
  readonly seed: number
  /** of the whole run */
  readonly seconds: number
}

export function report(rows: readonly Row[], about: About): { summary: string; markdown: string } {
  const { size, seed } = about
  const machine = `Linux ${release()}, ${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'CPU'}`
  const traffic = `${size.kept} kept connections, ${size.downloads} downloads, ${size.short} short requests a second, ${size.streams} streams of datagrams`
  const quiet = rows.map((row) => row.quiet)
  const total = (of: (row: Row) => number) => rows.reduce((sum, row) => sum + of(row), 0)
  const still = `In the quiet windows: ${total((row) => row.quiet.books.sent)} packets, ${quiet.reduce((sum, one) => sum + lostIn(one), 0)} lost, ${total((row) => row.quiet.books.wire)} dropped by a full queue of the virtual wire, ${quiet.reduce((sum, one) => sum + brokenIn(one), 0)} connections broken, ${total((row) => row.quiet.books.again)} segments sent again.`
  const during = `During the events: ${total((row) => row.window.books.sent)} packets, ${total((row) => row.window.books.again)} segments sent again.`
  const where = `${new Date().toISOString().slice(0, 10)}, ${machine}, commit ${commit()}, seed ${seed}, ${Math.round(about.seconds)} s.`
  const lines = [where, traffic, during, still]
  return {
    summary: `${lines.join('\n')}\n`,
    markdown: `${where} ${traffic}.\n\n${markdownTable(rows)}\n\n${during}\n${still}\n`,
  }
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}
