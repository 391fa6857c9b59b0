// SPDX-License-Identifier: Apache-2.0
// rp_filter: a strict reverse path drops a client's packet where its answer would leave by another interface. With
// direct routing packets come from the director's side and answers go to the clients' router. Pure.
import { familyOf } from '../abi/address.js'
import type { AddressText } from '../model/types.js'
import { dotted, ipv4Of, isWithin, settingKey } from './arp.js'
import type { Facts, Finding, Link, Wish } from './types.js'

const STRICT = 1
const LOOSE = 2

export function routeFindings(wish: Wish, facts: Facts): readonly Finding[] {
  const vips = wish.vips.filter((vip) => familyOf(vip) === 4)
  if (vips.length === 0) return []
  if (facts.defaults.length === 0)
    return [
      {
        verdict: 'weak',
        text: 'there is no default route: answers reach only clients whose network has a route',
        fix: 'ip route add default via GATEWAY',
        steps: [],
      },
    ]
  const { links, known } = facing(wish.from, vips, facts)
  return links
    .filter(({ name }) => !facts.defaults.includes(name))
    .map(({ name }) => reverseFinding(name, known, facts))
}

interface Facing {
  readonly links: readonly Link[]
  /** false: the director's packets arrive on any of them */
  readonly known: boolean
}

/** Where the director's packets arrive: as told, else on a VIP's network, else who knows. */
function facing(from: readonly string[], vips: readonly AddressText[], { links }: Facts): Facing {
  if (from.length > 0) return { links: links.filter(({ name }) => from.includes(name)), known: true }
  const speaking = links.filter((link) => link.answers && ipv4Of(link).length > 0)
  const near = speaking.filter((link) => ipv4Of(link).some((own) => vips.some((vip) => isWithin(vip, own))))
  return near.length > 0 ? { links: near, known: true } : { links: speaking, known: false }
}

function reverseFinding(name: string, known: boolean, { settings, defaults }: Facts): Finding {
  const key = settingKey(name, 'rp_filter')
  const [all, own] = [settings.get(settingKey('all', 'rp_filter')) ?? 0, settings.get(key) ?? 0]
  // the greater of the two counts, so 2 on the interface wins over 1 on all
  if (Math.max(all, own) !== STRICT)
    return {
      verdict: 'right',
      text: `${dotted(key)} is ${own}, for all ${all}: not strict`,
      steps: [],
      ...(known && own === LOOSE && { keep: { key, value: LOOSE } }),
    }
  const text = `rp_filter is strict on ${name}, but answers to clients leave by ${defaults.join(', ')}`
  if (!known)
    return {
      verdict: 'weak',
      text: `${text}: should the director's packets arrive there, they are dropped`,
      fix: `if they do: --from ${name}`,
      steps: [],
    }
  return {
    verdict: 'wrong',
    text: `${text}: what the director sends is dropped`,
    steps: [{ kind: 'setting', key, value: LOOSE, was: own }],
    keep: { key, value: LOOSE },
  }
}
