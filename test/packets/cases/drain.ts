// SPDX-License-Identifier: Apache-2.0
// Flows of a real server whose drain is over: what the director says to them itself.
import type { DrainStage } from '../../../src/model/types.js'
import {
  drops,
  FAMILIES,
  type FamilyWords,
  type Given,
  goes,
  type PacketCase,
  REAL6,
  sent,
  six,
  VIP6,
} from '../case.js'
import { frame, tcp } from '../frames.js'
import { resetFrame } from '../reset.js'

const drained = (vip: string, real: string, drain: DrainStage): Given => ({
  services: [{ vip, reals: [{ address: real, weight: 0, drain }] }],
})

function ofFamily({ name, words, vip, real }: FamilyWords): PacketCase[] {
  const open = sent(words(tcp(1000, 80, 'S')), words(tcp(1000, 80, 'A')))
  const data = words(tcp(1000, 80, 'AP', new Uint8Array(40)))
  const given = [...open, drained(vip, real, 'reset')]
  return [
    {
      title: `${name}: a segment of a flow whose real server's drain is over is answered with RST`,
      ...{ given, frame: frame(data), reason: 'answer_reset', action: 'tx', out: resetFrame(data) },
    },
    goes(
      `${name}: the client's own RST still goes to the drained real server`,
      'conn',
      words(tcp(1000, 80, 'R')),
      {
        given,
      },
    ),
    goes(`${name}: a flow of a drained real server goes on`, 'conn', data, {
      given: [...open, drained(vip, real, 'soft')],
    }),
  ]
}

const hidden = six(tcp(1000, 80, 'A'), { extensions: [{ kind: 'destination' }] })

export const DRAINS: readonly PacketCase[] = [
  ...FAMILIES.flatMap(ofFamily),
  drops('IPv6: behind extension headers a segment of such a flow is not answered', 'reset', frame(hidden), [
    ...sent(six(tcp(1000, 80, 'S')), six(tcp(1000, 80, 'A'))),
    drained(VIP6, REAL6, 'reset'),
  ]),
]
