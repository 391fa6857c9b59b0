// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { judge } from '../../../src/realserver/judge.js'
import { keeperOf } from '../../../src/realserver/keep.js'
import type { Facts, Home, Keeper, Wish } from '../../../src/realserver/types.js'
import { facts, rightBut, VIP, VIP6, WISH } from './given.js'

const HEAD = '# Made by `xlvs realserver setup --apply`; --undo removes it.\n'
const NETWORK = '/etc/systemd/network/05-xlvs-vip.network'

function files(wish: Wish, given: Facts = facts()) {
  const steps = judge(wish, given).flatMap((finding) => finding.steps)
  return Object.fromEntries(
    steps.flatMap((step) =>
      step.kind === 'file' ? [[step.path, { text: step.text, mode: step.mode }]] : [],
    ),
  )
}

const by = (keeper: Keeper, home: Home = 'lo'): Wish => ({ ...WISH, keeper, home })

describe('who keeps the addresses', () => {
  const found = (...signs: readonly string[]) => {
    const { keeper: _, ...wish } = WISH
    return keeperOf(wish, facts({ signs: new Set(signs) }))
  }

  it('is who is enabled or runs, ifupdown last', () => {
    expect(found('/run/systemd/netif', '/etc/network/interfaces')).toBe('networkd')
    expect(found('/run/NetworkManager', '/etc/network/interfaces')).toBe('NetworkManager')
    expect(found('/etc/network/interfaces')).toBe('ifupdown')
    expect(found()).toBe('none')
  })

  it('is who is named', () => {
    expect(keeperOf(by('none'), facts({ signs: new Set(['/run/systemd/netif']) }))).toBe('none')
  })
})

describe('the next boot', () => {
  it('has the settings that are wanted, also those that are so already', () => {
    const text = `${HEAD}net.ipv4.conf.all.arp_ignore = 1
net.ipv4.conf.eth0.arp_ignore = 1
net.ipv4.conf.all.arp_announce = 2
net.ipv4.conf.eth0.arp_announce = 2
`
    const path = '/etc/sysctl.d/99-xlvs-realserver.conf'
    expect(files(WISH)).toEqual({ [path]: { text, mode: 0o644 } })
    expect(files(WISH, rightBut({}))).toEqual(files(WISH))
    expect(files(WISH, rightBut({ files: new Map([[path, text]]) }))).toEqual({})
    expect(files({ ...WISH, root: '/root' })).toEqual({ [`/root${path}`]: { text, mode: 0o644 } })
  })

  it('has the VIPs by networkd', () => {
    const addresses = `
[Address]
Address=${VIP}/32

[Address]
Address=${VIP6}/128
DuplicateAddressDetection=none
`
    const on = (name: string) => ({ text: `${HEAD}\n[Match]\nName=${name}\n${addresses}`, mode: 0o644 })
    expect(files(by('networkd'))[NETWORK]).toEqual(on('lo'))
    const dummy = files(by('networkd', 'dummy'))
    expect(dummy[NETWORK]).toEqual(on('xlvs-vip'))
    expect(dummy['/etc/systemd/network/05-xlvs-vip.netdev']?.text).toBe(
      `${HEAD}\n[NetDev]\nName=xlvs-vip\nKind=dummy\n`,
    )
    const beside = files(by('networkd'), facts({ loNetwork: '10-lo.network' }))
    expect(beside[NETWORK]).toBe(undefined)
    expect(beside['/etc/systemd/network/10-lo.network.d/xlvs-vip.conf']?.text).toBe(HEAD + addresses)
  })

  it('has the VIPs by NetworkManager, in a file that only root reads, as it demands', () => {
    const path = '/etc/NetworkManager/system-connections/xlvs-vip.nmconnection'
    const text = (kind: string, name: string) => `${HEAD}
[connection]
id=xlvs-vip
type=${kind}
interface-name=${name}
autoconnect=true

[ipv4]
method=manual
address1=${VIP}/32
`
    const six = `\n[ipv6]\nmethod=manual\naddress1=${VIP6}/128\n`
    expect(files(by('NetworkManager'))[path]).toEqual({ text: text('loopback', 'lo') + six, mode: 0o600 })
    const one = { ...by('NetworkManager', 'dummy'), vips: [VIP] }
    expect(files(one)[path]?.text).toBe(`${text('dummy', 'xlvs-vip')}\n[ipv6]\nmethod=disabled\n`)
  })

  it('has the VIPs by ifupdown', () => {
    const path = '/etc/network/interfaces.d/xlvs-vip'
    const stanzas = (name: string, first = '', last = '') => `${HEAD}
auto ${name}

iface ${name} inet static
    address ${VIP}/32
${first}
iface ${name} inet6 static
    address ${VIP6}/128
    dad-attempts 0
${last}`
    expect(files(by('ifupdown'))[path]?.text).toBe(stanzas('lo'))
    const made = '    pre-up ip link add dev xlvs-vip type dummy\n'
    const deleted = '    post-down ip link delete dev xlvs-vip\n'
    expect(files(by('ifupdown', 'dummy'))[path]?.text).toBe(stanzas('xlvs-vip', made, deleted))
  })

  it('is known to lack the VIPs when nobody keeps them or interfaces.d is not read', () => {
    const weak = (wish: Wish, text?: string) => {
      const given = facts({ files: new Map(text === undefined ? [] : [['/etc/network/interfaces', text]]) })
      const notes = judge(wish, given).filter(
        ({ verdict, steps }) => verdict === 'weak' && steps.length === 0,
      )
      return notes.map(({ fix }) => fix)
    }
    expect(weak(by('none'))).toEqual([expect.stringContaining('--keeper')])
    expect(weak(by('ifupdown'), 'auto lo\n')).toEqual([expect.stringContaining('source /etc/network')])
    expect(weak(by('ifupdown'), 'source /etc/network/interfaces.d/*\n')).toEqual([])
  })
})
