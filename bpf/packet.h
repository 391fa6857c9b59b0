/* SPDX-License-Identifier: GPL-2.0 */
/*
 * packet.h - from bytes to addresses and ports: Ethernet, VLAN tags, IPv4 with
 * options, IPv6, TCP, UDP. Each parser checks its bounds directly before use and
 * returns a reason, or NEXT when the walk goes on.
 */
#ifndef XLVS_PACKET_H
#define XLVS_PACKET_H

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include "ext6.h"
#include "sctp.h"

#define ETH_P_8021Q_BE bpf_htons(0x8100)
#define ETH_P_8021AD_BE bpf_htons(0x88a8)
#define IP_OFFSET_MASK bpf_htons(0x1fff)
#define IP_MORE_FRAGMENTS bpf_htons(0x2000)

struct vlan_tag {
	__be16 tci;
	__be16 ethertype;		/* of what follows */
};

static __always_inline __u32 parse_ethernet(struct frame *f)
{
	struct ethhdr *eth = f->data;
	struct vlan_tag *tag = (void *)(eth + 1);

	if ((void *)(eth + 1) > f->end)
		return XLVS_PASS_MALFORMED;
	f->ethertype = eth->h_proto;
	f->tags = 0;
	#pragma unroll
	for (int i = 0; i < XLVS_MAX_TAGS; i++) {
		if (likely(f->ethertype != ETH_P_8021Q_BE && f->ethertype != ETH_P_8021AD_BE))
			break;
		if ((void *)(tag + 1) > f->end)
			return XLVS_PASS_MALFORMED;
		f->ethertype = tag->ethertype;
		f->tags++;
		tag++;
	}
	f->ip = tag;
	return NEXT;
}

/* IPVS handles what is addressed to this host only (IPVS.md section 2.1). */
static __always_inline bool to_my_mac(const struct frame *f)
{
	const struct ethhdr *eth = f->data;
	const __u16 *want = (const __u16 *)f->iface->mac, *is = (const __u16 *)eth->h_dest;

	return !((want[0] ^ is[0]) | (want[1] ^ is[1]) | (want[2] ^ is[2]));
}

static __always_inline void source_mac(const struct frame *f, struct xlvs_mac *out)
{
	const struct ethhdr *eth = f->data;

	__builtin_memcpy(out->addr, eth->h_source, ETH_ALEN);
}

/* Fixed part of the IPv4 header: addresses. The rest waits until the VIP is known to be ours. */
static __always_inline __u32 parse_addresses4(struct frame *f, struct flow *w)
{
	struct iphdr *ip = f->ip;

	if ((void *)(ip + 1) > f->end)
		return XLVS_PASS_MALFORMED;
	w->client[0] = ip->saddr;
	f->virtual[0] = ip->daddr;
	w->l4 = ip->protocol;
	return NEXT;
}

static __always_inline __u32 parse_addresses6(struct frame *f, struct flow *w)
{
	struct ipv6hdr *ip = f->ip;

	if ((void *)(ip + 1) > f->end)
		return XLVS_PASS_MALFORMED;
	__builtin_memcpy(w->client, &ip->saddr, 16);
	__builtin_memcpy(f->virtual, &ip->daddr, 16);
	w->l4 = ip->nexthdr;
	return NEXT;
}

/* Length, options, fragmentation. On NEXT *l4 is where the transport header starts. */
static __always_inline __u32 parse_rest4(struct frame *f, struct flow *w, void **l4)
{
	struct iphdr *ip = f->ip;
	__u32 header = ip->ihl * 4;

	f->bytes = masked(bpf_ntohs(ip->tot_len), 0xffff);
	if (ip->version != 4 || header < sizeof(*ip) || f->bytes < header ||
	    f->ip + f->bytes > f->end)
		return XLVS_PASS_MALFORMED;
	*l4 = f->ip + header;
	if (unlikely(ip->frag_off & (IP_OFFSET_MASK | IP_MORE_FRAGMENTS))) {
		w->fragment = ip->frag_off & IP_OFFSET_MASK ? FRAGMENT_LATER : FRAGMENT_FIRST;
		w->fragment_id = ip->id;
	}
	return NEXT;
}

static __always_inline __u32 parse_rest6(struct frame *f, struct flow *w, void **l4)
{
	struct ipv6hdr *ip = f->ip;

	f->bytes = sizeof(*ip) + masked(bpf_ntohs(ip->payload_len), 0xffff);
	if (ip->version != 6 || f->ip + f->bytes > f->end)
		return XLVS_PASS_MALFORMED;
	*l4 = ip + 1;
	return skip_ext_headers(f, w, l4);
}

/* Ports and TCP flags of what most packets are. A header that does not fit is dropped, as IPVS does. */
static __always_inline __u32 parse_ports(struct frame *f, struct flow *w, void *l4)
{
	if (likely(w->l4 == IPPROTO_TCP)) {
		struct tcphdr *tcp = l4;

		if ((void *)(tcp + 1) > f->end || l4 + sizeof(*tcp) > f->ip + f->bytes)
			return XLVS_DROP_TRUNCATED;
		w->client_port = tcp->source;
		w->virtual_port = tcp->dest;
		w->tcp_flags = ((__u8 *)tcp)[13];
		w->proto = XLVS_TCP;
		return NEXT;
	}
	if (w->l4 == IPPROTO_UDP) {
		struct udphdr *udp = l4;

		if ((void *)(udp + 1) > f->end || l4 + sizeof(*udp) > f->ip + f->bytes)
			return XLVS_DROP_TRUNCATED;
		w->client_port = udp->source;
		w->virtual_port = udp->dest;
		w->proto = XLVS_UDP;
		return NEXT;
	}
	return XLVS_PASS_NO_SERVICE;
}

/* AH and ESP have no ports: they go where the client's IKE flow goes (IPVS.md section 9). */
#define IKE_PORT bpf_htons(500)

static __always_inline __u32 parse_transport(struct frame *f, struct flow *w, void *l4)
{
	if (w->l4 == IPPROTO_SCTP)
		return parse_sctp(f, w, l4);
	if (w->l4 != IPPROTO_AH && w->l4 != IPPROTO_ESP)
		return parse_ports(f, w, l4);
	w->about = ABOUT_IPSEC;
	w->proto = XLVS_UDP;
	w->client_port = IKE_PORT;
	w->virtual_port = IKE_PORT;
	return NEXT;
}

#endif
