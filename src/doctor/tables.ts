// SPDX-License-Identifier: Apache-2.0
// How full is what has a fixed size, and has anything been lost for lack of room?
import type { Status } from '../api/contract.js'
import { DEFAULT_LIMITS, type Limits } from '../model/types.js'
import type { Facts } from './facts.js'
import { type Finding, shellWord } from './finding.js'

const YELLOW = 0.75
const RED = 0.95
/** Full, these fail packets; of the others there is only room for no more. */
const LOSES: ReadonlySet<keyof Limits> = new Set(['connections', 'templates'])

interface Fill {
  readonly table: string
  readonly limit: keyof Limits
  readonly entries: number
  readonly capacity: number
}

export function judgeTables(facts: Facts): readonly Finding[] {
  const { daemon } = facts
  if (daemon.state !== 'answers') return []
  return [...fills(daemon.status).map((fill) => judge(facts, daemon.status, fill)), ...losses(daemon.status)]
}

function fills({ tables, limits, services, reals }: Status): readonly Fill[] {
  const packets = tables.map(({ name, entries, capacity }) => {
    return {
      table: name,
      limit: name === 'template' ? 'templates' : 'connections',
      entries,
      capacity,
    } as const
  })
  return [
    ...packets,
    { table: 'services', limit: 'services', entries: services, capacity: limits.services },
    { table: 'reals', limit: 'reals', entries: reals, capacity: limits.reals },
  ]
}

function judge(facts: Facts, status: Status, { table, limit, entries, capacity }: Fill): Finding {
  const share = capacity === 0 ? 0 : entries / capacity
  const says = `${entries} of ${capacity} (${Math.floor(share * 100)} %)`
  const about = { check: 'table', subject: table, says } as const
  if (share < YELLOW) return { ...about, level: 'green' }
  const more = 2 * Math.max(status.limits[limit], capacity)
  const fix = enlarge(facts, status, limit, more)
  const advice = fix
    ? 'the command makes the maps anew: connections end'
    : `raise limits.${limit} to ${more} in the file, then xlvs detach --all and start again`
  const level = share >= RED && LOSES.has(limit) ? 'red' : 'yellow'
  return { ...about, level, ...(fix ? { fix } : {}), advice }
}

/** Maps are made with their sizes: a larger limit in the file, the old maps away, a new start. */
function enlarge(facts: Facts, status: Status, limit: keyof Limits, more: number): string | undefined {
  const { file, words, desired, unit } = facts
  if (file === undefined || file.path !== status.file) return undefined
  const edit = edited(file, limit, (desired?.limits ?? DEFAULT_LIMITS)[limit], more)
  if (edit === undefined) return undefined
  const away = `xlvs detach --all${words.detach}`
  if (unit !== undefined) return `${edit} && systemctl stop ${unit} && ${away} && systemctl start ${unit}`
  const stop = `kill ${status.pid} && tail --pid=${status.pid} -f /dev/null`
  return `${edit} && ${stop} && ${away} && xlvs run -c ${shellWord(file.path)}${words.run}`
}

/** The command that changes one number of the file; undefined where a person has to look. */
function edited(
  { path, text }: { readonly path: string; readonly text: string },
  limit: keyof Limits,
  now: number,
  more: number,
): string | undefined {
  const found = [...text.matchAll(new RegExp(`\\b${limit}: *${now}\\b`, 'g'))]
  if (found.length === 1) return `sed -i 's/\\b${limit}: *${now}\\b/${limit}: ${more}/' ${shellWord(path)}`
  const block = /^[\w-]+:/m.test(text) && !/\blimits\b/.test(text) && text.endsWith('\n')
  return block ? `echo 'limits: {${limit}: ${more}}' >>${shellWord(path)}` : undefined
}

/** Since the maps were made. */
function losses({ totals }: Status): readonly Finding[] {
  const lost = COUNTERS.flatMap(([counter, what]) => {
    const n = totals[counter] ?? 0
    return n > 0 ? [`${n} ${what}`] : []
  })
  if (lost.length === 0)
    return [
      { check: 'losses', level: 'green', says: 'nothing was ever pushed out of a table or found no room' },
    ]
  const advice = 'raise limits in the file if these numbers grow (xlvs status)'
  return [{ check: 'losses', level: 'yellow', says: `for lack of room: ${lost.join(', ')}`, advice }]
}

const COUNTERS = [
  ['connsEvicted', 'connections pushed out'],
  ['connsUnstored', 'connections not remembered'],
  ['templatesEvicted', 'templates pushed out'],
  ['templatesUnstored', 'templates not remembered'],
] as const
