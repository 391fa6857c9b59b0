/* SPDX-License-Identifier: GPL-2.0 */
/*
 * icmp.h - ICMP errors go to the real server of the flow they are about, or path
 * MTU discovery breaks. The quoted packet is one that the real server sent, so its
 * source is a VIP, not always the one the error came to (IPVS.md section 13). Only 8 bytes behind the quoted IP header
 * are promised (RFC 792).
 */
#ifndef XLVS_ICMP_H
#define XLVS_ICMP_H

#include "conn.h"
#include "service.h"

/* <linux/icmp.h> pulls in the C library; this much is needed. */
struct icmp_header {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be32 rest;
};

enum icmp_error {			/* RFC 792 */
	ICMP_DEST_UNREACH = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_TIME_EXCEEDED = 11,
	ICMP6_FIRST_QUERY = 128,	/* RFC 4443: below are errors */
};

/* IPv4: unreachable, source quench, time exceeded; redirects and parameter problems are not. */
static __always_inline bool is_error4(__u8 type)
{
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH || type == ICMP_TIME_EXCEEDED;
}

static __always_inline __u32 quoted4(struct frame *f, struct flow *w, void **l4)
{
	struct iphdr *ip = *l4;

	if ((void *)(ip + 1) > f->end || ip->version != 4 || ip->ihl < 5)
		return XLVS_PASS_ICMP_NO_FLOW;
	w->vip = find_vip(&ip->saddr, XLVS_IPV4);
	if (!w->vip || ip->frag_off & IP_OFFSET_MASK)
		return XLVS_PASS_ICMP_NO_FLOW;
	w->client[0] = ip->daddr;
	w->l4 = ip->protocol;
	*l4 += ip->ihl * 4;
	return NEXT;
}

static __always_inline __u32 quoted6(struct frame *f, struct flow *w, void **l4)
{
	struct ipv6hdr *ip = *l4;
	__be32 from[4];

	if ((void *)(ip + 1) > f->end || ip->version != 6)
		return XLVS_PASS_ICMP_NO_FLOW;
	__builtin_memcpy(from, &ip->saddr, 16);
	w->vip = find_vip(from, XLVS_IPV6);
	if (!w->vip)
		return XLVS_PASS_ICMP_NO_FLOW;
	__builtin_memcpy(w->client, &ip->daddr, 16);
	w->l4 = ip->nexthdr;
	*l4 = ip + 1;
	if (skip_ext_headers(f, w, l4) != NEXT || w->fragment == FRAGMENT_LATER)
		return XLVS_PASS_ICMP_NO_FLOW;
	return NEXT;
}

/* Turn `w` into the flow that the error at `l4` is about; NEXT when it is one that may be ours. */
static __always_inline __u32 icmp_flow(struct frame *f, struct flow *w, void *l4, const int family)
{
	void *end = f->end;
	struct icmp_header *icmp = l4;
	__be16 *ports;
	__u32 reason;

	if ((void *)(icmp + 1) > end)
		return XLVS_PASS_MALFORMED;
	if (family == XLVS_IPV4 ? !is_error4(icmp->type) : icmp->type >= ICMP6_FIRST_QUERY)
		return XLVS_PASS_ICMP_QUERY;
	if (family == XLVS_IPV6 && w->fragment)
		return XLVS_DROP_ICMP_FRAGMENT;
	l4 = icmp + 1;
	reason = family == XLVS_IPV4 ? quoted4(f, w, &l4) : quoted6(f, w, &l4);
	if (reason != NEXT)
		return reason;
	w->about = ABOUT_ICMP;
	w->fragment = FRAGMENT_NONE;
	ports = l4;
	if ((void *)(ports + 2) > end || (void *)(ports + 2) > f->ip + f->bytes)
		return XLVS_PASS_ICMP_NO_FLOW;
	w->virtual_port = ports[0];
	w->client_port = ports[1];
	if (w->l4 == IPPROTO_TCP)
		w->proto = XLVS_TCP;
	else if (w->l4 == IPPROTO_UDP)
		w->proto = XLVS_UDP;
	else if (w->l4 == IPPROTO_SCTP)
		w->proto = XLVS_SCTP;
	else
		return XLVS_PASS_ICMP_NO_FLOW;
	return NEXT;
}

#endif
