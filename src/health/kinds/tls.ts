// SPDX-License-Identifier: Apache-2.0
// Is a TLS handshake finished? With `verify`, by a certificate that this system trusts.
import type { TlsCheck } from '../../model/checks.js'
import { connected, secured } from './connection.js'
import { asks } from './question.js'

export const askTls = asks<TlsCheck>(async (question) => {
  await secured(question, await connected(question))
  return {}
})
