// SPDX-License-Identifier: Apache-2.0
// xlvs undrain REAL: it gets new connections again.
import type { Command } from 'commander'
import { misused } from '../answer.js'
import { change } from '../change.js'
import type { Context } from '../context.js'
import { daemonOptions, examples } from '../options.js'
import { serviceOptions } from '../service-words.js'
import type { Act } from '../verbs.js'
import { type DrainOptions, drainedWord } from './drain.js'

export function define(command: Command, context: Context, act: Act): void {
  serviceOptions(
    command
      .argument('<real>', 'the real server: 192.0.2.21')
      .option('--service <vip:port>', 'only in this service (default: wherever it is drained)'),
  )
  examples(
    daemonOptions(command),
    'xlvs undrain 192.0.2.21',
    'xlvs undrain 192.0.2.21 --service 192.0.2.10:80',
  )
  command.action(act((real: string, options: DrainOptions) => undrain(context, real, options)))
}

function undrain(context: Context, word: string, options: DrainOptions) {
  const name = drainedWord(word, options)
  if (!name.ok) return misused(context, options, name)
  const done = `${name.value.text} gets new connections again`
  return change(context, options, 'undrain', name.value.words, undefined, done)
}
