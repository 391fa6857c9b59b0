// SPDX-License-Identifier: Apache-2.0
// The director gets a second interface, it is attached, and a client's live connections move to it and back.
import { fileURLToPath } from 'node:url'
import type { InterfaceRow, Listing } from '../../api/contract.js'
import type { Host } from '../../demo/lab/topology.js'
import { type Stage, VIP } from '../stage.js'
import { type Event, until } from './event.js'

const ADDRESS = '192.0.2.3'
const passObject = fileURLToPath(new URL('../../../dist/bpf/lab/pass.bpf.o', import.meta.url))
/** packets that show that the traffic has moved */
const ENOUGH = 500

export const SECOND_INTERFACE: Event = {
  name: 'a second interface takes over a client’s packets',
  run: async (stage) => {
    const { topology, director } = stage
    const { lab } = topology
    const client = topology.clients.at(-1) as Host
    const mac = await plugIn(stage)
    await director.json('attach', 'eth1')
    // no packet waits for an answer to ARP
    const neighbour = ['ip', 'neighbour', 'replace', ADDRESS, 'lladdr', mac, 'dev', 'eth0']
    await lab.must(client.namespace, neighbour)
    const before = await forwarded(stage)
    await lab.must(client.namespace, ['ip', 'route', 'replace', VIP, 'via', ADDRESS])
    const count = await until('packets arrive on eth1', async () => {
      const moved = (await forwarded(stage)) - before
      return moved >= ENOUGH && moved
    })
    await lab.must(client.namespace, ['ip', 'route', 'del', VIP, 'via', ADDRESS])
    let last = await forwarded(stage)
    await until('packets arrive on eth0 again', async () => {
      const now = await forwarded(stage)
      const still = now === last
      last = now
      return still
    })
    await director.json('detach', 'eth1')
    return `eth1 forwarded ${count} packets before they moved back`
  },
}

/** Another port of the bridge; it answers ARP for its own address only. Returns its MAC. */
async function plugIn({ topology }: Stage): Promise<string> {
  const { lab, director, wire } = topology
  await lab.must(undefined, ['ip', '-batch', '-'], {
    input: `link add eth1 netns ${director.namespace} type veth peer name director2 netns ${wire}\n`,
  })
  await lab.must(wire, ['sh', '-s'], {
    input: `set -e
export TC_BPF_MNT=${lab.scratch}
ip link set dev director2 master front up
ip link set dev director2 xdpdrv obj '${passObject}' sec xdp
`,
  })
  await lab.must(director.namespace, ['sh', '-s'], {
    input: `set -e
ethtool -K eth1 tx off >/dev/null
echo 1 >/proc/sys/net/ipv4/conf/eth1/arp_ignore
ip address add ${ADDRESS}/32 dev eth1
ip link set dev eth1 up
`,
  })
  const shown = await lab.must(director.namespace, ['ip', '-json', 'link', 'show', 'eth1'])
  const [link] = JSON.parse(shown) as { address: string }[]
  if (link === undefined) throw new Error(`there is no eth1: ${shown}`)
  return link.address
}

/** By frames that arrived on eth1. */
async function forwarded({ director }: Stage): Promise<number> {
  const { rows } = await director.json<Listing<InterfaceRow>>('show', 'interfaces')
  const eth1 = rows.find(({ name }) => name === 'eth1')
  if (eth1 === undefined) throw new Error('eth1 is not attached')
  return eth1.packets.tx + eth1.packets.redirect
}
