// SPDX-License-Identifier: Apache-2.0
// xlvs remove service|real: what was added at run time; the file is edited with an editor.
import type { Command } from 'commander'
import { misused } from '../answer.js'
import { change } from '../change.js'
import type { Context } from '../context.js'
import { type DaemonOptions, daemonOptions, examples } from '../options.js'
import { realWords, type ServiceOptions, serviceKeyWord, serviceOptions } from '../service-words.js'
import type { Act } from '../verbs.js'

interface Options extends DaemonOptions, ServiceOptions {}

export function define(command: Command, context: Context, act: Act): void {
  examples(command, 'xlvs remove real 192.0.2.10:80 192.0.2.22', 'xlvs remove service 192.0.2.10:80')
  const service = command
    .command('service')
    .description('remove a virtual service; its packets go to the stack from then on')
    .argument('[vip:port]', 'the service, unless --mark names it')
  examples(
    daemonOptions(serviceOptions(service)),
    'xlvs remove service 192.0.2.10:80',
    'xlvs remove service --mark 6',
  )
  service.action(act((word: string | undefined, options: Options) => removeService(context, word, options)))
  const real = command
    .command('real')
    .description('remove a real server; its connections end (set --weight 0 first to let them finish)')
    .argument('[vip:port]', 'the service, unless --mark names it')
    .argument('[address]', 'the real server')
  examples(daemonOptions(serviceOptions(real)), 'xlvs remove real 192.0.2.10:80 192.0.2.22')
  real.action(
    act((word: string | undefined, address: string | undefined, options: Options) =>
      removeReal(context, [word, address], options),
    ),
  )
}

function removeService(context: Context, word: string | undefined, options: Options) {
  const service = serviceKeyWord(word, options)
  if (!service.ok) return misused(context, options, service)
  const params = { service: service.value }
  return change(context, options, 'removeService', params, undefined, `${service.value} is gone`)
}

function removeReal(context: Context, words: readonly (string | undefined)[], options: Options) {
  const named = realWords(words, options)
  if (!named.ok) return misused(context, options, named)
  const { service, real } = named.value
  return change(context, options, 'removeReal', { service, real }, undefined, `${service} > ${real} is gone`)
}
