// SPDX-License-Identifier: Apache-2.0
// xlvs remove service|real: what was added at run time; the file is edited with an editor.
import type { Command } from 'commander'
import { serviceKey } from '../../model/keys.js'
import { parseRealAddress } from '../../model/words.js'
import { misused } from '../answer.js'
import { change } from '../change.js'
import type { Context } from '../context.js'
import { type DaemonOptions, daemonOptions, examples } from '../options.js'
import { type ProtocolOption, serviceWord, udpOption } from '../service-words.js'
import type { Act } from '../verbs.js'

interface Options extends DaemonOptions, ProtocolOption {}

export function define(command: Command, context: Context, act: Act): void {
  examples(command, 'xlvs remove real 192.0.2.10:80 192.0.2.22', 'xlvs remove service 192.0.2.10:80')
  const service = command
    .command('service')
    .description('remove a virtual service; its packets go to the stack from then on')
    .argument('<vip:port>', 'the service')
  examples(daemonOptions(udpOption(service)), 'xlvs remove service 192.0.2.10:80')
  service.action(act((word: string, options: Options) => removeService(context, word, options)))
  const real = command
    .command('real')
    .description('remove a real server; its connections end (set --weight 0 first to let them finish)')
    .argument('<vip:port>', 'the service')
    .argument('<address>', 'the real server')
  examples(daemonOptions(udpOption(real)), 'xlvs remove real 192.0.2.10:80 192.0.2.22')
  real.action(
    act((word: string, address: string, options: Options) => removeReal(context, word, address, options)),
  )
}

function removeService(context: Context, word: string, options: Options) {
  const id = serviceWord(word, options)
  if (!id.ok) return misused(context, options, id)
  const service = serviceKey(id.value)
  return change(context, options, 'removeService', { service }, undefined, `${service} is gone`)
}

function removeReal(context: Context, word: string, addressWord: string, options: Options) {
  const id = serviceWord(word, options)
  if (!id.ok) return misused(context, options, id)
  const address = parseRealAddress(addressWord, id.value.port, 'address')
  if (!address.ok) return misused(context, options, address)
  const service = serviceKey(id.value)
  const params = { service, real: address.value }
  return change(context, options, 'removeReal', params, undefined, `${service} > ${address.value} is gone`)
}
