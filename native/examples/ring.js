// SPDX-License-Identifier: Apache-2.0
// Prints every packet as it comes, and at Ctrl-C how many went unreported: node ring.js ring.bpf.o eth0
import { attachXdp, openObject, openRingBuffer, RouteSocket } from 'libbpf-ts'

const [objectPath = 'ring.bpf.o', name = 'lo'] = process.argv.slice(2)
const routes = RouteSocket.open()
const link = (await routes.links()).find((candidate) => candidate.name === name)
routes.close()
if (link === undefined) throw new Error(`no interface ${name}`)

const object = openObject(objectPath).load()
const lost = { map: object.map('lost'), key: new Uint8Array(4) }
const ring = openRingBuffer(object.map('reports'), print, { lost })
const attached = attachXdp(object.program('report'), link.index, { mode: 'native' })

function print(record) {
  const length = new DataView(record.buffer, record.byteOffset).getUint16(4, true)
  console.log(`${record.subarray(0, 4).join('.')} protocol ${record[6]}, ${length} bytes`)
}

process.once('SIGINT', () => {
  console.log(`${ring.records} packets reported, ${ring.lost()} lost`)
  ring.close()
  attached.close() // nothing keeps the process alive any longer
})
