// SPDX-License-Identifier: Apache-2.0
// xlvs version
import type { Command } from 'commander'
import { VERSION } from '../../api/version.js'
import { succeed } from '../../model/describe.js'
import { answer, type JsonOption } from '../answer.js'
import type { Context } from '../context.js'
import { examples, jsonOption } from '../options.js'
import type { Act } from '../verbs.js'

export function define(command: Command, context: Context, act: Act): void {
  examples(jsonOption(command), 'xlvs version --json')
  command.action(
    act((options: JsonOption) =>
      answer(context, options, succeed({ version: VERSION, node: process.version }), (v) => [
        `xlvs ${v.version}`,
      ]),
    ),
  )
}
