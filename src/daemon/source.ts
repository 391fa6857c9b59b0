// SPDX-License-Identifier: Apache-2.0
// Where the base comes from: a file that can be read again, or the words of a command line.
import { readFile } from 'node:fs/promises'
import { parseYaml, parseYamlBytes } from '../config/yaml.js'
import { fail, succeed } from '../model/describe.js'
import type { Desired, Limits, Outcome, Service } from '../model/types.js'

export type Source =
  | {
      readonly kind: 'file'
      readonly path: string
      /** what makes it Desired, whenever it is read; absent = YAML */
      readonly read?: (path: string) => Promise<Outcome<Desired>> | Outcome<Desired>
    }
  /** `services` are as if added at run time: nobody could edit a file to change them */
  | { readonly kind: 'words'; readonly base: Desired; readonly services: readonly Service[] }

/** Who was started without a file has nothing to read again. */
export const NO_FILE: Outcome<never> = fail({
  reason: 'this daemon was started without a file',
  fix: 'use add, set and remove instead',
})

/** `text`: in place of what the file says. */
export async function readSource(source: Source, text?: string): Promise<Outcome<Desired>> {
  if (source.kind === 'words') return succeed(source.base)
  if (text !== undefined) return parseYaml(text, source.path)
  if (source.read) return source.read(source.path)
  try {
    return parseYamlBytes(await readFile(source.path), source.path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${message}`
    return fail({ subject: source.path, reason, fix: 'name the configuration with: xlvs run -c FILE' })
  }
}

/** Both were read by the same reader: equal text is equal content. */
export function saysTheSame(a: Outcome<Desired>, b: Outcome<Desired>): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** Sizes the file asks for that the maps in use do not have: they were made by an earlier start. */
export function limitNotices(wished: Limits, inForce: Limits): readonly string[] {
  return (Object.keys(wished) as (keyof Limits)[])
    .filter((key) => wished[key] > inForce[key])
    .map(
      (key) =>
        `limits.${key} ${wished[key]} is not in force: the maps were made for ${inForce[key]}; ` +
        'for new maps stop the daemon, then: xlvs detach --all, and start it again',
    )
}
