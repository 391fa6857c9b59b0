// SPDX-License-Identifier: Apache-2.0
// HTTP_GET and SSL_GET -> http and https checks. A check has one host, so URLs of several hosts are several checks.
import { regexFault } from '../../model/check-values.js'
import type { Check, HttpAsk } from '../../model/checks.js'
import type { Checker } from './checkers.js'
import { URL } from './grammar.js'
import { rightOnes } from './judge.js'
import { inherited } from './pace.js'
import { lastOf } from './real-server.js'
import type { Remarks } from './remarks.js'
import type { Statement } from './tree.js'

interface Asked {
  readonly host: string | undefined
  readonly ask: HttpAsk
}

export function httpChecks({ line, block, levels, common, remarks }: Checker): readonly Check[] {
  const usual = inherited(levels, 'virtualhost')?.args[0]
  const asked = block
    .filter(({ keyword }) => keyword === 'url')
    .map(({ block: words = [] }): Asked => {
      const url = rightOnes(words, URL)
      return { host: lastOf(url, 'virtualhost')?.args[0] ?? usual, ask: askOf(url, remarks) }
    })
  if (asked.some(({ host }) => host === undefined))
    remarks.adjusted(line, {
      reason:
        "without virtualhost the Host header is the VIP, where keepalived has the real server's address",
      fix: 'write virtualhost',
    })
  const protocol = lastOf(block, 'http_protocol')?.args[0]
  const words = {
    version: protocol === '1.1' ? ('1.1' as const) : ('1.0' as const),
    ...(protocol === '1.0C' ? { headers: { Connection: 'close' } } : {}),
  }
  const sni = line.keyword === 'SSL_GET' && lastOf(block, 'enable_sni') !== undefined
  return byHost(asked).map(([host, asks]): Check => {
    const check = { ...common, asks, ...words, ...(host === undefined ? {} : { host }) }
    if (line.keyword === 'HTTP_GET') return { kind: 'http', ...check }
    return { kind: 'https', ...check, ...(sni && host !== undefined ? { sni: host } : {}) }
  })
}

function byHost(asked: readonly Asked[]): readonly (readonly [string | undefined, readonly HttpAsk[]])[] {
  const hosts = [...new Set(asked.map(({ host }) => host))]
  return hosts.map((host) => [host, asked.filter((one) => one.host === host).map(({ ask }) => ask)])
}

/** keepalived wants 200-299 beside a digest or an expression too. */
function askOf(url: readonly Statement[], remarks: Remarks): HttpAsk {
  const [path, codes, digest] = [lastOf(url, 'path'), lastOf(url, 'status_code'), lastOf(url, 'digest')]
  const body = bodyOf(url, remarks)
  const more = digest !== undefined || body !== undefined
  const status = codes === undefined ? (more ? [[200, 299] as const] : undefined) : codes.args.map(rangeOf)
  return {
    path: path?.args[0] ?? '/',
    method: 'GET',
    ...(status === undefined ? {} : { status }),
    ...(body === undefined ? {} : { body: { matches: body } }),
    ...(digest === undefined ? {} : { digest: (digest.args[0] as string).toLowerCase() }),
  }
}

function rangeOf(text: string): readonly [number, number] {
  const [first = '', last = first] = text.split('-')
  return [Number(first), Number(last)]
}

function bodyOf(url: readonly Statement[], remarks: Remarks): string | undefined {
  const regex = lastOf(url, 'regex')
  if (regex === undefined) return undefined
  for (const line of url) {
    if (line.keyword === 'regex_no_match')
      remarks.cannot(line, {
        reason: 'xlvs cannot ask that a body does not match',
        fix: 'turn the expression round',
      })
    else if (line.keyword === 'regex_options')
      remarks.cannot(line, { reason: 'expressions of xlvs have no options', fix: 'write it without' })
    else if (/^regex_(?:min|max)_offset$/.test(line.keyword))
      remarks.adjusted(line, { reason: 'the whole body is searched' })
  }
  const text = regex.args[0] as string
  const fault = regexFault(text, 'regex')
  if (fault === undefined) return text
  remarks.cannot(regex, fault)
  return undefined
}
