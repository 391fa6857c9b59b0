// SPDX-License-Identifier: Apache-2.0
// Names and addresses, as several parts of the file have them.
import { hostFault, nameFault } from '../model/rules.js'
import { parseRealAddress } from '../model/words.js'
import * as patterns from './patterns.js'
import { first, text } from './schema-words.js'

export const name = text('name', '"web"', nameFault, {
  id: 'name',
  description: 'for people and metrics; no meaning of its own',
  pattern: patterns.NAME_PATTERN,
})

export const realAddress = text('address', '192.0.2.21', (value) => first(parseRealAddress(value)), {
  id: 'realAddress',
  description: 'address of a real server; a port only for a mark, or when it is the one of the service',
  pattern: patterns.REAL_PATTERN,
  examples: ['192.0.2.21', '2001:db8::21'],
})

/** The address of one host, without a port. */
export function hostAddress(word: string, named: string, description: string) {
  return text(word, '192.0.2.10', (value) => hostFault(named, value), {
    description,
    pattern: patterns.ADDRESS_PATTERN,
    examples: ['192.0.2.10', '2001:db8::1'],
  })
}
