// SPDX-License-Identifier: Apache-2.0
// Is a TLS handshake finished? With `verify`, by a certificate that this system trusts.
import type { TlsCheck } from '../../model/checks.js'
import { connected, secured } from './connection.js'
import { asks } from './question.js'

export const askTls = asks<TlsCheck>(async (question) => {
  const secure = await secured(question, await connected(question))
  await new Promise<void>((resolve) => secure.end(resolve)) // the server sees its handshake end as well, not break
  return {}
})
