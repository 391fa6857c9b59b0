// SPDX-License-Identifier: Apache-2.0
// Another build of the program takes over on the same link, and the one from before takes over again.
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import type { InterfaceRow, Listing } from '../../api/contract.js'
import { install, root } from '../../demo/lab/installation.js'
import type { Lab } from '../../demo/lab/lab.js'
import type { Stage } from '../stage.js'
import type { Event } from './event.js'

/** Compiled by `make`: the same maps and decisions, other instructions. */
const newerObject = join(root, 'build/bpf/lab/newer.bpf.o')

export const UPGRADE: Event = {
  name: 'upgrade to a rebuilt program, and back',
  run: async (stage) => {
    const program = newerInstallation(stage.topology.lab)
    const ids = [await programId(stage)]
    for (const installation of [program, undefined]) {
      await stage.director.daemon().stop('SIGTERM')
      await stage.director.restart(installation)
      const id = await programId(stage)
      if (id === ids.at(-1)) throw new Error(`program ${id} is still the one from before`)
      ids.push(id)
    }
    return `program ${ids.join(' → ')}`
  },
}

/** Path of `bin/xlvs` of an installation of its own, with another build of the program; it ends with the lab. */
export function newerInstallation(lab: Lab): string {
  if (!existsSync(newerObject)) throw new Error(`${newerObject} is not there: run \`make\``)
  const home = join(lab.folder, 'newer')
  const program = join(home, 'bin/xlvs')
  if (existsSync(home)) return program
  install(home)
  cpSync(newerObject, join(home, 'dist/bpf/xlvs.bpf.o'))
  return program
}

export async function programId({ director }: Stage): Promise<number> {
  const { rows } = await director.json<Listing<InterfaceRow>>('show', 'interfaces')
  const id = rows.find(({ name }) => name === 'eth0')?.programId
  if (id === undefined) throw new Error('nothing is attached to eth0')
  return id
}
