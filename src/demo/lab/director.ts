// SPDX-License-Identifier: Apache-2.0
// The real daemon in the director of a lab, with places of its own, and the real command line to talk to it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Result, Running } from './command.js'
import type { Topology } from './topology.js'

const command = fileURLToPath(new URL('../../../bin/xlvs', import.meta.url))

export interface Director {
  /** where socket, pins and state are: what `xlvs` needs in its environment */
  readonly env: Readonly<Record<string, string>>
  /** path of the configuration file */
  readonly file: string
  daemon(): Running
  /** `xlvs WORDS` */
  xlvs(...words: readonly string[]): Promise<Result>
  /** `xlvs WORDS --json`, parsed; throws with what it said when it fails */
  json<T>(...words: readonly string[]): Promise<T>
  writeFile(yaml: string): void
  /** starts the daemon again on the same places, after it has ended; `program`: bin/xlvs of another installation */
  restart(program?: string): Promise<void>
  /** as restart, without waiting until it answers */
  launch(program?: string): Running
}

/** Writes the file, starts `xlvs run -c FILE` and waits until it answers. */
export async function startDirector({ lab, director }: Topology, yaml: string): Promise<Director> {
  const { namespace } = director
  const file = join(lab.folder, 'xlvs.yaml')
  const env = {
    XLVS_SOCKET: join(lab.folder, 'xlvs.sock'),
    XLVS_PIN_ROOT: lab.pinRoot,
    XLVS_STATE_DIR: join(lab.folder, 'state'),
  }
  const xlvs: Director['xlvs'] = (...words) =>
    lab.run(namespace, [process.execPath, command, ...words], { env })
  const writeFile = (text: string) => writeFileSync(file, text)
  const launch = (program = command) =>
    lab.start(namespace, [process.execPath, program, 'run', '-c', file], env)
  const answers = () => untilItAnswers(daemon, () => xlvs('status', '--json'))
  writeFile(yaml)
  let daemon = launch()
  await answers()
  return {
    env,
    file,
    daemon: () => daemon,
    xlvs,
    json: async <T>(...words: readonly string[]) => parse<T>(words, await xlvs(...words, '--json')),
    writeFile,
    restart: async (program) => {
      daemon = launch(program)
      await answers()
    },
    launch: (program) => {
      daemon = launch(program)
      return daemon
    },
  }
}

async function untilItAnswers(daemon: Running, ask: () => Promise<Result>): Promise<void> {
  for (const deadline = performance.now() + 20_000; ; await sleep(50)) {
    const ended = daemon.ended()
    if (ended !== undefined) throw new Error(`xlvs run ended with status ${ended}: ${daemon.stderr().trim()}`)
    const answer = await ask()
    if (answer.code === 0) return
    if (performance.now() > deadline)
      throw new Error(`xlvs run does not answer: ${answer.stderr}${daemon.stderr()}`)
  }
}

function parse<T>(words: readonly string[], { code, stdout, stderr }: Result): T {
  if (code !== 0) throw new Error(`xlvs ${words.join(' ')}: status ${code}: ${stderr}${stdout}`)
  return JSON.parse(stdout) as T
}
