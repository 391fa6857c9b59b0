// SPDX-License-Identifier: Apache-2.0
// What `make` built, once more in a folder of its own: an installation that may be changed.
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where the sources are, and what is built from them. */
export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Into a folder that is not there yet. Returns the path of its `bin/xlvs`. */
export function install(home: string): string {
  mkdirSync(home)
  for (const part of ['bin', 'dist', 'package.json'])
    cpSync(join(root, part), join(home, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'))
  return join(home, 'bin/xlvs')
}
