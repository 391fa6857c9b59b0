// SPDX-License-Identifier: GPL-2.0
/*
 * probe.bpf.c - health checks travel as clients' packets do: what a marked socket
 * sends to a real server leaves for the VIP, with the real server's MAC; what comes
 * back from the VIP comes, for the stack, from the real server. A source address
 * that is its own the stack would not take (a martian).
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "abi.h"

#define IP_OFFSET_MASK bpf_htons(0x1fff)
#define ADDRESS 16			/* IPv4: first four bytes */

enum icmp_type {			/* RFC 792, RFC 4443 */
	ECHO_REQUEST4 = 8,
	ECHO_REPLY4 = 0,
	ECHO_REQUEST6 = 128,
	ECHO_REPLY6 = 129,
	FIRST_QUERY6 = 128,
	ICMP_HEADER = 8,
};

/* Controller's. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, XLVS_PROBE_TARGETS);
	__type(key, __u32);
	__type(value, struct xlvs_probe_target);
} probe_targets SEC(".maps");

/* Controller's: VIPs of the targets. What comes from elsewhere is let through after one look. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, XLVS_PROBE_TARGETS);
	__type(key, struct xlvs_probe_real);
	__type(value, __u32);
} probe_vips SEC(".maps");

/* Written by what leaves, read by what comes back. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct xlvs_probe_flow);
	__type(value, struct xlvs_probe_real);
} probe_flows SEC(".maps");

struct packet {
	__u8 source[ADDRESS];
	__u8 dest[ADDRESS];
	__u32 at;			/* offset of the IP header */
	__u32 rest;			/* of what follows it */
	__u8 family;
	__u8 l4;			/* 0: a later fragment, of which nothing but addresses is known */
};

static __always_inline bool read_packet(struct __sk_buff *skb, __u32 at, __be16 ethertype, struct packet *p)
{
	__builtin_memset(p, 0, sizeof(*p));
	p->at = at;
	if (ethertype == bpf_htons(ETH_P_IP)) {
		struct iphdr ip;

		if (bpf_skb_load_bytes(skb, at, &ip, sizeof(ip)) || ip.ihl < 5)
			return false;
		__builtin_memcpy(p->source, &ip.saddr, sizeof(ip.saddr));
		__builtin_memcpy(p->dest, &ip.daddr, sizeof(ip.daddr));
		p->family = XLVS_IPV4;
		p->rest = at + ip.ihl * 4;
		p->l4 = ip.frag_off & IP_OFFSET_MASK ? 0 : ip.protocol;
		return true;
	}
	if (ethertype == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr ip;

		if (bpf_skb_load_bytes(skb, at, &ip, sizeof(ip)))
			return false;
		__builtin_memcpy(p->source, &ip.saddr, ADDRESS);
		__builtin_memcpy(p->dest, &ip.daddr, ADDRESS);
		p->family = XLVS_IPV6;
		p->rest = at + sizeof(ip);
		p->l4 = ip.nexthdr;
		return true;
	}
	return false;
}

/* Ports of both ends as the director sees them, or the identifier of an echo. */
static __always_inline bool read_ends(struct __sk_buff *skb, const struct packet *p, bool ours,
				      struct xlvs_probe_flow *flow)
{
	const __u8 echo = p->family == XLVS_IPV4 ? (ours ? ECHO_REQUEST4 : ECHO_REPLY4) :
						   (ours ? ECHO_REQUEST6 : ECHO_REPLY6);
	__be16 half[4];

	flow->l4 = p->l4;
	flow->family = p->family;
	if (p->l4 == (p->family == XLVS_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		if (bpf_skb_load_bytes(skb, p->rest, half, ICMP_HEADER) || *(__u8 *)half != echo)
			return false;
		flow->local_port = half[2];
		return true;
	}
	if ((p->l4 != IPPROTO_TCP && p->l4 != IPPROTO_UDP) || bpf_skb_load_bytes(skb, p->rest, half, 4))
		return false;
	flow->local_port = half[ours ? 0 : 1];
	flow->remote_port = half[ours ? 1 : 0];
	return true;
}

/* Offset of the checksum that covers the addresses too, 0 = there is none. */
static __always_inline __u32 checksum_of(const struct packet *p)
{
	switch (p->l4) {
	case IPPROTO_TCP:
		return p->rest + 16;
	case IPPROTO_UDP:
		return p->rest + 6;
	case IPPROTO_ICMPV6:
		return p->rest + 2;
	default:
		return 0;
	}
}

/*
 * Another address in the IP header, `field` bytes from its start. Where the card has
 * summed the packet up (CHECKSUM_COMPLETE), that sum stays the same: in IPv4 the
 * header's checksum makes up for the address, in IPv6 BPF_F_RECOMPUTE_CSUM does for
 * what bpf_l4_csum_replace() takes off.
 */
static __always_inline bool readdress(struct __sk_buff *skb, const struct packet *p, __u32 field,
				      const __u8 *old, const __u8 *new)
{
	const bool v4 = p->family == XLVS_IPV4;
	__s64 change = bpf_csum_diff((__be32 *)old, ADDRESS, (__be32 *)new, ADDRESS, 0);
	__u64 flags = BPF_F_PSEUDO_HDR | (p->l4 == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0);
	__u32 checksum = checksum_of(p);

	if (v4 && bpf_l3_csum_replace(skb, p->at + offsetof(struct iphdr, check), 0, change, 0))
		return false;
	if (checksum && bpf_l4_csum_replace(skb, checksum, 0, change, flags))
		return false;
	return v4 ? !bpf_skb_store_bytes(skb, p->at + field, new, 4, 0) :
		    !bpf_skb_store_bytes(skb, p->at + field, new, ADDRESS, BPF_F_RECOMPUTE_CSUM);
}
