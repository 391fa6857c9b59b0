// SPDX-License-Identifier: Apache-2.0
// What the network card does before the program sees a frame: queues, merging, VLAN tags; and how long frames may be.
import type { Device } from '../datapath/inspect.js'
import type { Facts, InterfaceFacts } from './facts.js'
import type { Finding } from './finding.js'

export function judgeOffloads(facts: Facts): readonly Finding[] {
  const found = facts.interfaces.flatMap((one) => {
    const { device } = one
    if (device === undefined || device.mac === undefined || device.loopback) return []
    return [...queues(facts, one), ...merging(one, device), ...vlans(facts, one, device)]
  })
  return [...found, ...lengths(facts)]
}

function queues({ cpus }: Facts, { name, channels }: InterfaceFacts): readonly Finding[] {
  if (channels === undefined) return []
  const { kind, now, most } = channels
  const about = { check: 'queues', subject: name } as const
  const says = `${now} receive queue${now === 1 ? '' : 's'} for ${cpus} CPU${cpus === 1 ? '' : 's'}`
  const wanted = Math.min(cpus, most)
  if (now >= cpus) return [{ ...about, level: 'green', says }]
  if (now >= wanted) return [{ ...about, level: 'green', says: `${says}, all that it has` }]
  return [{ ...about, level: 'yellow', says, fix: `ethtool -L ${name} ${kind} ${wanted}` }]
}

/** XDP has to see each packet; GRO comes before the program in generic mode alone. */
function merging({ name, offloads, wanted }: InterfaceFacts, device: Device): readonly Finding[] {
  if (offloads === undefined)
    return [
      { check: 'lro', level: 'yellow', subject: name, says: 'not checked', advice: 'is ethtool installed?' },
    ]
  const generic = device.hooks.some(({ mode }) => mode === 'generic') || wanted === 'generic'
  const hardware = ['large-receive-offload', 'rx-gro-hw'].filter((feature) => offloads.get(feature)?.on)
  const lro: Finding =
    hardware.length === 0
      ? { check: 'lro', level: 'green', subject: name, says: 'the card merges no packets' }
      : {
          check: 'lro',
          level: generic ? 'yellow' : 'red',
          subject: name,
          says: `the card merges packets before the program sees them (${hardware.join(', ')})`,
          fix: `ethtool -K ${name} ${hardware.map((each) => `${each} off`).join(' ')}`,
        }
  if (!generic || !offloads.get('generic-receive-offload')?.on) return [lro]
  const says = 'in generic mode the program sees packets that GRO has merged'
  return [lro, { check: 'gro', level: 'yellow', subject: name, says, fix: `ethtool -K ${name} gro off` }]
}

/** A tag that the card takes out of the frame is nowhere XDP could see it. */
function vlans({ kernel }: Facts, { name, offloads }: InterfaceFacts, device: Device): readonly Finding[] {
  const offload = offloads?.get('rx-vlan-offload')
  if (offload === undefined) return []
  const about = { check: 'vlan-offload', subject: name } as const
  if (!offload.on) return [{ ...about, level: 'green', says: 'VLAN tags stay in the frame' }]
  const above = kernel.devices.filter(({ vlanOf }) => vlanOf === device.index).map((each) => each.name)
  const mend = offload.fixed
    ? { advice: 'the driver does not let it be changed: use an interface without VLANs' }
    : { fix: `ethtool -K ${name} rxvlan off` }
  if (above.length === 0)
    return [{ ...about, level: 'yellow', says: 'tagged frames would look untagged to the program', ...mend }]
  const says = `the card hides the VLAN tags of ${above.join(', ')} from the program`
  return [{ ...about, level: 'red', says, ...mend }]
}

/** What is too long for the way out is answered with ICMP, or dropped. */
function lengths({ daemon, kernel, interfaces }: Facts): readonly Finding[] {
  if (daemon.state !== 'answers') return []
  const arrive = interfaces.flatMap(({ device }) => (device ? [device] : []))
  const longest = arrive.reduce(
    (most, device) => (device.mtu > most.mtu ? device : most),
    arrive[0] ?? NOTHING,
  )
  const names = new Set(daemon.reals.map(({ nexthop }) => nexthop.interface))
  const leave = kernel.devices.filter(({ name }) => names.has(name))
  const short = leave.filter(({ mtu }) => mtu < longest.mtu)
  if (leave.length === 0) return []
  if (short.length === 0)
    return [
      {
        check: 'mtu',
        level: 'green',
        says: 'what arrives is never too long for the way to the real servers',
      },
    ]
  return short.map(({ name, mtu }) => ({
    check: 'mtu',
    level: 'yellow',
    subject: name,
    says: `takes ${mtu} bytes, and up to ${longest.mtu} arrive by ${longest.name}`,
    fix: `ip link set dev ${name} mtu ${longest.mtu}`,
  }))
}

const NOTHING = { name: '', mtu: 0 }
