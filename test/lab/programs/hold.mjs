// SPDX-License-Identifier: Apache-2.0
// Opens connections one after the other and asks on each again and again, never reconnecting:
//   node hold.mjs http://192.0.2.10/ | udp://192.0.2.10:53  FLOWS EVERY_MS
// Prints a JSON line every 50 ms: who answers on each, and what was asked and failed.
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const PATIENCE = 5_000
const [word, flows, every] = process.argv.slice(2)
const url = new URL(word)
const host = url.hostname.replace(/^\[|\]$/g, '')
const open = url.protocol === 'udp:' ? openDatagrams : openConnection
const names = []
const counts = { asked: 0, answered: 0, failed: 0, moved: 0 }
const failures = {}

const asks = []
for (let i = 0; i < Number(flows); i++) {
  const ask = await open()
  names.push(await ask())
  asks.push(ask)
}
setInterval(print, 50)
print()
await Promise.all(asks.map(askOn))

async function askOn(ask, flow) {
  for (;;) {
    await sleep(Number(every))
    counts.asked++
    try {
      const name = await ask()
      counts.answered++
      if (name !== names[flow]) counts.moved++
    } catch (error) {
      counts.failed++
      const why = error.code ?? error.message
      failures[why] = (failures[why] ?? 0) + 1
    }
  }
}

function print() {
  process.stdout.write(`${JSON.stringify({ names, ...counts, failures })}\n`)
}

function openConnection() {
  const socket = connect({ host, port: Number(url.port || 80), noDelay: true })
  let text = ''
  const over = new Promise((_, reject) => {
    socket.on('error', reject).on('close', () => reject(new Error('CLOSED')))
  })
  over.catch(() => {})
  const question = `GET ${url.pathname} HTTP/1.1\r\nhost: ${host}\r\n\r\n`
  const answer = () =>
    new Promise((resolve) => {
      socket.removeAllListeners('data').on('data', (piece) => {
        text += piece
        const whole = /^HTTP\/1\.1 200 [\s\S]*?\r\n\r\n\w+\n/.exec(text)?.[0]
        if (whole === undefined) return
        text = text.slice(whole.length)
        resolve(/x-server: (\w+)/i.exec(whole)[1])
      })
      socket.write(question)
    })
  return new Promise((resolve, reject) => {
    socket.once('error', reject).once('connect', () => resolve(() => soon(Promise.race([over, answer()]))))
  })
}

function openDatagrams() {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  const answer = () =>
    new Promise((resolve, reject) => {
      socket.removeAllListeners('message').once('message', (message) => resolve(String(message)))
      socket.send('?', (error) => error && reject(error))
    })
  return new Promise((resolve) => {
    socket.connect(Number(url.port), host, () => resolve(() => soon(answer())))
  })
}

function soon(answer) {
  const patience = new AbortController()
  const late = sleep(PATIENCE, undefined, { signal: patience.signal }).then(() => {
    throw new Error('TIMEOUT')
  })
  late.catch(() => {})
  return Promise.race([answer, late]).finally(() => patience.abort())
}
