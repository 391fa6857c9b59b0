// SPDX-License-Identifier: Apache-2.0
// Both are asked about one text: `keepalived -t` as a program, xlvs as a function.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Reading, readKeepalived } from '../../../src/config/keepalived/read.js'

export interface Answer {
  /** keepalived found no fault */
  readonly taken: boolean
  /** what it said, the name of the file taken out */
  readonly said: readonly string[]
}

export const PATH = `${process.env['PATH']}:/usr/sbin:/sbin`

export function askKeepalived(text: string): Answer {
  const folder = mkdtempSync(join(tmpdir(), `xlvs-keepalived-${process.pid}-`))
  try {
    const file = join(folder, 'keepalived.conf')
    writeFileSync(file, text)
    const { status, signal, error, stderr, stdout } = spawnSync(
      'keepalived',
      ['-t', '-f', file, '-i', 'somebody'],
      {
        encoding: 'latin1',
        timeout: 20_000,
        env: { ...process.env, PATH },
      },
    )
    if (error !== undefined) throw error
    const said = `${stderr}${stdout}`.split('\n').filter((line) => line !== '')
    return {
      taken: status === 0 && signal === null,
      said: said.map((line) => line.replaceAll(`${file}: `, '')),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export function askXlvs(text: string): Reading {
  return readKeepalived({ file: 'keepalived.conf', text }, { configId: 'somebody', include: () => [] })
}
