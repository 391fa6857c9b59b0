// SPDX-License-Identifier: Apache-2.0
// xlvs schema: the JSON Schema of configuration files, for editors.
import type { Command } from 'commander'
import { type Context, EXIT } from '../context.js'
import { examples, jsonOption } from '../options.js'
import type { Act } from '../verbs.js'

export function define(command: Command, context: Context, act: Act): void {
  examples(jsonOption(command), 'xlvs schema > xlvs.schema.json')
  command.action(
    act(async () => {
      const { jsonSchema } = await import('../../config/schema.js')
      context.out(`${JSON.stringify(jsonSchema(), null, 2)}\n`)
      return EXIT.ok
    }),
  )
}
