// SPDX-License-Identifier: Apache-2.0
// xlvsadm: ipvsadm's language, spoken to the xlvs daemon. A command line is parsed, then carried out or listed.
import { text as readAll } from 'node:stream/consumers'
import { placesOf } from '../../api/places.js'
import { CHANGES } from './carry-out.js'
import { emptyDraft } from './draft.js'
import { type Failure, type Fault, lost } from './failure.js'
import { HELP, VERSION_LINE } from './help.js'
import { list } from './listings.js'
import { systemNames } from './names.js'
import { parse } from './parse.js'
import { commandLines } from './restore.js'
import type { World } from './world.js'

/** `argv` without node and the script; the exit status. */
export async function main(argv: readonly string[], world: World): Promise<number> {
  const { socket } = placesOf({}, world.env)
  const fault =
    argv.length === 0 ? await list(emptyDraft('list'), socket, world) : await line(argv, socket, world, false)
  complain(fault, world)
  return fault?.status ?? 0
}

/** The real world. Who reads our output may stop reading. */
export function processWorld(): World {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  return {
    env: process.env,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    input: () => readAll(process.stdin),
    names: systemNames(),
  }
}

async function line(
  argv: readonly string[],
  socket: string,
  world: World,
  restoring: boolean,
): Promise<Fault> {
  const parsed = await parse(argv, world.names)
  if ('fault' in parsed) return parsed.fault
  if ('show' in parsed) {
    world.out(parsed.show === 'help' ? HELP : VERSION_LINE)
    return restoring ? SHOWN : undefined
  }
  const { order } = parsed
  if (order.command === 'restore') return restoring ? lost() : restore(socket, world)
  const change = CHANGES[order.command]
  return change === undefined ? list(order, socket, world) : change(order, socket)
}

/** Help and the version end what -R reads, with success. */
const SHOWN: Failure = { text: '', status: 0, ends: true }

/** A line that is refused does not keep the next ones from being read; one that makes no sense does. */
async function restore(socket: string, world: World): Promise<Fault> {
  let fault: Fault
  for (const argv of commandLines(await world.input())) {
    complain(fault, world)
    fault = await line(argv, socket, world, true)
    if (fault?.ends) break
  }
  return fault
}

function complain(fault: Fault, world: World): void {
  if (fault !== undefined && fault.text !== '') world.err(`${fault.text}\n`)
}
