// SPDX-License-Identifier: Apache-2.0
// The text that is to become the daemon's file when it is kept: all that can be refused is refused before the change.
import { realpath, stat } from 'node:fs/promises'
import { fail, succeed } from '../model/describe.js'
import type { Outcome } from '../model/types.js'
import { prepare } from './replace.js'

export interface Prepared {
  commit(): Promise<Outcome<void>>
  drop(): Promise<void>
}

export async function prepareText(path: string, text: string): Promise<Outcome<Prepared>> {
  try {
    // a link goes on leading there
    const file = await realpath(path)
    const waiting = await prepare(file, text, (await stat(file)).mode & 0o777)
    const commit = () => waiting.commit().then(() => succeed(undefined), refused(path))
    return succeed({ commit, drop: () => waiting.drop().catch(() => undefined) })
  } catch (error) {
    return refused(path)(error as Error)
  }
}

function refused(path: string) {
  return ({ message }: Error): Outcome<never> =>
    fail({ subject: path, reason: `it could not be written: ${message}`, fix: 'apply without --write' })
}
