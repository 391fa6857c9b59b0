// SPDX-License-Identifier: Apache-2.0
// The real xlvsadm beside the director's daemon, as an operator types it.
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Director, Result, Topology } from './index.js'

const PROGRAM = fileURLToPath(new URL('../../bin/xlvsadm', import.meta.url))

/** ms; figures that the daemon answers may be as old as 100 ms */
export const SETTLED = 120

/**
 * Words parted by blanks, and what is fed to it; throws what it said unless its status is 0. Returns its stdout; no
 * figure of a listing is older than the question.
 */
export type Xlvsadm = (words: string, input?: string) => Promise<string>

export function xlvsadmOf({ lab, director: host }: Topology, { env }: Director): Xlvsadm {
  return async (words, input) => {
    if (words.startsWith('-L')) await sleep(SETTLED)
    const argv = [process.execPath, PROGRAM, ...words.split(' ')]
    const options = { env, ...(input !== undefined && { input }) }
    const said: Result = await lab.run(host.namespace, argv, options)
    if (said.code !== 0 || said.stderr !== '')
      throw new Error(`xlvsadm ${words}: status ${said.code}: ${said.stderr}${said.stdout}`)
    return said.stdout
  }
}
