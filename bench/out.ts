// SPDX-License-Identifier: Apache-2.0
// Where figures go, looked at before anything is measured: nobody waits for minutes to read that it was a folder.
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** @throws Error with the sentence for who typed `--out` */
export function checkFile(out: string): void {
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory())
    throw new Error(`--out ${out}: a folder; name a file, as ${join(out, 'figures.json')}`)
}

/** Its folder is made when it is not there. */
export function writeFile(out: string, text: string): void {
  mkdirSync(dirname(out), { recursive: true })
  writeFileSync(out, text)
}
