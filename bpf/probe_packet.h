/* SPDX-License-Identifier: GPL-2.0 */
/*
 * probe_packet.h - packets of probes: addresses and ports of a packet in an skb, and
 * other addresses in it, with every checksum mended.
 */
#ifndef XLVS_PROBE_PACKET_H
#define XLVS_PROBE_PACKET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "abi.h"

#define IP_OFFSET_MASK bpf_htons(0x1fff)
#define ADDRESS 16			/* IPv4: first four bytes */

enum icmp_type {			/* RFC 792, RFC 4443 */
	ECHO_REPLY4 = 0,
	DEST_UNREACH4 = 3,
	ECHO_REQUEST4 = 8,
	TIME_EXCEEDED4 = 11,
	PARAMETER_PROBLEM4 = 12,
	ECHO_REQUEST6 = 128,
	ECHO_REPLY6 = 129,
	FIRST_QUERY6 = 128,
	ICMP_HEADER = 8,
};

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

/* The packet that an ICMP error quotes, as the stack sent it. */
static __always_inline bool readdress_quoted(struct __sk_buff *skb, const struct packet *error,
					     const struct packet *quoted, const __u8 *real)
{
	__s64 change = bpf_csum_diff((__be32 *)quoted->dest, ADDRESS, (__be32 *)real, ADDRESS, 0);

	if (error->family == XLVS_IPV4)
		return !bpf_l3_csum_replace(skb, quoted->at + offsetof(struct iphdr, check), 0, change, 0) &&
		       !bpf_skb_store_bytes(skb, quoted->at + offsetof(struct iphdr, daddr), real, 4, 0);
	return !bpf_l4_csum_replace(skb, checksum_of(error), 0, change, 0) &&
	       !bpf_skb_store_bytes(skb, quoted->at + offsetof(struct ipv6hdr, daddr), real, ADDRESS, 0);
}

/* Errors about a packet of ours; queries, neighbour discovery and redirects are not. */
static __always_inline bool is_error(struct __sk_buff *skb, const struct packet *p)
{
	__u8 type;

	if (p->l4 != (p->family == XLVS_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) ||
	    bpf_skb_load_bytes(skb, p->rest, &type, sizeof(type)))
		return false;
	if (p->family == XLVS_IPV6)
		return type < FIRST_QUERY6;
	return type == DEST_UNREACH4 || type == TIME_EXCEEDED4 || type == PARAMETER_PROBLEM4;
}

#endif
