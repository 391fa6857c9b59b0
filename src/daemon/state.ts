// SPDX-License-Identifier: Apache-2.0
// The state file: what was asked for at run time, kept over crashes and restarts. It is replaced as a whole or not
// at all, and it is on the disk before anything acts on it.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toJson } from '../api/json.js'
import { readAttachRequest } from '../api/parse.js'
import { completeService } from '../model/change.js'
import { fail, succeed } from '../model/describe.js'
import { readMarkSpec, readServiceSpec, readTimeouts, readTunables } from '../model/request.js'
import { rangeFault, WEIGHT } from '../model/rules.js'
import { completeMark } from '../model/specs.js'
import type { Outcome, Problem } from '../model/types.js'
import { DISK, type Disk, replaceFile } from './replace.js'
import { type Down, NO_RUNTIME, type Runtime } from './store.js'
import { isZero } from './zero.js'

export interface StateFile {
  read(): Promise<Outcome<Runtime>>
  write(runtime: Runtime): Promise<Outcome<void>>
}

/** 2 had no drains and nothing of health, 1 no marks, timeouts, tunables and zeros either. */
const VERSION = 3
const BEFORE: readonly unknown[] = [1, 2]

export function stateFile(dir: string, disk: Disk = DISK): StateFile {
  const path = join(dir, 'state.json')
  return {
    read: () => readState(path),
    write: (runtime) => replace(path, `${toJson({ version: VERSION, ...runtime }, 2)}\n`, disk),
  }
}

/** For a daemon without a file: what it was told ends with it. */
export const NO_STATE: StateFile = {
  read: async () => succeed(NO_RUNTIME),
  write: async () => succeed(undefined),
}

async function readState(path: string): Promise<Outcome<Runtime>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return succeed(NO_RUNTIME)
    return fail({ subject: path, reason: `cannot be read: ${message}` })
  }
  const runtime = parse(text)
  if (runtime) return succeed(runtime)
  return fail({
    subject: path,
    reason: 'this state file is damaged or of another version of xlvs',
    fix: 'move it away to start without what was added at run time',
  })
}

function parse(text: string): Runtime | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || !('version' in value)) return undefined
  const { version, ...parts } = value as { version: unknown } & Runtime
  if (BEFORE.includes(version)) return read({ ...NO_RUNTIME, ...parts })
  return version === VERSION ? read(parts) : undefined
}

function read(parts: Runtime): Runtime | undefined {
  const { services, marks, interfaces, detached, overrides, drains, down, zero } = parts
  const lists = [services, marks, interfaces, detached, overrides, drains, down]
  if (!lists.every(Array.isArray) || !isZero(zero)) return undefined
  const specs = services.map(({ owner: _, ...spec }) => readServiceSpec(spec))
  const rules = marks.map(({ owner: _, ...spec }) => readMarkSpec(spec))
  const [timeouts, tunables] = [readTimeouts(parts.timeouts), readTunables(parts.tunables)]
  const fits =
    specs.every(({ ok }) => ok) &&
    rules.every(({ ok }) => ok) &&
    interfaces.map(readAttachRequest).every(({ ok }) => ok) &&
    detached.every((name) => typeof name === 'string') &&
    overrides.every((o) => isNamed(o) && isWeight(o.weight)) &&
    drains.every(isDrain) &&
    down.every((d) => isNamed(d) && isKnownDown(d))
  if (!fits || !timeouts.ok || !tunables.ok) return undefined
  return {
    services: specs.flatMap((s) => (s.ok ? [completeService(s.value)] : [])),
    marks: rules.flatMap((m) => (m.ok ? [completeMark(m.value)] : [])),
    interfaces,
    detached,
    overrides,
    timeouts: timeouts.value,
    tunables: tunables.value,
    drains,
    down,
    zero,
  }
}

function isWeight(value: unknown): boolean {
  return rangeFault('weight', value, WEIGHT) === undefined
}

function isNamed(value: { readonly service?: unknown; readonly real?: unknown } | null): boolean {
  return typeof value?.service === 'string' && typeof value.real === 'string'
}

function isDrain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { address, port, service, since, deadline, end } = value as Record<string, unknown>
  return (
    typeof address === 'string' &&
    (port === undefined || Number.isInteger(port)) &&
    (service === undefined || typeof service === 'string') &&
    isMoment(since) &&
    (deadline === undefined || isMoment(deadline)) &&
    (end === 'move' || end === 'reset')
  )
}

function isKnownDown({ reason, since, detail }: Down): boolean {
  return typeof reason === 'string' && isMoment(since) && (detail === undefined || typeof detail === 'string')
}

function isMoment(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

async function replace(path: string, text: string, disk: Disk): Promise<Outcome<void>> {
  try {
    await replaceFile(path, text, 0o600, disk)
    return succeed(undefined)
  } catch (error) {
    return fail(cannotKeep(path, error as NodeJS.ErrnoException))
  }
}

function cannotKeep(path: string, { code, message }: NodeJS.ErrnoException): Problem {
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return {
      subject: path,
      reason: 'the disk is full, so the change could not be kept and was not made',
      fix: 'make room, or start xlvs with another --state-dir',
    }
  return {
    subject: path,
    reason: `the change could not be kept and was not made: ${message}`,
    fix: 'start xlvs with another --state-dir',
  }
}
