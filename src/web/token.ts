// SPDX-License-Identifier: Apache-2.0
// The secret that opens a few changes: read from a file that not everybody may read, compared in constant time.
import { createHash, timingSafeEqual } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { fail, succeed } from '../model/describe.js'
import type { Outcome } from '../model/types.js'

export interface Token {
  /** of an Authorization header: 'Bearer …' */
  allows(authorization: string | undefined): boolean
}

const SUBJECT = 'console.token-file'
const LEAST = 16
const MOST = 4096
const MAKE = (path: string) => `make one: (umask 077; openssl rand -hex 32 >${path})`

export async function readToken(path: string): Promise<Outcome<Token>> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    return await tokenIn(file, path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? `there is no ${path}` : `${path} cannot be read: ${message}`
    return fail({ subject: SUBJECT, reason, fix: MAKE(path) })
  } finally {
    await file?.close()
  }
}

async function tokenIn(file: FileHandle, path: string): Promise<Outcome<Token>> {
  const found = await file.stat()
  if (!found.isFile())
    return fail({ subject: SUBJECT, reason: `${path} is not a regular file`, fix: MAKE(path) })
  if ((found.mode & 0o007) !== 0) {
    const mode = (found.mode & 0o777).toString(8)
    const reason = `${path} is open to everybody on this host (mode ${mode})`
    return fail({ subject: SUBJECT, reason, fix: `chmod 600 ${path}` })
  }
  if (found.size > MOST)
    return fail({ subject: SUBJECT, reason: `${path} is larger than ${MOST} bytes`, fix: MAKE(path) })
  const secret = (await file.readFile('utf8')).trim()
  if (secret.length >= LEAST && /^[\x21-\x7e]+$/.test(secret)) return succeed(tokenOf(secret))
  const reason = `what ${path} holds is not ${LEAST} or more printable characters without spaces`
  return fail({ subject: SUBJECT, reason, fix: MAKE(path) })
}

/** Digests have one length, whatever was sent: the time of comparing them tells nothing. */
export function tokenOf(secret: string): Token {
  const want = digest(secret)
  return {
    allows: (authorization) => {
      const sent = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
      const same = timingSafeEqual(digest(sent ?? ''), want)
      return sent !== undefined && same
    },
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
