// SPDX-License-Identifier: Apache-2.0
// How the programs of the traffic are spoken to: one word on a Unix socket, one line of JSON back.
import { connect, createServer } from 'node:net'

/** What a program does when it is told a word; what it returns is the answer. */
export type Words = Readonly<Record<string, () => unknown>>

export function listenTo(path: string, words: Words): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.setEncoding('utf8').once('data', async (word: string) => {
      const act = words[word.trim()]
      socket.end(`${JSON.stringify((await act?.()) ?? null)}\n`)
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(path, resolve)
  })
}

export function tell<T>(path: string, word: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(`${word}\n`))
    let text = ''
    socket.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    socket.on('error', (error) => reject(new Error(`${path} does not answer "${word}": ${error.message}`)))
    socket.on('close', () => {
      if (text.endsWith('\n')) resolve(JSON.parse(text) as T)
      else reject(new Error(`${path} ended before it answered "${word}"`))
    })
  })
}
