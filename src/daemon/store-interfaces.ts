// SPDX-License-Identifier: Apache-2.0
// Requests about interfaces: attached by request for good, detached against the file until it is read again. Pure.
import { fail, succeed } from '../model/describe.js'
import type { InterfaceWish, Outcome } from '../model/types.js'
import { desiredOf, type Edited, type Store } from './store.js'

export function storeAttach(store: Store, wish: InterfaceWish): Outcome<Edited> {
  const { runtime } = store
  const known = desiredOf(store).interfaces.find(({ name }) => name === wish.name)
  if (known && known.mode !== wish.mode && !runtime.detached.includes(wish.name))
    return fail({
      reason: `${wish.name} is attached in ${known.mode} mode`,
      fix: `detach it first: xlvs detach ${wish.name}`,
    })
  const inFile = store.base.interfaces.find(({ name }) => name === wish.name)
  if (inFile && inFile.mode !== wish.mode)
    return fail({
      reason: `the file says mode ${inFile.mode} for ${wish.name}`,
      fix: 'edit the file, then: xlvs reload',
    })
  const interfaces = known ? runtime.interfaces : [...runtime.interfaces, wish]
  const detached = runtime.detached.filter((name) => name !== wish.name)
  return succeed({ store: { ...store, runtime: { ...runtime, interfaces, detached } }, notices: [] })
}

/** Without a name: all of them. */
export function storeDetach(store: Store, name?: string): Outcome<Edited> {
  const { base, runtime } = store
  const gone = (wish: InterfaceWish) => name === undefined || wish.name === name
  const inFile = base.interfaces.filter(gone).map((wish) => wish.name)
  if (name !== undefined && !desiredOf(store).interfaces.some(gone))
    return fail({ reason: `${name} is not attached`, fix: 'see: xlvs show interfaces' })
  const interfaces = runtime.interfaces.filter((wish) => !gone(wish))
  const detached = [...new Set([...runtime.detached, ...inFile])]
  const notices = inFile.map(
    (one) => `${one} is in the file and comes back with a reload; edit the file to keep it off`,
  )
  return succeed({ store: { ...store, runtime: { ...runtime, interfaces, detached } }, notices })
}
