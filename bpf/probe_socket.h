/* SPDX-License-Identifier: GPL-2.0 */
/*
 * probe_socket.h - whether a probe's socket waits for a packet. Flows are forgotten
 * late; a host that is a client of its VIP (a director that stands by) may use the
 * port of one that is over.
 */
#ifndef XLVS_PROBE_SOCKET_H
#define XLVS_PROBE_SOCKET_H

#include "probe_packet.h"

static __always_inline bool is_probes(const struct bpf_sock *sk)
{
	return (sk->mark & XLVS_PROBE_MARK_MASK) == XLVS_PROBE_MARK;
}

/* One that has no mark any more (TIME_WAIT) is told by its four ends. */
static __always_inline bool has_tcp_socket(struct __sk_buff *skb, struct bpf_sock_tuple *ends, __u32 size)
{
	struct bpf_sock *sk = bpf_skc_lookup_tcp(skb, ends, size, BPF_F_CURRENT_NETNS, 0), *full;
	bool found;

	if (!sk)
		return false;
	full = bpf_sk_fullsock(sk);
	found = !full || is_probes(full);
	bpf_sk_release(sk);
	return found;
}

static __always_inline bool has_udp_socket(struct __sk_buff *skb, struct bpf_sock_tuple *ends, __u32 size)
{
	struct bpf_sock *sk = bpf_sk_lookup_udp(skb, ends, size, BPF_F_CURRENT_NETNS, 0);
	bool found;

	if (!sk)
		return false;
	found = is_probes(sk);
	bpf_sk_release(sk);
	return found;
}

static __always_inline bool has_socket(struct __sk_buff *skb, const struct xlvs_probe_flow *flow,
				       const __u8 *real)
{
	const bool v4 = flow->family == XLVS_IPV4;
	struct bpf_sock_tuple ends = {};

	if (v4) {
		__builtin_memcpy(&ends.ipv4.saddr, real, 4);
		__builtin_memcpy(&ends.ipv4.daddr, flow->local, 4);
		ends.ipv4.sport = flow->remote_port;
		ends.ipv4.dport = flow->local_port;
	} else {
		__builtin_memcpy(ends.ipv6.saddr, real, ADDRESS);
		__builtin_memcpy(ends.ipv6.daddr, flow->local, ADDRESS);
		ends.ipv6.sport = flow->remote_port;
		ends.ipv6.dport = flow->local_port;
	}
	if (flow->l4 == IPPROTO_TCP)
		return v4 ? has_tcp_socket(skb, &ends, sizeof(ends.ipv4)) :
			    has_tcp_socket(skb, &ends, sizeof(ends.ipv6));
	return v4 ? has_udp_socket(skb, &ends, sizeof(ends.ipv4)) : has_udp_socket(skb, &ends, sizeof(ends.ipv6));
}

#endif
