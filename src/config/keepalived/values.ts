// SPDX-License-Identifier: Apache-2.0
// What the words behind a keyword may be, judged as keepalived judges them: each check gives a sentence or nothing.
import { parseAddress } from '../../abi/address.js'
import { oneOf, quote } from '../../model/describe.js'

export type Check = (args: readonly string[]) => string | undefined

export const UINT32 = 4_294_967_295

/** As strtoul of decimal digits: spaces before it, a plus and leading zeros are all right. */
export function wholeIn(text: string, low: number, high: number): number | string {
  if (!/^\s*\+?\d+$/.test(text)) return `${quote(text)} is not a whole number`
  const value = Number(text)
  return value < low || value > high ? `${value} is outside of ${low}..${high}` : value
}

export function whole(low: number, high: number): Check {
  return ([text]) => {
    if (text === undefined) return MISSING
    const value = wholeIn(text, low, high)
    return typeof value === 'string' ? value : undefined
  }
}

/** Seconds, with a fraction; `low` is 0 or the smallest time there is. */
export function seconds(low: 0 | 0.000001, high = 18_446_744_073_709): Check {
  return ([text]) => {
    if (text === undefined) return MISSING
    if (!/^\s*\+?(\d+\.?\d*|\.\d+)$/.test(text)) return `${quote(text)} is not a number of seconds`
    const value = Number(text)
    return value < low || value > high ? `${text} s is outside of ${low}..${high}` : undefined
  }
}

const SWITCH = ['on', 'off', 'true', 'false', 'yes', 'no']

/** May stand alone, which means on. */
export const onOff: Check = ([text]) =>
  text === undefined || SWITCH.includes(text) ? undefined : `${quote(text)} is neither on nor off`

export const MISSING = 'its value is missing'
export const some: Check = ([text]) => (text === undefined ? MISSING : undefined)
export const any: Check = () => undefined
export const exactlyOne: Check = (args) => (args.length === 1 ? undefined : 'it takes one value')

export function choice(words: readonly string[], sameCase = true): Check {
  const of = (text: string) => (sameCase ? text : text.toUpperCase())
  return ([text]) => {
    if (text === undefined) return MISSING
    return words.includes(of(text)) ? undefined : `${quote(text)} is not ${oneOf(words)}`
  }
}

export const address: Check = ([text]) => {
  if (text === undefined) return MISSING
  return parseAddress(text) === undefined ? `${quote(text)} is not an IP address` : undefined
}

/** '200', '200-299', several of them. */
export const statusCodes: Check = (args) => {
  if (args.length === 0) return MISSING
  const wrong = args.find((text) => {
    const [, from = '', to = from] = /^(\d{3})(?:-(\d{3}))?$/.exec(text) ?? []
    return !(from >= '100' && to <= '599' && from <= to)
  })
  return wrong === undefined ? undefined : `${quote(wrong)} is not a status code from 100 to 599`
}

export const digest: Check = ([text]) => {
  if (text === undefined) return MISSING
  return /^[0-9a-f]{32}$/i.test(text) ? undefined : `${quote(text)} is not 32 hexadecimal digits`
}

const notHex = (words: readonly string[]) => `${quote(words.join(' '))} is not bytes in hexadecimal`

export const hexBytes: Check = (args) => {
  if (args.length === 0) return MISSING
  return args.every((text) => /^[0-9a-f\s]+$/i.test(text)) ? undefined : notHex(args)
}

/** None at all, or bytes with an X where anything may stand. */
export const openBytes: Check = (args) =>
  args.every((text) => /^[0-9a-fx\s]+$/i.test(text)) ? undefined : notHex(args)

/** '.', or labels of at most 63 characters between dots. */
export const domain: Check = ([text]) => {
  if (text === undefined) return MISSING
  const labels = text === '.' ? [] : text.replace(/\.$/, '').split('.')
  const wrong = labels.find((label) => label === '' || label.length > 63)
  return wrong === undefined
    ? undefined
    : `${quote(text)} has an empty label, or one of more than 63 characters`
}
