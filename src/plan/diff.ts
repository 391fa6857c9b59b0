// SPDX-License-Identifier: Apache-2.0
// diff: the ordered operations that lead from what the maps hold to what is wanted, new things made before old ones
// go. Nothing to do gives an empty list; what cannot be done gives problems and no operation.
import { familyOf } from '../abi/address.js'
import { Limit } from '../abi/generated.js'
import { serviceFamily, serviceKey } from '../model/keys.js'
import {
  DEFAULT_TUNABLES,
  type Desired,
  type Family,
  type MacText,
  type Outcome,
  type ServiceKey,
  type Timeouts,
  type TunableName,
} from '../model/types.js'
import type { Actual, DirectoryContents, DirectoryName } from './actual.js'
import { crowdedKeys, vipKey } from './directory.js'
import { type Draft, newDraft } from './draft.js'
import { planMarks } from './marks.js'
import type { DirectoryEntry, Op } from './ops.js'
import { planService } from './service.js'
import { planOrphans, planRemoval } from './trash.js'

/** `now`: CLOCK_BOOTTIME seconds. Called again from time to time, it frees what nothing points at any more. */
export function diff(desired: Desired, actual: Actual, now: number): Outcome<readonly Op[]> {
  const draft = newDraft(actual, now)
  const wanted = new Map<ServiceKey, number>()
  const families = new Set<Family>()
  for (const service of desired.services) {
    const key = serviceKey(service)
    families.add(serviceFamily(service))
    if (!wanted.has(key)) wanted.set(key, planService(draft, service, key, actual.services.get(key)) ?? 0)
  }
  for (const [key, service] of actual.services) if (!wanted.has(key)) planRemoval(draft, service)
  planOrphans(draft)
  const marks = planMarks(draft, desired.marks, wanted)
  const directories = planDirectories(draft, families)
  if (new Set(desired.peers).size > Limit.MAX_PEERS) draft.problems.push(tooManyPeers(desired.peers.length))
  if (draft.problems.length > 0) return { ok: false, problems: draft.problems }
  const settings = planSettings(desired, actual)
  return {
    ok: true,
    value: [
      ...draft.place,
      ...draft.publish,
      ...marks,
      ...directories,
      ...draft.retire,
      ...draft.free,
      ...settings,
    ],
  }
}

/**
 * Services before VIPs: a packet that finds a new VIP finds its services too. VIPs nothing holds are freed. With the
 * last service of a family gone IPVS is not there at all: no VIP of it is found, packets of old connections pass.
 */
function planDirectories(draft: Draft, families: ReadonlySet<Family>): Op[] {
  const vips: Record<'vips4' | 'vips6', DirectoryEntry[]> = { vips4: [], vips6: [] }
  for (const [address, id] of draft.vipIds) {
    const family = familyOf(address)
    if (!draft.heldVips.has(id) && !draft.actual.vips.get(id)?.marked) {
      draft.free.push({ op: 'vip-free', id, address })
    } else if (families.has(family)) {
      vips[family === 4 ? 'vips4' : 'vips6'].push({ key: vipKey(address), value: id })
    }
  }
  for (const key of crowdedKeys(vips.vips6)) draft.problems.push(crowded(draft, key))
  const wanted: Record<DirectoryName, DirectoryEntry[]> = { ...draft.listed, ...vips }
  const ops: Op[] = []
  for (const directory of ['tcp', 'udp', 'sctp', 'vips4', 'vips6'] as const) {
    const entries = wanted[directory]
    if (sameEntries(entries, draft.actual.directories[directory])) continue
    ops.push({ op: 'directory-publish', directory, entries })
  }
  return ops
}

function sameEntries(entries: readonly DirectoryEntry[], found: DirectoryContents): boolean {
  return entries.length === found.size && entries.every(({ key, value }) => found.get(value) === key)
}

function crowded(draft: Draft, key: number) {
  const who = [...draft.vipIds.keys()].filter((address) => familyOf(address) === 6 && vipKey(address) === key)
  return {
    subject: who[0] ?? '',
    reason: `${who.length} IPv6 VIPs have the same XOR of their four words, and a directory line holds 8: ${who.join(', ')}`,
    fix: 'change some of these addresses by one bit',
  }
}

function tooManyPeers(count: number) {
  const reason = `${count} peers, and the maps have room for ${Limit.MAX_PEERS}`
  return { subject: 'peers', reason, fix: 'list only directors that share a network with this one' }
}

function planSettings(desired: Desired, actual: Actual): Op[] {
  const ops: Op[] = []
  const { timeouts, tunables, peers } = desired
  if (!sameTimeouts(timeouts, actual.timeouts)) ops.push({ op: 'timeouts', timeouts })
  if (TUNABLES.some((name) => tunables[name] !== actual.tunables[name]))
    ops.push({ op: 'tunables', tunables })
  if (!samePeers(peers, actual.peers)) ops.push({ op: 'peers', peers })
  return ops
}

const TUNABLES = Object.keys(DEFAULT_TUNABLES) as TunableName[]

function sameTimeouts(a: Timeouts, b: Timeouts): boolean {
  return a.tcp === b.tcp && a.tcpfin === b.tcpfin && a.udp === b.udp
}

function samePeers(a: readonly MacText[], b: readonly MacText[]): boolean {
  const [one, other] = [new Set(a), new Set(b)]
  return one.size === other.size && [...one].every((mac) => other.has(mac))
}
