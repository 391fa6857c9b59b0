// SPDX-License-Identifier: Apache-2.0
// Is a TCP connection taken?
import type { TcpCheck } from '../../model/checks.js'
import { connected } from './connection.js'
import { asks } from './question.js'

export const askTcp = asks<TcpCheck>(async (question) => {
  await connected(question)
  return {}
})
