// SPDX-License-Identifier: Apache-2.0
// A version whose maps have another layout takes over from one that was killed, and goes on with what it found: first
// with the connection tables as they are, which is the rule, then with all of them translated.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Status } from '../../api/contract.js'
import { buildVariant, type Variant, type VariantWish } from '../../demo/lab/variant.js'
import type { Stage } from '../stage.js'
import type { Event } from './event.js'
import { programId } from './upgrade.js'

export const LAYOUT: Event = {
  name: 'another map layout takes over (ABI version + 1)',
  ...takingOver({ ahead: 1, flows: false }),
}

export const LAYOUT_OF_FLOWS: Event = {
  name: 'another layout of connections, too (ABI version + 2)',
  ...takingOver({ ahead: 2, flows: true }),
  holds: true,
}

function takingOver(wish: VariantWish): Pick<Event, 'prepare' | 'run'> {
  let variant: Variant | undefined
  return {
    prepare: ({ topology }) => {
      variant = buildVariant(join(topology.lab.folder, `ahead-${wish.ahead}`), wish)
    },
    run: async (stage) => {
      if (variant === undefined) throw new Error('it has not been prepared')
      const { director } = stage
      const [before, open] = [await standing(stage), await connections(stage)]
      await director.daemon().stop('SIGKILL')
      await director.restart(variant.xlvs)
      const after = await standing(stage)
      if (after.maps === before.maps) throw new Error('the maps are the same as before')
      if (after.program === before.program)
        throw new Error(`program ${after.program} is still the one from before`)
      const tables = wish.flows ? `some ${open} connections translated; ` : ''
      return `${tables}ABI version ${variant.abi}, program ${before.program} → ${after.program}`
    },
  }
}

/** Another version's maps are in another folder, which has got the name of the first. */
async function standing(stage: Stage): Promise<{ readonly maps: number; readonly program: number }> {
  const maps = statSync(join(stage.topology.lab.pinRoot, 'maps')).ino
  return { maps, program: await programId(stage) }
}

/** As many as the sweep has found lately. */
async function connections({ director }: Stage): Promise<number> {
  const { tables } = await director.json<Status>('status')
  const flows = tables.filter(({ name }) => name !== 'template')
  return flows.reduce((sum, { entries }) => sum + Number(entries), 0)
}
