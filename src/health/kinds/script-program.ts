// SPDX-License-Identifier: Apache-2.0
// Which program may run as whom: as keepalived's enable_script_security has it, no part of its path may be writable by
// anybody but root; for programs that do not run as root also by whom they run as.
import { lstatSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ScriptCheck } from '../../model/checks.js'
import { quote } from '../../model/describe.js'
import { Failure } from './failure.js'

export interface Account {
  readonly uid: number
  readonly gid: number
}

/** `user`'s own group unless one is named; numbers are taken as they are. */
export function accountOf({ user = 'nobody', group }: ScriptCheck): Account {
  const fields = entry('/etc/passwd', user)
  const number = /^[0-9]{1,10}$/.test(user) ? Number(user) : undefined
  const uid = fields === undefined ? number : Number(fields[2])
  if (uid === undefined) throw new Failure('cannot-check', `there is no user ${quote(user)} in /etc/passwd`)
  const gid = group === undefined ? Number(fields?.[3] ?? Number.NaN) : groupOf(group)
  if (Number.isNaN(gid))
    throw new Failure('cannot-check', `user ${user} has no entry in /etc/passwd: name its group`)
  return { uid, gid }
}

function groupOf(group: string): number {
  const fields = entry('/etc/group', group)
  if (fields !== undefined) return Number(fields[2])
  if (/^[0-9]{1,10}$/.test(group)) return Number(group)
  throw new Failure('cannot-check', `there is no group ${quote(group)} in /etc/group`)
}

/** By name or by number. */
function entry(file: string, name: string): readonly string[] | undefined {
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  return rows.find((row) => row[0] === name) ?? rows.find((row) => row[2] === name)
}

/** Throws unless nobody could put another program in its place. */
export function assertOnlyTrustedWrite(program: string, { uid }: Account): void {
  if (!program.startsWith('/'))
    throw new Failure(
      'cannot-check',
      `${quote(program)} is no whole path: write where the program is, from / on`,
    )
  for (const path of new Set([program, real(program)])) {
    for (let part = path; ; part = dirname(part)) {
      const fault = writableBy(part, uid)
      if (fault !== undefined) throw new Failure('cannot-check', unsafe(program, part, fault, uid))
      if (part === '/') break
    }
  }
  const found = statSync(program)
  if (!found.isFile()) throw new Failure('cannot-check', `${program} is no file`)
  if ((found.mode & 0o111) === 0)
    throw new Failure('cannot-check', `${program} is not executable: chmod +x ${program}`)
}

function unsafe(program: string, part: string, fault: string, uid: number): string {
  const trusted = uid === 0 ? 'root' : 'root and the user it runs as'
  const fix = `chown root:root ${part} && chmod go-w ${part}`
  return `${program} is not run: ${part} is writable by ${fault}, so others than ${trusted} could change what runs; ${fix}`
}

/** Who else may write it; what is in a sticky folder can be replaced by its owner only, and a link's mode means nothing. */
function writableBy(path: string, uid: number): string | undefined {
  const found = status(path)
  if (found.uid !== 0 && found.uid !== uid) return `its owner, user ${found.uid}`
  if (found.isSymbolicLink() || (found.isDirectory() && (found.mode & 0o1000) !== 0)) return undefined
  if ((found.mode & 0o020) !== 0 && found.gid !== 0) return `group ${found.gid}`
  return (found.mode & 0o002) === 0 ? undefined : 'everybody'
}

function real(program: string): string {
  try {
    return realpathSync(program)
  } catch (error) {
    throw missing(program, error)
  }
}

function status(path: string): Stats {
  try {
    return lstatSync(path)
  } catch (error) {
    throw missing(path, error)
  }
}

function missing(path: string, error: unknown): Failure {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR') return new Failure('cannot-check', `there is no ${path}`)
  return new Failure('cannot-check', `${path}: ${(error as Error).message}`)
}
