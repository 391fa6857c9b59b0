// SPDX-License-Identifier: Apache-2.0
// Lets the kernel keep a neighbour's link-layer address known, and tells what becomes of it, until interrupted:
// node neighbours.js eth0 192.0.2.1
import { RouteSocket } from 'libbpf-ts'

const [name = 'eth0', address = ''] = process.argv.slice(2)
const route = RouteSocket.open()
const links = await route.links()
const ifindex = links.find((link) => link.name === name)?.index
if (ifindex === undefined) throw new Error(`there is no interface ${name}`)

route.subscribe(['neighbour'], (event) => {
  if (event.type === 'resync') console.log('the kernel had to drop events')
  if (event.type !== 'neighbour' || event.value.address !== address) return
  const { state, mac = 'no address', flags } = event.value
  console.log(`${event.change}: ${address} is ${state}, ${mac}, ${flags.join(' ')}`)
})
await route.setNeighbour({ ifindex, address, managed: true })

process.once('SIGINT', async () => {
  await route.deleteNeighbour({ ifindex, address })
  route.close()
})
