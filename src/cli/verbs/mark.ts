// SPDX-License-Identifier: Apache-2.0
// xlvs mark add|remove|show: which ports of a VIP carry which number, so that a service of that mark takes them all.
import type { Command } from 'commander'
import type { Listing } from '../../api/contract.js'
import { readMarkName } from '../../api/parse.js'
import { fail, succeed } from '../../model/describe.js'
import { markText } from '../../model/marks.js'
import { portsText } from '../../model/ports.js'
import type { MarkRule, Outcome } from '../../model/types.js'
import { parseMark } from '../../model/words.js'
import { answer, misused } from '../answer.js'
import { change } from '../change.js'
import { call } from '../client.js'
import type { Context } from '../context.js'
import { type DaemonOptions, daemonOptions, examples, socketOf } from '../options.js'
import type { Act } from '../verbs.js'
import { marksLines } from '../views/settings.js'

const ADD = 'xlvs mark add --vip 192.0.2.10 --proto tcp --ports 80,443 --set-mark 6'

export function define(command: Command, context: Context, act: Act): void {
  examples(command, ADD, 'xlvs add service --mark 6 --to 192.0.2.21,192.0.2.22 --persistence 300')
  const add = ports(command.command('add').description('give packets to these ports a mark'))
  add.option('--set-mark <n>', '1..4294967295')
  examples(daemonOptions(add), ADD)
  add.action(act((options: Options) => addMark(context, options)))
  const remove = ports(command.command('remove').description('take the mark from these ports'))
  examples(daemonOptions(remove), 'xlvs mark remove --vip 192.0.2.10 --ports 443')
  remove.action(act((options: Options) => removeMark(context, options)))
  const show = command.command('show').description('which ports carry which mark')
  examples(daemonOptions(show), 'xlvs mark show')
  show.action(
    act(async (options: DaemonOptions) =>
      answer(context, options, await call(socketOf(options, context), 'marks'), (found) => {
        const { rows } = found as Listing<MarkRule>
        return rows.length > 0 ? marksLines(rows, context.look) : ['no marks']
      }),
    ),
  )
}

function ports(command: Command): Command {
  return command
    .option('--vip <address>', 'the address that clients use')
    .option('--proto <name>', 'tcp, udp or sctp', 'tcp')
    .option('--ports <ports>', '80,443,1000:2000')
}

interface Options extends DaemonOptions {
  readonly vip?: string
  readonly proto: string
  readonly ports?: string
  readonly setMark?: string
}

function addMark(context: Context, options: Options) {
  const name = nameOf(options)
  const mark =
    options.setMark === undefined ? missing('--set-mark') : parseMark(options.setMark, '--set-mark')
  if (!name.ok || !mark.ok) return misused(context, options, name, mark)
  const body = { ...name.value, mark: mark.value }
  return change(context, options, 'addMark', {}, body, `${textOf(name.value)} carries mark ${mark.value}`)
}

function removeMark(context: Context, options: Options) {
  const name = nameOf(options)
  if (!name.ok) return misused(context, options, name)
  const { vip, protocol, ports: ranges } = name.value
  const params = { vip, protocol, ports: portsText(ranges) }
  return change(context, options, 'removeMark', params, undefined, `${textOf(name.value)} carries no mark`)
}

type Ports = Pick<MarkRule, 'vip' | 'protocol' | 'ports'>

function nameOf({ vip, proto, ports: text }: Options): Outcome<Ports> {
  if (vip === undefined) return missing('--vip')
  if (text === undefined) return missing('--ports')
  const name = readMarkName({ vip, protocol: proto, ports: text })
  return name.ok ? succeed(name.value as Ports) : name
}

function textOf(name: Ports): string {
  return markText(name)
}

function missing(option: string): Outcome<never> {
  return fail({ reason: `${option} is missing`, fix: `write it like: ${ADD}` })
}
