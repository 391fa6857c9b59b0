// SPDX-License-Identifier: Apache-2.0
// `$NAME=value` and what stands for it: one line of text, or several that were joined by backslashes.

export type Parameters = Map<string, readonly string[]>

export interface Definition {
  readonly name: string
  readonly value: string
}

/** No space may stand before the `=`; the rest of the line is the value, spaces around it apart. */
export function readDefinition(text: string): Definition | undefined {
  const match = /^\$([A-Za-z_]\w*)=(.*)$/s.exec(text)
  return match === null ? undefined : { name: match[1] as string, value: (match[2] as string).trim() }
}

const USE = /\$\{([A-Za-z_]\w*)(?:\s+([0-9 ]+))?\}|\$([A-Za-z_]\w*)(?=\s|$)/

/**
 * The lines that a line becomes when the first known parameter in it is put in; undefined when there is none.
 * Unknown ones stay as they are, as in keepalived.
 */
export function substitute(
  text: string,
  parameters: Parameters,
  own: (name: string) => string | undefined,
): readonly string[] | undefined {
  for (const match of text.matchAll(new RegExp(USE, 'g'))) {
    const name = (match[1] ?? match[3]) as string
    const special = own(name)
    const value = special === undefined ? parameters.get(name) : [special]
    if (value === undefined) continue
    const [before, after] = [text.slice(0, match.index), text.slice(match.index + match[0].length)]
    return value.map((line, i) => (i === 0 ? before : '') + line + (i === value.length - 1 ? after : ''))
  }
  return undefined
}
