// SPDX-License-Identifier: Apache-2.0
// Where xlvsadm answers otherwise than ipvsadm, and why. Output, errors and status are the same everywhere else.
import type { Said } from './answers.js'

export interface Difference extends Partial<Said> {
  readonly why: string
}

const METHOD = 'the datapath forwards by direct routing only'
const SYNC = 'connections are not synchronised yet'
const ENGINE = 'there are no persistence engines'
const UNICAST =
  'VIPs and real servers are unicast addresses of hosts; IPVS takes any VIP and names the rest by EINVAL'
const LOOP = 'a VIP that is a real server would send its packets back to the director'
const EVERYONE = 'a mask without ones makes all clients one; the datapath takes it for a mistake'
const HOST = 'use the unicast address of one host'

/** By command line; our name is ipvsadm's here as everywhere in the comparison. */
export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  ...without('-m (masquerading)', '-a -t 10.0.1.1:80 -r 10.0.2.1 -m'),
  ...without(
    '-i (tunneling)',
    '-a -t 10.0.1.1:80 -r 10.0.2.2 -i',
    '-a -t 10.0.1.1:80 -r 10.0.2.4 -i --tun-type gue --tun-port 6080 --tun-remcsum',
    '-a -t 10.0.1.1:80 -r [fd00:2::5]:80 -i --tun-type gre --tun-csum',
  ),
  ...otherwise(
    SYNC,
    'ipvsadm: there is no synchronisation of connections yet, so no daemon was started',
    '--start-daemon master --mcast-group ff02::81 --mcast-interface nope0',
    '--start-daemon backup --mcast-interface nope0 --syncid 5',
  ),
  ...otherwise(
    ENGINE,
    'Scheduler or persistence engine not found',
    '-A -u 10.0.1.1:5060 -s rr -p 60 --pe sip',
    '-A -t 10.0.1.1:5060 --pe sip',
  ),
  ...kind('-A -t 0.0.0.0:81', 'VIP 0.0.0.0 is the unspecified address'),
  ...kind('-A -t 224.0.0.1:81', 'VIP 224.0.0.1 is a multicast address'),
  ...kind('-A -t 255.255.255.255:81', 'VIP 255.255.255.255 is the broadcast address'),
  ...kind('-A -t 127.0.0.1:81', 'VIP 127.0.0.1 is a loopback address'),
  ...kind('-A -t [::1]:81', 'VIP ::1 is a loopback address'),
  ...kind('-A -t [ff02::1]:81', 'VIP ff02::1 is a multicast address'),
  ...kind('-a -t 10.0.1.1:80 -r 127.0.0.1', 'real 127.0.0.1 is a loopback address'),
  ...kind('-a -t 10.0.1.1:80 -r 0.0.0.0', 'real 0.0.0.0 is the unspecified address'),
  ...kind('-a -t 10.0.1.1:80 -r 224.0.0.5', 'real 224.0.0.5 is a multicast address'),
  ...otherwise(
    EVERYONE,
    'ipvsadm: netmask 0.0.0.0 would make all clients one; use 128.0.0.0 or narrower',
    '-A -t 10.0.1.1:102 -M 0.0.0.0 -p',
  ),
  ...otherwise(
    LOOP,
    "ipvsadm: real 10.0.1.1 is also a VIP; use the real server's own address; a VIP would lead its packets back to the director",
    '-a -t 10.0.1.1:80 -r 10.0.1.1',
  ),
}

function kind(line: string, reason: string) {
  return otherwise(UNICAST, `ipvsadm: ${reason}; ${HOST}`, line)
}

function without(method: string, ...lines: readonly string[]) {
  return otherwise(
    METHOD,
    `ipvsadm: ${method} is a forwarding method that xlvs does not have yet; use -g`,
    ...lines,
  )
}

function otherwise(why: string, sentence: string, ...lines: readonly string[]) {
  return Object.fromEntries(lines.map((line) => [line, { why, status: 255, out: [], err: [sentence] }]))
}
