// SPDX-License-Identifier: Apache-2.0
// A rig that keeps accounts: every packet that belongs to a service counts there, once, for the reason that it counts
// for at its interface.
import { ReasonNames, ServiceReasons_SIZE } from '../../src/abi/generated.js'
import { LOOPBACK, type Rig } from './rig.js'

/** They end before anybody knows whose they are. */
const NOBODYS: ReadonlySet<string> = new Set([
  'pass_not_ip',
  'pass_not_my_mac',
  'pass_malformed',
  'pass_not_vip',
  'pass_icmp_query',
  'pass_icmp_no_flow',
  'pass_fragment_first_unseen',
  'pass_not_attached',
  'pass_ext_headers',
  'drop_truncated',
  'drop_icmp_fragment',
  // its real server counts it
  'forward_conn',
])
/** An FTP service takes what none of its VIP's others does, and may send it on to the kernel. */
const EITHER = 'pass_no_service'
const WORDS = ServiceReasons_SIZE / 8

/** From here on every frame that the rig sends is accounted for; `wrong` gets what is not. */
export function keepsAccounts(rig: Rig, wrong: string[]): void {
  const send = rig.send.bind(rig)
  const view = rig.memory('service_reasons')
  const rows = new BigUint64Array(view.buffer, view.byteOffset, view.byteLength / 8)
  rig.send = (data, ifindex = LOOPBACK, metadata = 0) => {
    const before = rows.slice()
    const done = send(data, ifindex, metadata)
    const grown = differences(before, rows)
    const own = `${done.reason} +1`
    const wanted = NOBODYS.has(done.reason) ? [[]] : done.reason === EITHER ? [[], [own]] : [[own]]
    if (!wanted.some((each) => each.join() === grown.join()))
      wrong.push(`services count ${grown.join(', ') || 'nothing'} for ${done.reason}`)
    return done
  }
}

/** 'drop_no_real +1'; whose row it is does not matter. */
function differences(before: BigUint64Array, after: BigUint64Array): readonly string[] {
  const bytes = (words: BigUint64Array) => Buffer.from(words.buffer, words.byteOffset, words.byteLength)
  if (bytes(before).equals(bytes(after))) return []
  return [...after.keys()].flatMap((i) => {
    const more = (after[i] as bigint) - (before[i] as bigint)
    return more === 0n ? [] : [`${ReasonNames[i % WORDS]?.toLowerCase() ?? i % WORDS} +${more}`]
  })
}
