// SPDX-License-Identifier: Apache-2.0
// Requests meet a file that was read again, or a start after an end: the file's word wins, what it forbids is named.
// Pure.
import { addMark, addService } from '../model/change.js'
import { fail, succeed } from '../model/describe.js'
import { healthNotices } from '../model/health-notices.js'
import { endpointText, realText, serviceKey } from '../model/keys.js'
import { markText } from '../model/marks.js'
import { portsText } from '../model/ports.js'
import type { Desired, MarkRule, Outcome, Service } from '../model/types.js'
import { withoutLost } from './drained.js'
import { type Edited, NOTHING_OBSERVED, type Runtime, type Store } from './store.js'

/** The file was read again: its word wins, overrides end, what it now owns is no longer a request. */
export function storeReload(store: Store, base: Desired): Outcome<Edited> {
  const kept = { ...store.runtime, detached: [], overrides: [], timeouts: {}, tunables: {} }
  const { edited, misfits } = settle({ ...store, base, runtime: kept })
  if (misfits.length === 0) return succeed(edited)
  return fail(
    ...misfits.map(({ what, removal, reason }) => ({
      reason: `${what}, added at run time, does not fit the new file: ${reason}`,
      fix: `remove it first: ${removal}`,
    })),
  )
}

/** After a restart: requests and overrides go on, as far as they still fit the file. */
export function storeRestore(base: Desired, runtime: Runtime, observed = NOTHING_OBSERVED): Edited {
  const detached = runtime.detached.filter((name) => base.interfaces.some((wish) => wish.name === name))
  const overrides = runtime.overrides.filter(({ service, real }) =>
    base.services.some((s) => serviceKey(s) === service && s.reals.some((r) => realText(r) === real)),
  )
  const { edited, misfits } = settle({ base, runtime: { ...runtime, detached, overrides }, observed })
  const notices = misfits.map(
    ({ what, reason }) => `${what}, added at run time, does not fit the file and was left out: ${reason}`,
  )
  return { ...edited, notices: [...edited.notices, ...notices] }
}

interface Misfit {
  readonly what: string
  /** the command that takes it away */
  readonly removal: string
  readonly reason: string
}

/** The requests on a new base: those it has itself now are its own, those it forbids are named. */
function settle(store: Store) {
  const { base, runtime } = store
  const keys = new Set(base.services.map(serviceKey))
  const notices: string[] = []
  const misfits: Misfit[] = []
  let desired = base
  const take = (next: Outcome<Desired>, what: string, removal: string) => {
    if (next.ok) desired = next.value
    else misfits.push({ what, removal, reason: next.problems.map(({ reason }) => reason).join('; ') })
  }
  for (const service of runtime.services) {
    const key = serviceKey(service)
    if (keys.has(key)) notices.push(`${key} is in the file now; what was added at run time is replaced by it`)
    else take(addService(desired, service), key, removalOf(service))
  }
  for (const rule of runtime.marks)
    take(addMark(desired, rule), `the mark of ${markText(rule)}`, unmarking(rule))
  const services = desired.services.filter(({ owner }) => owner === 'api')
  const marks = desired.marks.filter(({ owner }) => owner === 'api')
  const interfaces = runtime.interfaces.filter(({ name }) => !base.interfaces.some((b) => b.name === name))
  const drains = withoutLost(runtime.drains, desired.services)
  const settled: Runtime = { ...runtime, services, marks, interfaces, drains }
  const all = [...notices, ...healthNotices(base)]
  const edited: Edited = { store: { ...store, runtime: settled }, notices: all }
  return { edited, misfits }
}

function removalOf(service: Service): string {
  if (service.mark !== undefined)
    return `xlvs remove service --mark ${service.mark}${service.family === 6 ? ' --ipv6' : ''}`
  const { protocol, vip, port } = service
  return `xlvs remove service ${endpointText(vip, port)}${protocol === 'tcp' ? '' : ` --${protocol}`}`
}

function unmarking({ vip, protocol, ports }: MarkRule): string {
  return `xlvs mark remove --vip ${vip} --proto ${protocol} --ports ${portsText(ports)}`
}
