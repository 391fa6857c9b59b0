// SPDX-License-Identifier: Apache-2.0
// What the ip command and files say becomes facts; the texts are those of iproute2 6.1.
import { describe, expect, it } from 'vitest'
import { readFacts } from '../../../src/host/facts.js'
import type { Host } from '../../../src/host/host.js'
import { VIP6, WISH } from '../realserver/given.js'

const ADDRESSES = `[{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP","LOWER_UP"],"addr_info":[
{"family":"inet","local":"127.0.0.1","prefixlen":8,"scope":"host","label":"lo"}]},
{"ifindex":2,"link_index":5,"ifname":"eth0.100","flags":["BROADCAST","MULTICAST","UP"],"addr_info":[
{"family":"inet6","local":"2001:db8::10","prefixlen":64,"scope":"global","tentative":true,"dadfailed":true}]},
{"ifindex":3,"ifname":"tun0","flags":["POINTOPOINT","NOARP"],"addr_info":[]}]`
const ROUTES = `[{"dst":"default","gateway":"192.0.2.1","dev":"eth0.100","flags":[]},
{"dst":"default","flags":[],"nexthops":[{"dev":"eth1","weight":1},{"dev":"eth0.100","weight":1}]}]`

function hostOf(files: Readonly<Record<string, string>> = {}): Host {
  const never = () => {
    throw new Error('looking changes nothing')
  }
  return {
    privileged: false,
    nft: () => undefined,
    ip: (words) =>
      words.includes('address')
        ? ADDRESSES
        : words.includes('route')
          ? ROUTES
          : `[{"dst":"${VIP6}","dev":"eth0.100"}]`,
    setting: (key) => (key === 'net/ipv4/conf/eth0.100/arp_ignore' ? 8 : undefined),
    exists: (path) => path === '/r/run/systemd/netif',
    read: (path) => files[path],
    list: (folder) =>
      Object.keys(files).flatMap((path) => (path.startsWith(folder) ? [path.slice(folder.length + 1)] : [])),
    set: never,
    write: never,
    remove: never,
    removeFolder: never,
  }
}

const read = (files?: Readonly<Record<string, string>>) => readFacts(hostOf(files), { ...WISH, root: '/r' })

describe('facts', () => {
  it('are interfaces, who of them answers, and the state of their addresses', () => {
    const { links, settings, defaults, proxies, signs } = read()
    expect(links.map(({ name, up, answers }) => [name, up, answers])).toEqual([
      ['lo', true, false],
      ['eth0.100', true, true],
      ['tun0', false, false],
    ])
    expect(links[1]?.addresses).toEqual([{ address: VIP6, prefix: 64, dadFailed: true, tentative: true }])
    expect(settings).toEqual(new Map([['net/ipv4/conf/eth0.100/arp_ignore', 8]]))
    expect(defaults).toEqual(['eth0.100', 'eth1'])
    expect(proxies).toEqual([{ address: VIP6, device: 'eth0.100' }])
    expect(signs).toEqual(new Set(['/run/systemd/netif']))
  })

  it.each([
    ['Name=lo\n', '10-a.network'],
    ['Name=eth0 lo\n', undefined],
    ['Name=*\n', undefined],
    ['Name=lo0\n', undefined],
  ])('are networkd files for lo alone: %j', (line, found) => {
    const files = {
      '/r/etc/systemd/network/10-a.network': `[Match]\n${line}\n[Network]\n`,
      '/r/etc/systemd/network/05-xlvs-vip.network': '[Match]\nName=lo\n',
    }
    expect(read(files).loNetwork).toBe(found)
  })
})
