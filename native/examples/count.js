// SPDX-License-Identifier: Apache-2.0
// Prints every second who sent how much: node count.js count.bpf.o eth0
import { setTimeout as sleep } from 'node:timers/promises'
import { attachXdp, openObject, RouteSocket, TypedMap } from 'libbpf-ts'

// What `libbpf-ts gen-types count.bpf.o` writes for the key and the value, here by hand.
const source = {
  size: 4,
  read: (view, offset) => [0, 1, 2, 3].map((i) => view.getUint8(offset + i)).join('.'),
  write: (view, offset, address) => {
    for (const [i, part] of address.split('.').entries()) view.setUint8(offset + i, Number(part))
  },
}
const traffic = {
  size: 16,
  read: (view, offset) => ({
    packets: view.getBigUint64(offset, true),
    bytes: view.getBigUint64(offset + 8, true),
  }),
  write: (view, offset, { packets, bytes }) => {
    view.setBigUint64(offset, packets, true)
    view.setBigUint64(offset + 8, bytes, true)
  },
}

const [objectPath = 'count.bpf.o', name = 'lo'] = process.argv.slice(2)
const routes = RouteSocket.open()
const link = (await routes.links()).find((candidate) => candidate.name === name)
routes.close()
if (link === undefined) throw new Error(`no interface ${name}`)

const object = openObject(objectPath).load()
const attached = attachXdp(object.program('count'), link.index, { mode: 'native' })
const sources = new TypedMap(object.map('sources'), source, traffic)
process.once('SIGINT', () => {
  attached.close()
  process.exit()
})

for (;;) {
  for await (const [address] of sources) {
    const cpus = sources.getPerCpu(address) ?? []
    const packets = cpus.reduce((sum, cpu) => sum + cpu.packets, 0n)
    const bytes = cpus.reduce((sum, cpu) => sum + cpu.bytes, 0n)
    console.log(`${address} sent ${packets} packets, ${bytes} bytes`)
  }
  await sleep(1000)
}
