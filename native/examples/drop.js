// SPDX-License-Identifier: Apache-2.0
// Drops UDP packets to a port of an interface until Ctrl-C: node drop.js drop.bpf.o eth0 7777
import { networkInterfaces } from 'node:os'
import { attachXdp, openObject, queryXdp, RouteSocket } from 'libbpf-ts'

const [objectPath = 'drop.bpf.o', name = 'lo', port = '9'] = process.argv.slice(2)

const routes = RouteSocket.open()
const link = (await routes.links()).find((candidate) => candidate.name === name)
routes.close()
if (link === undefined) throw new Error(`no interface ${name}; there are ${Object.keys(networkInterfaces())}`)

const spec = openObject(objectPath)
spec.setInitialValue('.rodata', new Uint8Array(Uint16Array.of(Number(port)).buffer))
const object = spec.load()
const attached = attachXdp(object.program('drop_port'), link.index, { mode: 'native' })
console.log(`dropping UDP to port ${port} on ${name}, XDP mode ${queryXdp(link.index).mode}`)

process.once('SIGINT', () => {
  attached.close() // the link is not pinned: this detaches
  process.exit()
})
setInterval(() => {}, 1 << 30)
