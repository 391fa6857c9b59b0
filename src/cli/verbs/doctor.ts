// SPDX-License-Identifier: Apache-2.0
// xlvs doctor: looks at the director and says what is wrong, each with the command that mends it. It changes nothing.
import type { Command } from 'commander'
import { succeed } from '../../model/describe.js'
import type { Outcome } from '../../model/types.js'
import { parseInterfaceName } from '../../model/words.js'
import { answer, misused } from '../answer.js'
import { type Context, EXIT, type ExitCode } from '../context.js'
import { type DaemonOptions, daemonOptions, examples, pinOption, places } from '../options.js'
import type { Act } from '../verbs.js'
import { doctorLines } from '../views/doctor.js'

interface Options extends DaemonOptions {
  readonly iface?: readonly string[]
  readonly config?: string
  readonly pinRoot?: string
  readonly stateDir?: string
  readonly probe: boolean
}

export function define(command: Command, context: Context, act: Act): void {
  command
    .option('--iface <interfaces...>', 'look at these (default: those of the file and the daemon)')
    .option('-c, --config <file>', "a configuration in YAML (default: the daemon's)")
    .option('--state-dir <path>', 'where requests are kept over restarts (XLVS_STATE_DIR)')
    .option('--no-probe', 'ask no real server through its VIP')
  examples(
    pinOption(daemonOptions(command)),
    'xlvs doctor',
    'xlvs doctor -c /etc/xlvs/lb.yaml',
    'xlvs doctor --iface eth0 eth1 --json',
  )
  command.addHelpText('after', '\nExit codes: 0 all green or yellow, 1 a red, 2 wrong usage.\n')
  command.action(act((options: Options) => doctor(context, options)))
}

async function doctor(context: Context, options: Options): Promise<ExitCode> {
  const names = (options.iface ?? [])
    .flatMap((word) => word.split(','))
    .map((word) => parseInterfaceName(word))
  const wrong = names.filter(({ ok }) => !ok)
  if (wrong.length > 0) return misused(context, options, ...wrong)
  const [{ gather }, { diagnose }, { isSick }, { processWorld }] = await Promise.all([
    import('../../doctor/gather.js'),
    import('../../doctor/diagnose.js'),
    import('../../doctor/finding.js'),
    import('../doctor-world.js'),
  ])
  const facts = await gather(processWorld(), {
    interfaces: [...new Set(values(names))],
    file: options.config,
    ...places(options, context),
    probe: options.probe,
    words: wordsOf(options),
  })
  const findings = diagnose(facts)
  answer(context, options, succeed({ findings }), (value) => doctorLines(value.findings, context.look))
  return isSick(findings) ? EXIT.refused : EXIT.ok
}

function values<T>(outcomes: readonly Outcome<T>[]): readonly T[] {
  return outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : []))
}

/** What was said here has to be said again for a command to meet the same daemon; the environment is still there. */
function wordsOf({ socket, pinRoot, stateDir }: Options) {
  const word = (name: string, value: string | undefined) => (value === undefined ? '' : ` ${name} '${value}'`)
  const ask = word('--socket', socket)
  const pins = word('--pin-root', pinRoot)
  return { ask, detach: `${ask}${pins}`, run: `${ask}${pins}${word('--state-dir', stateDir)}` }
}
