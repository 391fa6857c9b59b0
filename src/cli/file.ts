// SPDX-License-Identifier: Apache-2.0
// A configuration from the disk, judged before anybody else hears of it.
import { readFile } from 'node:fs/promises'
import { fail, succeed } from '../model/describe.js'
import type { Desired, Outcome } from '../model/types.js'

export interface ConfigFile {
  readonly text: string
  readonly desired: Desired
}

export async function readConfig(file: string): Promise<Outcome<ConfigFile>> {
  const [{ parseYaml }, { decodeText }] = await Promise.all([
    import('../config/yaml.js'),
    import('../config/text.js'),
  ])
  const text = await bytesOf(file)
  const decoded = text.ok ? decodeText(text.value, file) : text
  if (!decoded.ok) return decoded
  const desired = parseYaml(decoded.value, file)
  return desired.ok ? succeed({ text: decoded.value, desired: desired.value }) : desired
}

async function bytesOf(file: string): Promise<Outcome<Uint8Array>> {
  try {
    return succeed(await readFile(file))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${message}`
    return fail({ subject: file, reason })
  }
}
