// SPDX-License-Identifier: Apache-2.0
// Turns a plan into what is typed: one `ip -batch` for the links, one shell script per namespace. Pure.
import type { HostPlan, LabPlan, LegPlan } from './plan.js'

/** Input of `ip -batch`: every host's legs, each plugged into the namespace of the wire. */
export function linkBatch(plan: LabPlan, namespaceOf: (role: string) => string): string {
  const wire = namespaceOf('wire')
  return lines(
    plan.hosts.flatMap((host) =>
      host.legs.map(
        (leg) =>
          `link add ${leg.interface} netns ${namespaceOf(host.role)} type veth peer name ${leg.port} netns ${wire}`,
      ),
    ),
  )
}

/**
 * Script for the wire: a bridge per segment. The ports of the director run a pass program, without which
 * a veth drops what its other end sends by XDP_TX or redirect. `scratch` is a folder on bpffs to be made: the
 * ip command leaves folders in the one it is told of.
 */
export function wireScript(plan: LabPlan, passObject: string, scratch: string): string {
  const ports = plan.hosts.flatMap((host) => host.legs.map((leg) => ({ host, leg })))
  return lines([
    'set -e',
    `mkdir ${scratch}`,
    `export TC_BPF_MNT=${scratch}`,
    ...quiet,
    ...plan.segments.flatMap(({ name }) => [
      `ip link add dev ${name} type bridge mcast_snooping 0`,
      `ip link set dev ${name} up`,
    ]),
    ...ports.map(({ leg }) => `ip link set dev ${leg.port} master ${leg.segment.name} up`),
    ...ports
      .filter(({ host }) => host.kind === 'director')
      .map(({ leg }) => `ip link set dev ${leg.port} xdpdrv obj '${passObject}' sec xdp`),
  ])
}

/** Script for one host: addresses, routes, and what its kind asks for. */
export function hostScript(plan: LabPlan, host: HostPlan): string {
  return lines([
    'set -e',
    ...quiet,
    ...(host.kind === 'real' ? silentVips : []),
    ...(host.kind === 'router' ? routing : []),
    'ip link set dev lo up',
    ...host.legs.flatMap(legLines),
    ...host.routes.map(({ to, via }) => `ip route add ${to} via ${via}`),
    ...vipLines(plan, host),
  ])
}

/** Interfaces, those that are and those to come, are up at once and say nothing unasked. */
const quiet = [
  'for device in /proc/sys/net/ipv4/conf/*; do echo 0 >$device/rp_filter; done',
  'for device in /proc/sys/net/ipv6/conf/*; do',
  '  echo 0 >$device/accept_dad',
  '  echo 0 >$device/accept_ra',
  '  echo 0 >$device/router_solicitations',
  'done',
]

/** A real server has the VIPs and neither answers nor announces them. */
const silentVips = [
  'echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore',
  'echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce',
]

const routing = [
  'echo 1 >/proc/sys/net/ipv4/ip_forward',
  'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding',
  // a director that is also a neighbour must not be told of better ways
  'echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects',
]

/** Checksums are written by the sender: a frame that XDP carries loses the note that they are still missing. */
function legLines(leg: LegPlan): string[] {
  return [
    `ethtool -K ${leg.interface} tx off >/dev/null`,
    ...leg.addresses4.map((address) => `ip address add ${address}/24 dev ${leg.interface}`),
    ...leg.addresses6.map((address) => `ip address add ${address}/64 dev ${leg.interface} nodad`),
    `ip link set dev ${leg.interface} up`,
  ]
}

/** On the director they are answered by the kernel; on the real servers they are on lo. */
function vipLines(plan: LabPlan, host: HostPlan): string[] {
  if (host.kind === 'director' && !plan.vipsGiven) return []
  const device = host.kind === 'director' ? 'eth0' : host.kind === 'real' ? 'lo' : undefined
  if (device === undefined) return []
  return plan.vips.map((vip) =>
    vip.includes(':')
      ? `ip address add ${vip}/128 dev ${device} nodad`
      : `ip address add ${vip}/32 dev ${device}`,
  )
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`
}
