// SPDX-License-Identifier: Apache-2.0
// Marks, tunables and timeouts, as people read them.
import type { TunableRow } from '../../api/contract.js'
import { portsText } from '../../model/ports.js'
import type { MarkRule, Timeouts } from '../../model/types.js'
import type { Look } from '../look.js'
import { type Column, table } from '../table.js'

const MARKS: readonly Column<MarkRule>[] = [
  { title: 'MARK', value: (m) => String(m.mark), right: true, paint: (_, text, look) => look.bold(text) },
  { title: 'PROTO', value: (m) => m.protocol },
  { title: 'VIP', value: (m) => m.vip },
  { title: 'PORTS', value: (m) => portsText(m.ports) },
  { title: 'OWNER', value: (m) => m.owner, spare: 1 },
]

const TUNABLES: readonly Column<TunableRow>[] = [
  { title: 'NAME', value: (t) => t.name },
  {
    title: 'VALUE',
    value: (t) => String(t.value),
    right: true,
    paint: (t, text, look) => (t.value === t.default ? text : look.bold(text)),
  },
  { title: 'DEFAULT', value: (t) => String(t.default), right: true, spare: 2 },
  { title: 'UNIT', value: (t) => t.unit ?? '', spare: 3 },
  { title: 'ABOUT', value: (t) => t.about, spare: 1 },
]

export const marksLines = (rows: readonly MarkRule[], look: Look) => table(MARKS, rows, look)
export const tunablesLines = (rows: readonly TunableRow[], look: Look) => table(TUNABLES, rows, look)

export function timeoutsLines({ tcp, tcpfin, udp }: Timeouts): readonly string[] {
  return [`tcp ${tcp} s, tcpfin ${tcpfin} s, udp ${udp} s`]
}
