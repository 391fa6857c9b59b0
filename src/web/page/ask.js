// SPDX-License-Identifier: Apache-2.0
// A question to the director; what went wrong comes back as a sentence.

/** {ok: true, text} or {ok: false, status, says} */
export async function ask(path, { method = 'GET', body = undefined, token = undefined } = {}) {
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  try {
    const answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'omit',
    })
    const text = await answer.text()
    if (answer.ok) return { ok: true, text }
    return { ok: false, status: answer.status, says: sentences(text) }
  } catch (error) {
    return { ok: false, status: 0, says: `the director does not answer: ${error.message}` }
  }
}

function sentences(text) {
  try {
    return JSON.parse(text)
      .problems.map(({ subject, reason, fix }) =>
        [subject && `${subject}: `, reason, fix && `; ${fix}`].filter(Boolean).join(''),
      )
      .join('. ')
  } catch {
    return text.trim()
  }
}
