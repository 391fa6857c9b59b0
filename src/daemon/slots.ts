// SPDX-License-Identifier: Apache-2.0
// The map of a scheduler's table, from what is in the maps now.
import type { SlotMap } from '../api/contract-slots.js'
import type { Datapath } from '../datapath/types.js'
import { fail, quote, succeed } from '../model/describe.js'
import { realKey } from '../model/keys.js'
import type { Outcome, ServiceKey } from '../model/types.js'
import { slotShares } from '../plan/slots.js'

export function slotMap(datapath: Datapath, service: ServiceKey | undefined): Outcome<SlotMap> {
  if (service === undefined)
    return fail({ subject: 'service', reason: 'service is missing', fix: 'give service=tcp 192.0.2.10:80' })
  const found = datapath.actual().services.get(service)
  if (!found?.listed) {
    const reason = `there is no service ${quote(service)}`
    return fail({ code: 'no-service', subject: service, reason, fix: 'see `xlvs show services`' })
  }
  const { scheduler, match, reals } = found
  const { held, ...shares } = slotShares(scheduler, reals)
  const names = reals.map((real) => realKey(service, match.mark === undefined ? real.address : real))
  return succeed({
    ...{ service, scheduler, ...shares },
    reals: names.map((real, i) => ({ real, held: held[i] as number })),
  })
}
