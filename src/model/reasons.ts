// SPDX-License-Identifier: Apache-2.0
// What each reason of bpf/abi.h tells an operator: docs/REASONS.md holds the same words, and `xlvs show drops` says them.

export interface ReasonText {
  /** when a packet ends so */
  readonly when: string
  /** what the client sees of it */
  readonly client: string
  /** what to conclude */
  readonly about: string
  /** what to do; words in backquotes are commands, options or places in a file */
  readonly todo: string
}

export type ReasonClass = 'pass' | 'forward' | 'drop' | 'answer'

const NOTHING = 'nothing'
const SERVED = 'is served'
const HOST = 'what this host answers'
const SILENCE = 'silence; TCP tries again'

function text(when: string, client: string, about: string, todo = NOTHING): ReasonText {
  return { when, client, about, todo }
}

const PASSED = {
  pass_not_ip: text(
    'ARP, LLDP and the like, or more than two VLAN tags',
    'is no client',
    "the host's business",
  ),
  pass_not_my_mac: text(
    'broadcast, multicast, or a frame for another MAC address',
    'is no client',
    'growing with the traffic: the switch floods',
    "if it grows, look at the switch's MAC table",
  ),
  pass_malformed: text(
    'an IP or ICMP header is cut, or its lengths lie; the kernel judges it',
    'silence',
    'a broken sender or a probe',
    'nothing, unless it grows',
  ),
  pass_not_vip: text('the packet is for another address of this host', HOST, "the host's own traffic"),
  pass_no_service: text(
    'a VIP, but no service at this port and protocol',
    'is refused when the VIP is an address of this host, else silence',
    'clients ask for what is not served here, or somebody scans ports',
    'if it should be served: `xlvs show services`, then `xlvs add service`',
  ),
  pass_no_conn: text(
    'TCP without SYN, or SCTP without INIT, and no connection is known',
    'its connection is reset when the VIP is an address of this host, else hangs',
    'clients come back after longer than a connection is remembered, or xlvs took over without its connections',
    'normal after a fresh start; if it goes on, raise `timeouts.tcp` above the idle time of clients',
  ),
  pass_peer: text(
    "a new flow whose source MAC is one of a director's in `peers`",
    SERVED,
    'another director has balanced it already: two directors see each other',
  ),
  pass_local_real: text('the real server chosen is this host', SERVED, 'this host serves, if that was meant'),
  pass_icmp_query: text(
    'ping, and other ICMP to a VIP that is no error about a flow',
    HOST,
    'somebody pings the VIP',
  ),
  pass_icmp_no_flow: text(
    'an ICMP error about a flow that is not known, or that quotes too little',
    'nothing',
    'growing: connections are forgotten while they are still used',
    'if it grows, raise `timeouts.tcp`',
  ),
  pass_fragment_first_unseen: text(
    'a later fragment came before the first, or more than 30 s after it',
    'its datagram is lost',
    'packets are reordered on the way, or it is a flood of fragments',
    'if it grows, look at the way to the director; better: a smaller MTU at the sender',
  ),
  pass_ftp_data: text(
    'a new flow from client port 20',
    HOST,
    'active FTP, which IPVS never schedules either',
  ),
  pass_not_attached: text(
    'the interface carries the program, but is not in service',
    HOST,
    'a moment during attach and detach',
    'if it stays: `xlvs show interfaces`',
  ),
  pass_ext_headers: text(
    'more IPv6 extension headers than are walked (8)',
    HOST,
    'no honest client sends such packets',
  ),
  pass_bypass: text(
    "a mark's service has no usable real server, and `cache_bypass` is on",
    "whatever the host's routes lead to",
    'the service is down, and its packets go past it',
    '`xlvs show reals` tells why',
  ),
} as const

const FORWARDED = {
  forward_conn: text('a packet of a known connection', SERVED, 'the common case'),
  forward_new: text('scheduled now', SERVED, 'its rate is that of new connections'),
  forward_template: text(
    'a new connection whose real server persistence named',
    SERVED,
    'persistence at work',
  ),
  forward_unstored: text(
    'both places where the connection could stand are full of live ones: it goes where its hash says',
    'is served; loses its connection when the service changes',
    'the connection table is too small',
    'raise `limits.connections`; `xlvs status` tells how full it is',
  ),
  forward_fragment: text('a later fragment, sent after the first', SERVED, 'fragments keep together'),
  forward_icmp: text(
    'an ICMP error, sent to the real server of its flow',
    SERVED,
    'path MTU discovery works',
  ),
  forward_one_packet: text(
    'a datagram of a one-packet service: scheduled, and forgotten',
    SERVED,
    'each counts as a connection',
  ),
  forward_ipsec: text(
    "AH or ESP, sent where the client's IKE flow (UDP 500 to 500) goes",
    SERVED,
    'if it stops while IKE goes on, IKE has left port 500 (NAT traversal)',
  ),
} as const

const DROPPED = {
  drop_no_real: text(
    'no real server is usable, and no answer: rate limit, such a sender, or about an ICMP error',
    SILENCE,
    'the service is down',
    '`xlvs show reals` and `xlvs show health` tell why: weights, checks, thresholds; next to many answer_no_real it is the rate limit (`icmp_ratelimit`)',
  ),
  drop_real_gone: text(
    'a connection of a real server that was removed; IPVS drops those in silence too',
    'its connection hangs until it gives up',
    'a real server was removed while it had connections',
    'next time `xlvs drain` first; `expire_nodest_conn` 1 ends such connections',
  ),
  drop_ttl: text(
    'TTL or hop limit is spent, and no answer: rate limit, a later fragment, an ICMP error',
    SILENCE,
    'packets go in a circle, or come from very far',
    'if it grows, look for a forwarding loop: `traceroute` from the client',
  ),
  drop_truncated: text(
    "a VIP's packet ends within its TCP, UDP or SCTP header",
    'silence',
    'a broken sender or a probe',
  ),
  drop_nexthop: text(
    "the real server's next hop is not resolved",
    SILENCE,
    'the real server does not answer ARP or neighbour solicitations, or there is no route to it',
    '`xlvs show nexthops` says why; `xlvs doctor`',
  ),
  drop_rewrite: text(
    "no room in front of the frame for the next hop's VLAN tags",
    SILENCE,
    'the driver leaves no headroom',
    'attach in generic mode (`xlvs attach --mode generic`), or a real server in the same VLAN',
  ),
  drop_port_down: text(
    'the interface towards the real server is gone',
    SILENCE,
    'an interface went away under the next hop',
    '`xlvs show nexthops`, `ip link`',
  ),
  drop_mtu: text(
    'larger than the next hop takes, and no answer: rate limit, a later fragment, an ICMP error',
    'large packets are lost, small ones are not',
    'an MTU on the way to the real server is smaller than that of clients',
    'the same MTU for director and real servers: `ip link`; or clamp the MSS',
  ),
  drop_defence: text(
    '`drop_packet` is in force: every n-th packet that would be scheduled',
    'one more attempt; TCP tries again',
    'a defence mode is on; with mode 1 or 2 memory is short (`amemthresh`)',
    '`xlvs tune` shows it, `xlvs tune drop_packet=0` ends it',
  ),
  drop_icmp_fragment: text(
    'an ICMPv6 error that is itself a fragment; IPVS drops it too',
    NOTHING,
    'nobody fragments errors on purpose',
  ),
  drop_reset: text(
    'the drain of its real server is over, and it could not be answered: a fragment, or behind extension headers',
    'one lost segment; its next is answered',
    'a drain with `--reset` has ended',
  ),
} as const

const ANSWERED = {
  answer_no_real: text(
    'no real server is usable: ICMP port unreachable (3/3, ICMPv6 1/4)',
    'is refused at once',
    'the service is down, and clients are told',
    '`xlvs show reals` and `xlvs show health` tell why: weights, checks, thresholds',
  ),
  answer_ttl: text(
    'TTL or hop limit is spent: time exceeded (11/0, 3/0)',
    'a hop in its traceroute',
    'somebody traces the route; if it grows, packets go in a circle',
    'if it grows, look for a forwarding loop',
  ),
  answer_mtu: text(
    'larger than the next hop takes: fragmentation needed (3/4), packet too big (2/0) with its MTU',
    'sends smaller packets from then on',
    'a few are path MTU discovery at work; a client that never stops does not get the answers',
    'if one never stops, clamp the MSS on its way',
  ),
  answer_reset: text(
    'the drain of its real server is over: TCP RST',
    'its connection ends at once; a new one is served',
    'as many connections were left at the end of `xlvs drain --reset`',
    'a later `--deadline` leaves fewer',
  ),
} as const

export const REASON_TEXTS: Readonly<Record<string, ReasonText>> = {
  ...PASSED,
  ...FORWARDED,
  ...DROPPED,
  ...ANSWERED,
}

/** Passed to this host's stack, and a client is not served. */
const UNSERVED: ReadonlySet<string> = new Set<keyof typeof PASSED>([
  'pass_no_service',
  'pass_no_conn',
  'pass_fragment_first_unseen',
  'pass_ftp_data',
  'pass_ext_headers',
])

export function classOf(reason: string): ReasonClass {
  return reason.slice(0, reason.indexOf('_')) as ReasonClass
}

/** 'lost': dropped or answered by the director. 'unserved': the host's stack has it. undefined: no client misses it. */
export function badEnd(reason: string): 'lost' | 'unserved' | undefined {
  const kind = classOf(reason)
  if (kind === 'drop' || kind === 'answer') return 'lost'
  return UNSERVED.has(reason) ? 'unserved' : undefined
}

/** What to conclude and what to do, in one line. */
export function adviceOf(reason: string): string {
  const found = REASON_TEXTS[reason]
  if (found === undefined) return ''
  const { about, todo } = found
  return (todo === NOTHING ? about : `${about}: ${todo}`).replaceAll('`', '')
}
