// SPDX-License-Identifier: Apache-2.0
// Numbers and IPv4 addresses as the C library reads them for ipvsadm (strtol, atoi, inet_aton). Pure.

/** Blanks and a sign may stand before a whole decimal number; undefined if it is none or outside of the range. */
export function decimal(text: string, low: number, high: number): number | undefined {
  if (!/^[ \t\n\v\f\r]*[+-]?[0-9]+$/.test(text)) return undefined
  const value = Number(text)
  return value >= low && value <= high ? value : undefined
}

/** The number a text begins with; 0 if it begins with none. */
export function leading(text: string): number {
  return Number(/^[ \t\n\v\f\r]*([+-]?[0-9]+)/.exec(text)?.[1] ?? 0)
}

/** One to four parts in decimal, 0octal or 0xhex, the last one filling what is left: '10.1' is 10.0.0.1. */
export function dottedQuad(text: string): string | undefined {
  const [address = ''] = text.split(/[ \t\n\v\f\r]/, 1)
  const parts = address.split('.').map(part)
  const last = parts.pop()
  if (last === undefined || parts.length > 3) return undefined
  if (parts.some((one) => one === undefined || one > 255) || last >= 256 ** (4 - parts.length))
    return undefined
  const bytes = Array.from({ length: 4 - parts.length }, (_, i) =>
    Math.floor(last / 256 ** (3 - parts.length - i)),
  )
  return [...parts, ...bytes.map((value) => value % 256)].join('.')
}

function part(text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return Number.parseInt(text, 16)
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8)
  return /^[1-9][0-9]*$/.test(text) ? Number(text) : undefined
}
