// SPDX-License-Identifier: Apache-2.0
// --vip, --device, --from, --keeper and --arp -> the wish, together with what an earlier apply was told. Pure.
import { canonicalAddress } from '../abi/address.js'
import { fail, oneOf, quote, succeed } from '../model/describe.js'
import { hostFault } from '../model/rules.js'
import type { AddressText, Outcome, Problem } from '../model/types.js'
import type { Done, Home, Keeper, Silence, Wish } from './types.js'

export interface WishWords {
  readonly vip?: string
  readonly device?: string
  readonly from?: string
  readonly keeper?: string
  readonly arp?: string
  readonly root?: string
}

const HOMES: readonly Home[] = ['lo', 'dummy']
const SILENCES: readonly Silence[] = ['sysctl', 'arptables']
const KEEPERS: readonly Keeper[] = ['networkd', 'NetworkManager', 'ifupdown', 'none']

export function readWish(words: WishWords): Outcome<Wish> {
  const vips = readVips(words.vip)
  const home = choice('--device', words.device ?? 'lo', HOMES)
  const keeper = words.keeper === undefined ? undefined : choice('--keeper', words.keeper, KEEPERS)
  const arp = words.arp === undefined ? undefined : choice('--arp', words.arp, SILENCES)
  if (!vips.ok || !home.ok || keeper?.ok === false || arp?.ok === false)
    return fail(...[vips, home, keeper, arp].flatMap((one) => (one && !one.ok ? one.problems : [])))
  return succeed({
    vips: vips.value,
    home: home.value,
    from: list(words.from),
    ...(keeper !== undefined && { keeper: keeper.value }),
    ...(arp !== undefined && { arp: arp.value }),
    root: (words.root ?? '').replace(/\/+$/, ''),
  })
}

/** Each as often as it is named, once. */
export function readVips(text: string | undefined): Outcome<readonly AddressText[]> {
  const words = list(text)
  if (words.length === 0)
    return fail({ reason: '--vip is missing', fix: 'name the addresses: --vip 192.0.2.10,2001:db8::10' })
  const faults = words.flatMap((word): Problem[] => {
    const fault = hostFault('VIP', word)
    return fault ? [{ subject: '--vip', ...fault }] : []
  })
  if (faults.length > 0) return fail(...faults)
  return succeed([...new Set(words.map((word) => canonicalAddress(word) ?? word))])
}

/** A second apply adds its VIPs to the first one's and keeps to the first one's ways. */
export function withDone(wish: Wish, done: Done | undefined): Outcome<Wish> {
  if (done === undefined) return succeed(wish)
  const others: Problem[] = []
  const fix = 'first: xlvs realserver setup --undo'
  if (done.home !== wish.home)
    others.push({ subject: '--device', reason: `the VIPs are on ${done.home} by an earlier --apply`, fix })
  if (wish.keeper !== undefined && done.keeper !== wish.keeper)
    others.push({ subject: '--keeper', reason: `an earlier --apply wrote for ${done.keeper}`, fix })
  const { arp = 'sysctl' } = done
  if (wish.arp !== undefined && arp !== wish.arp)
    others.push({ subject: '--arp', reason: `an earlier --apply keeps ARP silent by ${arp}`, fix })
  if (others.length > 0) return fail(...others)
  return succeed({
    ...wish,
    vips: [...new Set([...done.vips, ...wish.vips])],
    from: wish.from.length > 0 ? wish.from : done.from,
    keeper: done.keeper,
    ...(arp === 'arptables' && { arp }),
  })
}

/** Interfaces that are named have to be there. */
export function unknownInterfaces(
  { from }: Wish,
  links: readonly { readonly name: string }[],
): readonly Problem[] {
  const names = links.map(({ name }) => name)
  return from
    .filter((name) => !names.includes(name))
    .map((name) => ({
      subject: '--from',
      reason: `there is no interface ${quote(name)}`,
      fix: `there is ${names.join(', ')}`,
    }))
}

function choice<Word extends string>(subject: string, text: string, words: readonly Word[]): Outcome<Word> {
  const word = words.find((one) => one.toLowerCase() === text.toLowerCase())
  if (word !== undefined) return succeed(word)
  return fail({ subject, reason: `${quote(text)} is not known`, fix: `use ${oneOf(words)}` })
}

function list(text: string | undefined): readonly string[] {
  return [...new Set((text ?? '').split(',').map((word) => word.trim()))].filter((word) => word !== '')
}
