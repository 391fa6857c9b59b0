// SPDX-License-Identifier: Apache-2.0
// xlvs explain: what would become of a packet, and why; of one made up of words, or of those in a capture.
import { readFile, stat } from 'node:fs/promises'
import type { Command } from 'commander'
import type { ExplainRequest } from '../../api/contract-sight.js'
import { fail, formatProblems, quote, succeed } from '../../model/describe.js'
import { wholeNumber } from '../../model/rules.js'
import type { Outcome } from '../../model/types.js'
import type { Packet, Packets } from '../../pcap/packets.js'
import { readCapture } from '../../pcap/read.js'
import { answer, misused, refuse } from '../answer.js'
import { call } from '../client.js'
import type { Context, ExitCode } from '../context.js'
import { type ExplainOptions, frameRequest, requestOf } from '../explain-words.js'
import { type DaemonOptions, daemonOptions, examples, socketOf } from '../options.js'
import type { Act } from '../verbs.js'
import { explainLines, type PacketRow, packetLines } from '../views/explain.js'

interface Options extends DaemonOptions, ExplainOptions {
  readonly pcap?: string
  readonly packet?: string
}

/** Of a capture: packets without --packet, and bytes. */
const MOST_PACKETS = 1_000
const MOST_BYTES = 64 * 1024 * 1024
/** A frame that was cut is filled up to what the datapath takes. */
const MOST_FRAME = 3_400

export function define(command: Command, context: Context, act: Act): void {
  command
    .argument('[client]', 'where the packet comes from: 198.51.100.7, 198.51.100.7:50000')
    .argument('[vip]', 'where it goes: 192.0.2.10:80')
    .option('--proto <protocol>', 'tcp, udp or sctp (default: tcp)')
    .option('--flags <flag>', 'TCP: syn, ack, fin or rst (default: syn)')
    .option('--iface <name>', 'where it arrives (default: the first interface attached)')
    .option('--what-if <changes>', 'as if: down=192.0.2.21, weight=192.0.2.22:5, several with commas')
    .option('--pcap <file>', 'the packets of a capture instead, a line each')
    .option('--packet <n>', 'of the capture this one, in full')
  examples(
    daemonOptions(command),
    'xlvs explain 198.51.100.7 192.0.2.10:80',
    'xlvs explain 198.51.100.7 192.0.2.10:53 --proto udp --what-if down=192.0.2.21',
    'xlvs explain --pcap lost.pcap --packet 3',
  )
  command.action(
    act((client: string | undefined, vip: string | undefined, options: Options) =>
      options.pcap === undefined
        ? explainWords(context, client, vip, options)
        : explainFile(context, client, options.pcap, options),
    ),
  )
}

async function explainWords(
  context: Context,
  client: string | undefined,
  vip: string | undefined,
  options: Options,
): Promise<ExitCode> {
  if (client === undefined || vip === undefined)
    return misused(context, options, unsaid('which packet is not said'))
  if (options.packet !== undefined) return misused(context, options, unsaid('--packet is for --pcap'))
  const request = requestOf(client, vip, options)
  return request.ok ? inFull(context, options, request.value) : misused(context, options, request)
}

function unsaid(reason: string): Outcome<never> {
  return fail({ reason, fix: 'name client and VIP, or a capture with --pcap: xlvs explain --help' })
}

async function inFull(context: Context, options: Options, request: ExplainRequest): Promise<ExitCode> {
  const outcome = await call(socketOf(options, context), 'explain', {}, request)
  return answer(context, options, outcome, (explanation) => explainLines(explanation, context.look))
}

async function explainFile(
  context: Context,
  client: string | undefined,
  file: string,
  options: Options,
): Promise<ExitCode> {
  const other =
    client !== undefined ? 'client and VIP' : options.proto ? '--proto' : options.flags && '--flags'
  if (other)
    return misused(
      context,
      options,
      fail({ reason: `the capture says ${other} itself`, fix: 'leave them out' }),
    )
  const number = options.packet === undefined ? undefined : wholeNumber(options.packet)
  if (number !== undefined && (typeof number !== 'number' || number < 1))
    return misused(context, options, notNumber(options.packet ?? ''))
  const capture = await captureIn(file, number === undefined ? MOST_PACKETS : Number(number))
  if (!capture.ok) return refuse(context, options, capture.problems)
  return number === undefined
    ? each(context, options, capture.value)
    : one(context, options, file, capture.value, number)
}

function notNumber(text: string): Outcome<never> {
  return fail({ subject: '--packet', reason: `${quote(text)} is no number of a packet`, fix: 'count from 1' })
}

async function captureIn(file: string, most: number): Promise<Outcome<Packets>> {
  try {
    const { size } = await stat(file)
    if (size > MOST_BYTES)
      return fail({
        subject: file,
        reason: `${size} bytes are more than the ${MOST_BYTES} that are read`,
        fix: 'cut it: tcpdump -r FILE -c 1000 -w smaller.pcap',
      })
    return readCapture(await readFile(file), file, most)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${message}`
    return fail({ subject: file, reason, fix: 'name a capture that can be read' })
  }
}

async function one(
  context: Context,
  options: Options,
  file: string,
  { packets }: Packets,
  number: number,
): Promise<ExitCode> {
  const packet = packets[number - 1]
  if (packet === undefined) {
    const reason = `it has ${packets.length} packets, and no ${number}`
    return refuse(context, options, [{ subject: file, reason, fix: 'leave out --packet to see them all' }])
  }
  const request = frameRequest(whole(packet), options)
  if (!request.ok) return misused(context, options, request)
  if (!options.json && packet.length > packet.data.length) context.err(cutText(packet))
  return inFull(context, options, request.value)
}

async function each(context: Context, options: Options, { packets, more }: Packets): Promise<ExitCode> {
  const rows: PacketRow[] = []
  for (const [i, packet] of packets.entries()) {
    const request = frameRequest(whole(packet), options)
    if (!request.ok) return misused(context, options, request)
    const brief = { ...request.value, brief: true }
    const outcome = await call(socketOf(options, context), 'explain', {}, brief)
    if (outcome.ok) rows.push({ number: i + 1, explanation: outcome.value })
    else if (outcome.problems.every(({ subject }) => subject === 'frame'))
      rows.push({ number: i + 1, problem: formatProblems(outcome.problems) })
    else return refuse(context, options, outcome.problems)
  }
  if (more && !options.json) context.err(`only the first ${MOST_PACKETS} packets\n`)
  return answer(context, options, succeed({ rows, more }), (all) => packetLines(all.rows, context.look))
}

/** What was not captured is taken for zeros: the datapath looks at headers only, and at lengths. */
function whole({ data, length }: Packet): Uint8Array {
  if (length <= data.length || length > MOST_FRAME) return data
  const filled = new Uint8Array(length)
  filled.set(data)
  return filled
}

function cutText({ data, length }: Packet): string {
  return length > MOST_FRAME
    ? `note: ${data.length} of its ${length} bytes were captured\n`
    : `note: ${data.length} of its ${length} bytes were captured; the rest is taken for zeros\n`
}
