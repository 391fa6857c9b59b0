// SPDX-License-Identifier: Apache-2.0
// Op -> maps. Regions are written before the first operation is carried out, so that a lack of room changes nothing.
import { Limit, readService, Settings_OFFSETS } from '../abi/generated.js'
import type { Outcome } from '../model/types.js'
import { buildDirectory } from '../plan/directory.js'
import { buildMarks } from '../plan/marks.js'
import type { Op } from '../plan/ops.js'
import { publish, readWalk, withdrawn } from '../plan/region.js'
import type { Range } from './arena.js'
import { carryOut, type Target } from './carry-out.js'
import type { Maps } from './maps.js'

const LINE = Limit.LINE_BYTES

export function applyOps(target: Target, ops: readonly Op[]): Outcome<void> {
  const prepared = new Map<Op, Range>()
  for (const op of ops) {
    const bytes = linesFor(target, op)
    if (!bytes.ok) return refuse(target, prepared, bytes.problems[0]?.reason ?? '')
    if (bytes.value === undefined) continue
    const range = place(target, bytes.value)
    if (range === undefined) return refuse(target, prepared, noRoom(target, op, bytes.value))
    prepared.set(op, range)
  }
  for (const op of ops) {
    const range = prepared.get(op) ?? { line: 0, lines: 0 }
    carryOut(target, op, range)
    target.ledger.learn(op, range)
  }
  return { ok: true, value: undefined }
}

/** The lines an operation publishes, if it does. */
function linesFor({ maps, ledger }: Target, op: Op): Outcome<Uint8Array | undefined> {
  if (op.op === 'directory-publish') return buildDirectory(op.entries)
  if (op.op === 'marks-publish') return { ok: true, value: buildMarks(op.ranges) }
  if (op.op !== 'service-publish' && op.op !== 'service-withdraw') return { ok: true, value: undefined }
  const { line } = ledger.range(`service ${op.service.id}`)
  const before = line === 0 ? undefined : readService(maps.tables, line * LINE)
  const generation = ((before?.generation ?? 0) + 1) >>> 0
  if (op.op === 'service-withdraw') return { ok: true, value: withdrawn(op.service, generation) }
  const epoch = op.fresh || !before?.epoch ? nextEpoch(maps) : before.epoch
  const walk = before && readWalk(maps.tables, line * LINE)
  return { ok: true, value: publish(op, walk, { generation, epoch }) }
}

/** Never 0, which says that a service is withdrawn. */
function nextEpoch({ settings }: Maps): number {
  const epoch = settings.getUint32(Settings_OFFSETS.nextEpoch, true) || 1
  settings.setUint32(Settings_OFFSETS.nextEpoch, epoch + 1, true)
  return epoch
}

function place({ arena, maps, pause }: Target, bytes: Uint8Array): Range | undefined {
  const lines = bytes.length / LINE
  if (lines === 0) return { line: 0, lines: 0 }
  let line = arena.take(lines)
  for (let rest = arena.restingFor(); line === undefined && rest !== undefined; rest = arena.restingFor()) {
    pause(rest + 1)
    line = arena.take(lines)
  }
  if (line === undefined) return undefined
  new Uint8Array(maps.tables.buffer, line * LINE, bytes.length).set(bytes)
  return { line, lines }
}

function refuse({ arena }: Target, prepared: ReadonlyMap<Op, Range>, reason: string): Outcome<void> {
  for (const range of prepared.values()) if (range.lines > 0) arena.giveBack(range)
  const fix =
    'raise limits.services or limits.reals, then `xlvs detach --all` and start again: sizes are fixed when the maps are made'
  return { ok: false, problems: [{ subject: 'tables', reason, fix }] }
}

function noRoom({ maps }: Target, op: Op, bytes: Uint8Array): string {
  const what = op.op === 'service-publish' ? `service ${op.key}` : op.op
  return `no room for the ${bytes.length / LINE} table lines of ${what}: all ${maps.sizes.tables} are taken`
}
