// SPDX-License-Identifier: Apache-2.0
// One real_server block, and the words that it shares with its virtual server.
import { canonicalAddress, familyOf, parseAddress } from '../../abi/address.js'
import { quote } from '../../model/describe.js'
import { REAL_SERVER } from './grammar.js'
import { judge, lineOf } from './judge.js'
import type { Remarks } from './remarks.js'
import type { Method, RealServer, Said } from './servers.js'
import { readPort } from './target.js'
import type { Statement } from './tree.js'
import { UINT32, wholeIn } from './values.js'

export const MOST_WEIGHT = 2_147_483_647

/** `weight` is what counts when it says none. */
export function readRealServer(
  statement: Statement,
  weight: number,
  remarks: Remarks,
): RealServer | undefined {
  const lines = judge(statement.block ?? [], REAL_SERVER, remarks)
  const spot = lineOf(statement)
  const [text = '', portText] = statement.args
  const port = readPort(portText)
  const reason =
    parseAddress(text) === undefined
      ? `${quote(text)} is not an IP address`
      : typeof port === 'string'
        ? `port ${port}`
        : undefined
  if (reason !== undefined || typeof port === 'string') {
    remarks.cannot(spot, {
      reason: `real_server: ${reason}`,
      fix: 'write real_server ADDRESS PORT',
      objection: true,
    })
    return undefined
  }
  const number = (word: string, most: number) =>
    lastGood(lines, [word], (line) => readNumber(line, 0, most, remarks))
  const method = lastGood(lines, ['lvs_method'], (line) => readMethod(line, remarks))
  const [upper, lower] = [number('uthreshold', UINT32), number('lthreshold', UINT32)]
  return {
    spot,
    address: canonicalAddress(text) ?? text,
    family: familyOf(text),
    port,
    weight: number('weight', MOST_WEIGHT)?.value ?? weight,
    ...(method === undefined ? {} : { method }),
    ...(upper === undefined ? {} : { upper }),
    ...(lower === undefined ? {} : { lower }),
    health: lines.filter(({ keyword }) => REAL_SERVER[keyword]?.health),
  }
}

/** keepalived lets the last of several lines win, silently; but each of them must be right. */
export function lastGood<T>(
  lines: readonly Statement[],
  keywords: readonly string[],
  reader: (line: Statement) => T | undefined,
): T | undefined {
  return lines
    .filter(({ keyword }) => keywords.includes(keyword))
    .map(reader)
    .findLast((value) => value !== undefined)
}

export function lastOf(lines: readonly Statement[], ...keywords: readonly string[]): Statement | undefined {
  return lines.findLast(({ keyword }) => keywords.includes(keyword))
}

export function readNumber(
  line: Statement,
  least: number,
  most: number,
  remarks: Remarks,
): Said<number> | undefined {
  const value = wholeIn(line.args[0] as string, least, most)
  if (typeof value === 'number') return { value, spot: lineOf(line) }
  remarks.cannot(line, {
    reason: `${line.keyword} ${value}`,
    fix: `use ${least}..${most}`,
    objection: true,
  })
  return undefined
}

const TUNNELS = /^type (ipip|gre|gue port \d+)( nocsum| csum| remcsum)?$/

/** NAT, DR, or TUN with what kind of tunnel it is. */
export function readMethod(statement: Statement, remarks: Remarks): Said<Method> | undefined {
  const [word = '', ...rest] = statement.args
  const known = word === 'NAT' || word === 'DR' || word === 'TUN'
  const option = rest.join(' ')
  if (known && (option === '' || (word === 'TUN' && TUNNELS.test(option))))
    return { value: word, spot: lineOf(statement) }
  const reason = known
    ? `${word} does not take ${quote(option)}`
    : `${quote(word)} is not a forwarding method`
  remarks.cannot(statement, { reason, fix: 'write DR', objection: true })
  return undefined
}
