// SPDX-License-Identifier: Apache-2.0
// C names -> TypeScript names, by three rules that need no look at the output:
//   types        struct xlvs_conn4_set   -> Conn4Set       prefix off, each word capital
//   enumerators  XLVS_PASS_NOT_IP        -> PASS_NOT_IP    prefix (in capitals) off, the rest untouched
//   members      client_port             -> clientPort     each word but the first capital
// A prefix is taken off once, at the start, and stays where what is left would not be a name.
import { GenTypesError } from './error.js'

/** Names that generated code uses itself. */
const TAKEN = new Set(['DataView', 'Uint8Array', 'Readonly', 'Record', 'RangeError', 'Array', 'String'])

/** Name of the interface or enum object for struct or enum `name`. Throws when generated code could not use it. */
export function typeName(name: string, prefix: string): string {
  const words = strip(name, prefix)
    .split('_')
    .filter((word) => word !== '')
  const pascal = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
  if (TAKEN.has(pascal))
    throw new GenTypesError(`${name} would become ${pascal}, which the generated code needs itself`)
  return pascal
}

/** Key of an enumerator in its enum object. */
export function enumeratorName(name: string, prefix: string): string {
  return strip(name, prefix.toUpperCase())
}

/** Property for the struct member `name`. */
export function memberName(name: string): string {
  const [first = name, ...rest] = name.split('_').filter((word) => word !== '')
  return first + rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

function strip(name: string, prefix: string): string {
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : name
  return /^[A-Za-z_]/.test(rest) ? rest : name
}

/** Throws when two of `names` (generated from -> generated name) are equal. */
export function refuseDoubles(names: Iterable<readonly [from: string, name: string]>, where: string): void {
  const seen = new Map<string, string>()
  for (const [from, name] of names) {
    const other = seen.get(name)
    if (other !== undefined)
      throw new GenTypesError(`${where}: ${other} and ${from} would both become ${name}`)
    seen.set(name, from)
  }
}
