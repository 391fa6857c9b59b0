// SPDX-License-Identifier: Apache-2.0
// The files of the page, as they lie in page/ beside this file: read once, and served under their names only.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'

export interface Asset {
  readonly type: string
  readonly bytes: Buffer
  /** changes with the content */
  readonly tag: string
}

/** By path: '/', '/main.js'. Empty where the page was not installed. */
export type Assets = ReadonlyMap<string, Asset>

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}
const FOLDER = join(import.meta.dirname, 'page')

export async function readAssets(folder = FOLDER): Promise<Assets> {
  const names = await readdir(folder).catch(() => [])
  const served = names.filter((name) => TYPES[extname(name)] !== undefined)
  const entries = served.map(async (name) => {
    const bytes = await readFile(join(folder, name))
    const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
    const path = name === 'index.html' ? '/' : `/${name}`
    return [path, { type: TYPES[extname(name)] as string, bytes, tag }] as const
  })
  return new Map(await Promise.all(entries))
}
