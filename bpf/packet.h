/* SPDX-License-Identifier: GPL-2.0 */
/*
 * packet.h - from bytes to addresses and ports: Ethernet, VLAN tags, IPv4 with
 * options, IPv6 with extension headers, TCP/UDP. Each parser checks its bounds
 * directly before use and returns a reason, or NEXT when the walk goes on.
 */
#ifndef XLVS_PACKET_H
#define XLVS_PACKET_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include "config.h"

#define NEXT 255			/* not a reason: go on with the next step */

#define ETH_P_8021Q_BE bpf_htons(0x8100)
#define ETH_P_8021AD_BE bpf_htons(0x88a8)
#define IP_OFFSET_MASK bpf_htons(0x1fff)
#define IP_MORE_FRAGMENTS bpf_htons(0x2000)

enum tcp_flag {				/* byte 13 of the TCP header */
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_ACK = 0x10,
};

struct vlan_tag {
	__be16 tci;
	__be16 ethertype;		/* of what follows */
};

/* Where a walk along extension headers starts, and then where it ended. */
struct ext_result {
	__u32 offset;			/* from the start of the frame */
	__u32 next;
	__u32 fragment;			/* enum fragment */
	__be32 id;
};

/* A frame while it walks: what the link layer said and where the IP header starts. */
struct frame {
	struct xdp_md *ctx;
	void *data, *end;		/* read once: a reloaded pointer has no checked range */
	const struct xlvs_iface *iface;
	__u32 cpu;
	__u32 now;
	__u32 tags;
	__u32 bytes;			/* of the IP packet */
	__be16 ethertype;
	void *ip;
	__be32 virtual[4];		/* destination address */
};

/* A packet's identity; for an ICMP error, that of the flow it is about. */
struct flow {
	__be32 client[4];
	__be16 client_port;
	__be16 virtual_port;
	__u16 vip;
	__u8 family;			/* enum xlvs_family */
	__u8 proto;			/* enum xlvs_proto */
	__u8 l4;			/* IPPROTO_* */
	__u8 tcp_flags;
	__u8 fragment;			/* enum fragment */
	__u8 icmp;			/* an ICMP error about the flow, not a packet of it */
	__be32 fragment_id;
	__u32 now;
	__u32 cpu;
	__u32 bytes;			/* of the IP packet */
	struct xlvs_mac src_mac;
};

enum fragment {
	FRAGMENT_NONE,
	FRAGMENT_FIRST,
	FRAGMENT_LATER,
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

	f->bytes = bpf_ntohs(ip->tot_len);
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

struct ext_header {
	__u8 next;
	__u8 length;			/* fragment header: reserved; AH: 4-byte units less 2 */
	__be16 offset;			/* fragment header */
	__be32 id;
};

static __always_inline bool is_ext_header(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_AH || next == IPPROTO_FRAGMENT;
}

#define MAX_HEADERS_END 2048		/* a walk that gets here has not found its end */

/* A walk along IPv6 extension headers (RFC 8200 section 4). */
struct ext_walk {
	struct xdp_md *ctx;
	__u32 offset;			/* of the next header, from the start of the frame */
	__u32 next;			/* what it is */
	__u32 fragment;			/* enum fragment */
	__be32 id;
};

static int ext_step(__u32 i, struct ext_walk *walk)
{
	struct ext_header ext;
	__u32 kind = walk->next;

	if (!is_ext_header(kind) || bpf_xdp_load_bytes(walk->ctx, walk->offset, &ext, sizeof(ext)))
		return 1;
	walk->next = ext.next;
	if (kind == IPPROTO_AH) {
		walk->offset += (ext.length + 2) * 4;
	} else if (kind != IPPROTO_FRAGMENT) {
		walk->offset += (ext.length + 1) * 8;
	} else {
		walk->offset += sizeof(ext);
		if (ext.offset & bpf_htons(0xfff9)) {
			walk->id = ext.id;
			walk->fragment = ext.offset & bpf_htons(0xfff8) ? FRAGMENT_LATER : FRAGMENT_FIRST;
		}
	}
	return walk->fragment == FRAGMENT_LATER;
}

/* Stops behind a later fragment's header, where no further header can be read. */
__noinline int walk_ext_headers(struct xdp_md *ctx, struct ext_result *at)
{
	struct ext_walk walk = { .ctx = ctx };

	if (!at)
		return XLVS_PASS_MALFORMED;
	walk.offset = at->offset;
	walk.next = at->next;
	bpf_loop(XLVS_MAX_EXT_HEADERS, ext_step, &walk, 0);
	at->offset = walk.offset;
	at->next = walk.next;
	at->fragment = walk.fragment;
	at->id = walk.id;
	if (walk.fragment != FRAGMENT_LATER && is_ext_header(walk.next))
		return XLVS_PASS_EXT_HEADERS;
	return walk.offset < MAX_HEADERS_END ? NEXT : XLVS_PASS_EXT_HEADERS;
}

/* From *l4, whose kind w->l4 tells, to the transport header. */
static __always_inline __u32 skip_ext_headers(struct frame *f, struct flow *w, void **l4)
{
	struct ext_result at[1] = {{ .next = w->l4 }};
	__u32 reason;

	if (likely(!is_ext_header(w->l4)))
		return NEXT;
	at->offset = *l4 - f->data;
	reason = walk_ext_headers(f->ctx, at);
	if (reason != NEXT || at->offset >= MAX_HEADERS_END)
		return XLVS_PASS_EXT_HEADERS;
	*l4 = f->data + at->offset;
	w->l4 = at->next;
	w->fragment = at->fragment;
	w->fragment_id = at->id;
	return NEXT;
}

static __always_inline __u32 parse_rest6(struct frame *f, struct flow *w, void **l4)
{
	struct ipv6hdr *ip = f->ip;

	f->bytes = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (ip->version != 6 || f->ip + f->bytes > f->end)
		return XLVS_PASS_MALFORMED;
	*l4 = ip + 1;
	return skip_ext_headers(f, w, l4);
}

/* Ports and TCP flags. A header that does not fit is dropped, as IPVS does. */
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

#endif
