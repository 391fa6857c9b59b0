// SPDX-License-Identifier: Apache-2.0
// Checkers of a real server -> xlvs's checks, addressed to the real server itself as keepalived's are.
import { canonicalAddress } from '../../abi/address.js'
import { REPLY_BYTES } from '../../model/check-values.js'
import type { Check, CheckCommon, DnsCheck } from '../../model/checks.js'
import { CHECKERS, CONNECTION } from './grammar.js'
import { httpChecks } from './http-check.js'
import { rightOnes } from './judge.js'
import { type Levels, paceOf } from './pace.js'
import { readProgram } from './programs.js'
import { lastOf } from './real-server.js'
import type { Remarks } from './remarks.js'
import type { RealServer, ScriptUser, VirtualServer } from './servers.js'
import type { Statement } from './tree.js'

/** One checker, and what stands around it. */
export interface Checker {
  readonly line: Statement
  /** what is right in its block */
  readonly block: readonly Statement[]
  readonly levels: Levels
  readonly real: RealServer
  readonly scriptUser?: ScriptUser
  readonly common: CheckCommon
  readonly remarks: Remarks
}

type Convert = (checker: Checker) => readonly Check[]

const CONVERT: Readonly<Record<string, Convert>> = {
  TCP_CHECK: ({ common }) => [{ kind: 'tcp', ...common }],
  PING_CHECK: pingChecks,
  DNS_CHECK: dnsChecks,
  UDP_CHECK: udpChecks,
  SMTP_CHECK: smtpChecks,
  HTTP_GET: httpChecks,
  SSL_GET: httpChecks,
  MISC_CHECK: scriptChecks,
  BFD_CHECK: ({ line, remarks }) => cannot(line, 'xlvs has no BFD', remarks),
  FILE_CHECK: ({ line, remarks }) => cannot(line, 'xlvs tracks no files', remarks),
}

export function checksOf(
  real: RealServer,
  server: VirtualServer,
  scriptUser: ScriptUser | undefined,
  remarks: Remarks,
): readonly Check[] {
  return real.health.flatMap((line) => {
    const [convert, keyword] = [CONVERT[line.keyword], CHECKERS[line.keyword]]
    if (convert === undefined || typeof keyword?.block !== 'object') return []
    const block = rightOnes(line.block ?? [], keyword.block)
    const levels = [block, real.health, server.health]
    const pace = paceOf(line.keyword, levels, remarks)
    const common: CheckCommon = { ...pace, via: 'real', ...connectionOf(block, real) }
    const user = scriptUser === undefined ? {} : { scriptUser }
    return convert({ line, block, levels, real, common, remarks, ...user })
  })
}

function connectionOf(block: readonly Statement[], real: RealServer) {
  const text = (keyword: string) => lastOf(block, keyword)?.args[0]
  const number = (keyword: string) => Number(text(keyword) ?? 0)
  const [address, bind] = ['connect_ip', 'bindto'].map((keyword) => canonicalAddress(text(keyword) ?? ''))
  const port = number('connect_port') || real.port
  const bindPort = number('bind_port')
  return {
    ...(address === undefined || address === real.address ? {} : { address }),
    ...(port === 0 ? {} : { port }),
    ...(bind === undefined ? {} : { bind }),
    ...(bindPort === 0 ? {} : { bindPort }),
  }
}

function pingChecks({ block, common, remarks }: Checker): readonly Check[] {
  const { port: _, bindPort: __, ...rest } = common
  for (const line of block)
    if (/^(?:connect|bind)_port$/.test(line.keyword)) remarks.ignored(line, 'nothing', 'ICMP has no ports')
  return [{ kind: 'icmp', ...rest }]
}

function dnsChecks({ block, common }: Checker): readonly Check[] {
  const type = (lastOf(block, 'type')?.args[0] ?? 'SOA').toUpperCase() as DnsCheck['type']
  return [{ kind: 'dns', ...common, type, name: lastOf(block, 'name')?.args[0] ?? '.' }]
}

function udpChecks({ line, block, common, remarks }: Checker): readonly Check[] {
  const [payload, reply] = [lastOf(block, 'payload'), lastOf(block, 'require_reply')]
  const number = (keyword: string, standard: number) =>
    Math.min(REPLY_BYTES[1], Number(lastOf(block, keyword)?.args[0] ?? standard))
  const [least, most] = [number('min_reply_length', 0), number('max_reply_length', 255)]
  if (least > most)
    remarks.cannot(lastOf(block, 'min_reply_length') ?? line, {
      reason: `min_reply_length ${least} is above max_reply_length ${most}: no reply is good`,
      fix: 'raise max_reply_length',
      objection: true,
    })
  const wanted = bytesOf(reply?.args ?? [])
  const pattern = wanted.map((byte) => (byte.includes('x') ? '??' : byte)).join('')
  if (reply !== undefined && wanted.some((byte) => byte.includes('x') && byte !== 'xx'))
    remarks.adjusted(reply, { reason: 'half a byte that is left open becomes a whole one' })
  return [
    {
      kind: 'udp',
      ...common,
      ...(payload === undefined ? {} : { payload: bytesOf(payload.args).join('') }),
      ...(reply === undefined ? {} : { requireReply: true, maxReply: most }),
      ...(pattern === '' ? {} : { reply: pattern }),
      ...(reply === undefined || least === 0 ? {} : { minReply: least }),
    },
  ]
}

/** 'Ab12f 3 456' is ab 12 0f 03 45 06: two digits a byte, and a last one alone is a byte too. */
function bytesOf(words: readonly string[]): readonly string[] {
  return words
    .flatMap((word) => word.split(/\s+/))
    .flatMap((word) => word.toLowerCase().match(/..?/g) ?? [])
    .map((digits) => digits.padStart(2, '0'))
}

/** Each of its hosts is one check of its own. */
function smtpChecks({ line, block, real, common, remarks }: Checker): readonly Check[] {
  remarks.adjusted(line, { reason: 'becomes a TCP check: xlvs does not speak SMTP' })
  const hosts = block.filter(({ keyword }) => keyword === 'host')
  if (hosts.length === 0) return [{ kind: 'tcp', ...common }]
  const { address: _, port: __, bind: ___, bindPort: ____, ...rest } = common
  return hosts.map((host) => {
    const inner = rightOnes(host.block ?? [], CONNECTION)
    return { kind: 'tcp', ...rest, ...connectionOf(inner, real) }
  })
}

function scriptChecks({ block, scriptUser, common, remarks }: Checker): readonly Check[] {
  const line = lastOf(block, 'misc_path')
  const command = line && readProgram(line, remarks)
  if (line === undefined || command === undefined) return []
  const said = lastOf(block, 'user')?.args
  const [user, group] = said ?? [scriptUser?.user, scriptUser?.group]
  if (user === undefined)
    remarks.adjusted(line, {
      reason: 'runs as nobody; keepalived runs it as keepalived_script, or as root',
      fix: 'write user, or script_user in global_defs',
    })
  const dynamic = lastOf(block, 'misc_dynamic') !== undefined
  const { port, ...rest } = common
  return [
    {
      kind: 'script',
      ...rest,
      ...(port === undefined ? {} : { port }),
      command,
      ...(user === undefined ? {} : { user }),
      ...(group === undefined ? {} : { group }),
      ...(dynamic ? { dynamicWeight: true } : {}),
    },
  ]
}

function cannot(line: Statement, reason: string, remarks: Remarks): readonly Check[] {
  remarks.cannot(line, { reason, fix: 'use another checker' })
  return []
}
