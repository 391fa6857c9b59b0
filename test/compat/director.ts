// SPDX-License-Identifier: Apache-2.0
// A daemon with nothing attached, in a namespace whose wire has every real server that the sequences name; and
// xlvsadm as a function that speaks to it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { call } from '../../src/cli/client.js'
import { main } from '../../src/cli/ipvsadm/main.js'
import { type Names, systemNames } from '../../src/cli/ipvsadm/names.js'
import { type Lab, openLab, type Running } from '../lab/index.js'
import { until } from '../lab/until.js'
import { linesOf, type Said } from './answers.js'
import type { Line } from './sequences.js'

const PROGRAM = fileURLToPath(new URL('../../bin/xlvs', import.meta.url))
export const ADM = fileURLToPath(new URL('../../bin/xlvsadm', import.meta.url))

export interface CompatDirector {
  readonly lab: Lab
  readonly socket: string
  /** the real program */
  spawn(words: readonly string[], stdin?: string): Promise<Said>
  /** after the file has changed */
  reload(): Promise<Said>
  close(): Promise<void>
}

export async function startCompatDirector(): Promise<CompatDirector> {
  const lab = openLab('xlvs-compat')
  try {
    const [namespace = ''] = await lab.namespaces(['director'])
    await lab.must(namespace, ['ip', '-batch', '-'], { input: wires() })
    const socket = join(lab.folder, 'xlvs.sock')
    const file = join(lab.folder, 'xlvs.yaml')
    writeFileSync(file, 'interfaces: []\nservices: []\n')
    const env = {
      XLVS_SOCKET: socket,
      XLVS_PIN_ROOT: lab.pinRoot,
      XLVS_STATE_DIR: join(lab.folder, 'state'),
    }
    const daemon = lab.start(namespace, [process.execPath, PROGRAM, 'run', '-c', file], env)
    await until('the daemon answers', async () => answers(daemon, socket))
    const run = async (program: string, words: readonly string[], input?: string) => {
      const options = { env, ...(input === undefined ? {} : { input }) }
      const ended = await lab.run(namespace, [process.execPath, program, ...words], options)
      return { status: ended.code, out: linesOf(ended.stdout), err: linesOf(ended.stderr) }
    }
    return {
      lab,
      socket,
      spawn: (words, stdin) => run(ADM, words, stdin),
      reload: () => run(PROGRAM, ['reload']),
      close: () => lab.close(),
    }
  } catch (error) {
    await lab.close()
    throw error
  }
}

async function answers(daemon: Running, socket: string): Promise<boolean> {
  const ended = daemon.ended()
  if (ended !== undefined) throw new Error(`xlvs run ended with status ${ended}: ${daemon.stderr()}`)
  return (await call(socket, 'status')).ok
}

function wires(): string {
  const numbers = Array.from({ length: 9 }, (_, i) => i + 1)
  const neighbours = numbers.flatMap((i) =>
    [`10.0.2.${i}`, `fd00:2::${i}`].map(
      (address) => `neigh replace ${address} lladdr 02:00:00:00:00:0${i} dev wire nud permanent`,
    ),
  )
  return [
    'link add wire type veth peer name end',
    'link set wire up',
    'link set end up',
    'address add 10.0.2.254/24 dev wire',
    'address add fd00:2::fe/64 dev wire nodad',
    ...neighbours,
    '',
  ].join('\n')
}

/** Of /etc/services, what the sequences name. */
const SERVICES = `http 80/tcp www
kerberos 88/tcp
kerberos 88/udp
https 443/tcp
https 443/udp
domain 53/tcp
domain 53/udp
amqp 5672/tcp
amqp 5672/sctp
echo 7/udp
`

/** `hosts` is text as in /etc/hosts. */
export function namesOf(hosts = ''): Names {
  const entries = hosts.split('\n').map((line) => line.split(' '))
  const name = new Map(entries.map(([address = '', first = '']) => [address, first]))
  return {
    ...systemNames({ services: () => SERVICES }),
    address: async (host) =>
      entries.find(([address, ...names]) => names.includes(host) && !address?.includes(':'))?.[0],
    hosts: async () => name,
  }
}

/** xlvsadm in this process. */
export async function xlvsadm(line: Line, socket: string, names: Names): Promise<Said> {
  let out = ''
  let err = ''
  const status = await main(shellWords(line.args), {
    env: { XLVS_SOCKET: socket },
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    input: async () => line.stdin ?? '',
    names,
  })
  return { status, out: linesOf(out), err: linesOf(err) }
}

/** What a shell makes of blanks and single quotes. */
export function shellWords(text: string): readonly string[] {
  return [...text.matchAll(/'([^']*)'|[^\s']+/g)].map(([word, quoted]) => quoted ?? word)
}
