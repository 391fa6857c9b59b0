// SPDX-License-Identifier: Apache-2.0
// xlvs check FILE: says what is wrong with a file, all of it, without a daemon and without touching anything.
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { fail } from '../../model/describe.js'
import type { Desired, Outcome } from '../../model/types.js'
import { answer, type JsonOption } from '../answer.js'
import type { Context } from '../context.js'
import { plural } from '../numbers.js'
import { examples, jsonOption } from '../options.js'
import type { Act } from '../verbs.js'

export function define(command: Command, context: Context, act: Act): void {
  examples(jsonOption(command.argument('<file>', 'a configuration in YAML')), 'xlvs check lb.yaml')
  command.action(
    act(async (file: string, options: JsonOption) =>
      answer(context, options, await judge(file), (desired) => [summary(file, desired)]),
    ),
  )
}

async function judge(file: string): Promise<Outcome<Desired>> {
  const { parseYamlBytes } = await import('../../config/yaml.js')
  try {
    return parseYamlBytes(await readFile(file), file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return fail({
      subject: file,
      reason: code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${message}`,
    })
  }
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
