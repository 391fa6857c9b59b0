// SPDX-License-Identifier: Apache-2.0
// A list that changes while it is read. The kernel hands a long table over in pieces and may skip or repeat entries
// when it changes in between; it flags that, and the list must be read anew.
import { spawn } from 'node:child_process'
import { afterAll, expect, test } from 'vitest'
import { addressDump } from '../src/route/address.js'
import { RouteSocket } from '../src/route/index.js'
import { type NetlinkSocket, openNetlink } from '../src/route/native-socket.js'
import { encodeMessage, messagesIn, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST } from '../src/route/wire.js'
import { TestNamespace } from './namespace.js'

const NLMSG_DONE = 3
const STABLE = 2000

const namespace = new TestNamespace()
afterAll(() => namespace.close())

/**
 * Adds and deletes an address again and again, with pauses long enough for a list to get through at times. One of
 * scope host goes before the global ones, so that each change moves all others by a place.
 */
function churn(): { stop(): Promise<void> } {
  const loop = `while ip addr add 10.9.0.1/32 scope host dev lo && sleep 0.002 && ip addr del 10.9.0.1/32 dev lo; do sleep 0.004; done`
  const child = spawn('ip', ['netns', 'exec', namespace.name, 'bash', '-c', loop], {
    detached: true,
    stdio: 'ignore',
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    stop() {
      if (child.pid !== undefined) process.kill(-child.pid)
      return ended
    },
  }
}

/** Whether one plain dump was flagged as interrupted. */
function plainDump(): Promise<boolean> {
  return new Promise((resolve) => {
    let flagged = false
    const socket: NetlinkSocket = openNetlink(0, 1 << 20, take, namespace.path)
    function take(bytes: Uint8Array = new Uint8Array()): void {
      for (const message of messagesIn(bytes)) {
        flagged ||= (message.flags & NLM_F_DUMP_INTR) !== 0
        if (message.type !== NLMSG_DONE) continue
        socket.close()
        resolve(flagged)
      }
    }
    socket.send(encodeMessage(addressDump.type, NLM_F_REQUEST | NLM_F_DUMP, 1, addressDump.header, []))
  })
}

test('a list is whole, and names each entry once, however often its table changes meanwhile', async () => {
  const batch = Array.from({ length: STABLE }, (_, i) => `addr add 10.8.${i >> 8}.${i & 255}/32 dev lo`).join(
    '\\n',
  )
  namespace.exec('bash', '-c', `printf '${batch}\\n' | ip -batch -`)
  const socket = RouteSocket.open({ namespace: namespace.path })
  const changes = churn()
  try {
    let interrupted = 0
    for (let round = 0; round < 60; round++) {
      if (await plainDump()) interrupted += 1
      const listed = (await socket.addresses()).map((entry) => entry.address)
      expect(new Set(listed).size).toBe(listed.length)
      expect(listed.filter((address) => address.startsWith('10.8.'))).toHaveLength(STABLE)
    }
    expect(interrupted).toBeGreaterThan(0)
  } finally {
    await changes.stop()
    socket.close()
  }
})
