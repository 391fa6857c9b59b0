// SPDX-License-Identifier: Apache-2.0
// What xlvsadm would show of a director: the daemon's rows, xlvsadm's own lines, and the records that the guest makes
// of ipvsadm's lines.
import { connOf } from '../../../src/cli/ipvsadm/list/conns.js'
import { endpointTexts } from '../../../src/cli/ipvsadm/list/endpoints.js'
import { compareReals, compareServices, inOrder } from '../../../src/cli/ipvsadm/list/order.js'
import type { Group } from '../../../src/cli/ipvsadm/list/rows.js'
import { saveLines } from '../../../src/cli/ipvsadm/list/save.js'
import { sizeLine, tableLines } from '../../../src/cli/ipvsadm/list/table.js'
import { viewOf } from '../../../src/cli/ipvsadm/list/views.js'
import { systemNames } from '../../../src/cli/ipvsadm/names.js'
import type { OptionName } from '../../../src/cli/ipvsadm/words.js'
import { createEstimator } from '../../../src/daemon/estimator.js'
import { createMeter } from '../../../src/daemon/meter.js'
import { realRows, serviceRows } from '../../../src/daemon/rows.js'
import { endpointText } from '../../../src/model/keys.js'
import type { Connection, ListedReal, ListedService, Result } from '../scenario.js'
import type { Director } from './director.js'

const VIEWS: Readonly<Record<string, readonly OptionName[]>> = {
  list: [],
  nosort: [],
  stats: ['stats'],
  'stats-exact': ['stats', 'exact'],
  thresholds: ['thresholds'],
  persistent: ['persistent-conn'],
  tun: ['tun-info'],
}
/** Of the recording kernel; xlvs tells its own. */
const TABLE_SIZE = 4096

export async function snapshot(director: Director, what: string): Promise<Result> {
  if (what === 'conns') return { conns: connections(director) }
  if (what === 'timeout') {
    const { tcp, tcpfin, udp } = director.desired.timeouts
    return { text: [`Timeout (tcp tcpfin udp): ${tcp} ${tcpfin} ${udp}`] }
  }
  const text = await endpointTexts([], true, systemNames())
  if (what === 'save') return { text: saveLines(groupsOf(director, true), text) }
  const options = VIEWS[what]
  if (options === undefined) throw new Error(`xlvs has no snapshot ${what}`)
  const view = viewOf(new Set(options))
  const listed = (sorted: boolean) => [
    sizeLine(TABLE_SIZE),
    ...tableLines(groupsOf(director, sorted), view, text),
  ]
  if (what === 'list') return { text: listed(true), parsed: services(listed(false)) }
  return { text: listed(what !== 'nosort') }
}

function groupsOf(director: Director, sorted: boolean): readonly Group[] {
  const snapshot = director.rig.datapath.snapshot(director.desired)
  const meter = createMeter(
    createEstimator(),
    () => director.zero,
    () => false,
  )
  const reals = realRows(snapshot, meter, {})
  const rows = serviceRows(snapshot, meter, {})
  return (sorted ? inOrder(rows, compareServices) : rows).map((service) => {
    const mine = reals.filter((real) => real.service === service.service)
    return { service, reals: sorted ? inOrder(mine, compareReals) : mine }
  })
}

/** As guest/snapshot.py: services sorted, the real servers of one in the list's own order. */
function services(lines: readonly string[]): readonly ListedService[] {
  const found: { svc: string; rest: string; dests: ListedReal[] }[] = []
  for (const line of lines.slice(3)) {
    const words = line.split(/\s+/).filter((word) => word !== '')
    if (words[0] === '->') {
      const [rs = '', fwd = '', ...numbers] = words.slice(1)
      const [weight = 0, active = 0, inact = 0] = numbers.map(Number)
      found.at(-1)?.dests.push({ rs, fwd, weight, active, inact })
    } else if (words.length > 0)
      found.push({ svc: words.slice(0, 2).join(' '), rest: words.slice(2).join(' '), dests: [] })
  }
  return found.sort((a, b) => order(a.svc, b.svc) || order(a.rest, b.rest))
}

function connections({ rig: { datapath } }: Director): readonly Connection[] {
  const rows = [...datapath.conns(), ...[...datapath.templates()].map(connOf)]
  const key = ({ pro, src, virt, dst, state }: Connection) => `${pro} ${src} ${virt} ${dst} ${state}`
  return rows
    .map((row) => ({
      pro: row.protocol.toUpperCase(),
      state: row.state,
      src: endpointText(row.client, row.clientPort),
      virt: endpointText(row.vip, row.virtualPort),
      dst: endpointText(row.real, row.realPort),
      exp: row.expiresIn,
    }))
    .sort((a, b) => order(key(a), key(b)))
}

/** By code points, as Python sorts. */
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
