// SPDX-License-Identifier: Apache-2.0
// A real server is bound to the slot of its next hop, which is looked for as long as somebody needs it.
import type { Bindings } from './carry-out.js'
import type { HopSlots } from './hop-slots.js'
import type { NextHops } from './nexthops.js'

export function bindingsOf({ slots, hops }: { readonly slots: HopSlots; readonly hops: NextHops }): Bindings {
  return {
    bind: (id, address) => {
      const slot = slots.bind(id, address)
      hops.want(address)
      return slot
    },
    unbind: (id) => {
      const address = slots.unbind(id)
      if (address !== undefined) hops.drop(address)
    },
  }
}
