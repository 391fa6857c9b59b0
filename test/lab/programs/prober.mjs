// SPDX-License-Identifier: Apache-2.0
// The datapath's probes in a director's network namespace, and the sockets that use them: commands come in as lines of
// JSON, answers go out the same way. An answer of a socket is what it was told, or the code of its error, or 'silence'.
import { createSocket } from 'node:dgram'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openProbes } from '../../../dist/datapath/probes.js'

let probes

const commands = {
  open(options) {
    const outcome = openProbes(options)
    if (outcome.ok) probes = outcome.value
    return outcome.ok ? { ok: true } : outcome
  },
  attach: (interfaces) => probes.attach(interfaces),
  target: (vip, real) => probes.target(vip, real),
  release: (mark) => probes.release(mark),
  displaced: () => probes.displaced(),
  close: () => probes.close(),
  /** also the port that was used */
  tcp({ mark, address, port, localAddress, localPort, patience = 20_000 }) {
    const socket =
      mark === undefined
        ? new Socket()
        : new Socket({ fd: descriptor('tcp', address, mark), manualStart: true })
    socket.connect({ host: address, port, localAddress, localPort })
    let said = ''
    let used = 0
    socket.setEncoding('utf8').on('data', (text) => (said += text))
    socket.on('connect', () => (used = socket.localPort))
    return answered(socket, patience, (tell) => {
      socket.on('end', () => tell({ said, used }))
      return () => (socket.connecting ? socket.destroy() : socket.resetAndDestroy())
    })
  },
  udp: ({ mark, address, port, localAddress, patience = 20_000 }) =>
    datagram(
      { address, port, patience, fd: descriptor('udp', address, mark, localAddress), message: 'who?' },
      (it) => it.toString(),
    ),
  /** type, sequence and payload of what came back */
  ping({ mark, address, sequence, patience = 20_000 }) {
    const message = Uint8Array.of(address.includes(':') ? 128 : 8, 0, 0, 0, 0, 0, 0, sequence, 1, 2, 3)
    const read = (it) => [it[0], ...it.subarray(6)]
    return datagram({ address, port: 1, patience, fd: descriptor('icmp', address, mark), message }, read)
  },
  /** every sysctl of this network namespace */
  sysctls: () => Object.fromEntries(valuesUnder('/proc/sys/net')),
}

function descriptor(type, address, mark, from) {
  const spec = { family: address.includes(':') ? 6 : 4, type }
  const made = probes.socket({
    ...spec,
    ...(mark !== undefined && { mark }),
    ...(from && { bind: { address: from } }),
  })
  if (!made.ok) throw new Error(JSON.stringify(made.problems))
  return made.value
}

function datagram({ address, port, patience, fd, message }, read) {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.bind({ fd, exclusive: true })
  socket.connect(port, address, () => socket.send(message))
  return answered(socket, patience, (tell) => {
    socket.on('message', (answer) => tell({ said: read(answer) }))
    return () => socket.close()
  })
}

function answered(socket, patience, listen) {
  return new Promise((resolve) => {
    const tell = (answer) => {
      clearTimeout(timer)
      end()
      resolve(answer)
    }
    const timer = setTimeout(() => tell({ said: 'silence' }), patience)
    socket.on('error', (error) => tell({ said: error.code }))
    const end = listen(tell)
  })
}

function* valuesUnder(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) yield* valuesUnder(path)
    else if ((statSync(path).mode & 0o444) !== 0) yield [path, read(path)]
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    return error.code
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...args] = JSON.parse(line)
  let answer
  try {
    answer = { value: await commands[name](...args) }
  } catch (error) {
    answer = { thrown: String(error?.stack ?? error) }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
