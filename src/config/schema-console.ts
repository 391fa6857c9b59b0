// SPDX-License-Identifier: Apache-2.0
// The web console, in the file.
import { hostNameFault } from '../model/console.js'
import { pathFault } from '../model/rules.js'
import * as patterns from './patterns.js'
import { list, map, text } from './schema-words.js'

const host = text('host', 'lb.example.net', hostNameFault, {
  description: 'a name under which browsers may ask for the console, beside those of this host',
  pattern: patterns.HOST_PATTERN,
  examples: ['lb.example.net'],
})

export const webConsole = map('console', {
  'token-file': text('token-file', '/etc/xlvs/token', (value) => pathFault('token-file', value), {
    description: 'the secret that opens drain, undrain and weights; without it the console only shows',
    pattern: patterns.PATH_PATTERN,
    examples: ['/etc/xlvs/token'],
  }).optional(),
  hosts: list('hosts', host, 'write a list: [lb.example.net]').optional(),
})
