// SPDX-License-Identifier: Apache-2.0
// xlvs check FILE: says what is wrong with a file, all of it, without a daemon and without touching anything.
import type { Command } from 'commander'
import { succeed } from '../../model/describe.js'
import { healthNotices } from '../../model/health-notices.js'
import type { Desired } from '../../model/types.js'
import { answer, type JsonOption } from '../answer.js'
import type { Context } from '../context.js'
import { readConfig } from '../file.js'
import { plural } from '../numbers.js'
import { examples, jsonOption } from '../options.js'
import type { Act } from '../verbs.js'

export function define(command: Command, context: Context, act: Act): void {
  examples(jsonOption(command.argument('<file>', 'a configuration in YAML')), 'xlvs check lb.yaml')
  command.action(
    act(async (file: string, options: JsonOption) => {
      const read = await readConfig(file)
      const judged = read.ok ? succeed(read.value.desired) : read
      return answer(context, options, judged, (desired) => [
        summary(file, desired),
        ...healthNotices(desired).map((notice) => `note: ${notice}`),
      ])
    }),
  )
}

function summary(file: string, desired: Desired): string {
  const reals = desired.services.reduce((sum, service) => sum + service.reals.length, 0)
  const parts = [
    plural(desired.services.length, 'service'),
    plural(reals, 'real server'),
    plural(desired.interfaces.length, 'interface'),
  ]
  return `${file}: good (${parts.join(', ')})`
}
