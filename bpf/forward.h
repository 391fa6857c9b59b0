/* SPDX-License-Identifier: GPL-2.0 */
/*
 * forward.h - a packet leaves for its real server: next hop, TTL, link header.
 * Direct routing: the IP packet stays as it is but for TTL and header checksum.
 */
#ifndef XLVS_FORWARD_H
#define XLVS_FORWARD_H

#include "count.h"
#include "drain.h"
#include "nexthop.h"

/* One hop less, as IPVS does for every method (IPVS.md section 14); RFC 1141 for the checksum. */
static __always_inline void spend_hop4(struct iphdr *ip)
{
	__u32 check = ip->check;

	check += bpf_htons(0x0100);
	ip->check = check + (check >= 0xffff);
	ip->ttl--;
}

/*
 * What stands in the way of the packet: a spent TTL, then the next hop's MTU, in IPVS's
 * order. Frames of generic mode may have been merged on arrival and are not measured.
 */
static __always_inline __u32 obstacle(const struct frame *f, const struct xlvs_nexthop *hop, __u8 hops_left)
{
	if (unlikely(hops_left <= 1))
		return XLVS_DROP_TTL;
	if (unlikely(f->bytes > hop->mtu) && hop->mtu && !f->iface->merged)
		return XLVS_DROP_MTU;
	return NEXT;
}

/* The IP header after the decision; a reason when the packet may not go on. IPVS spends the hop before it measures. */
static __always_inline __u32 spend_hop(struct frame *f, const struct xlvs_nexthop *hop, const int family,
				       const bool only_smooth)
{
	struct iphdr *ip4 = f->ip;
	struct ipv6hdr *ip6 = f->ip;
	__u32 reason;

	if (f->ip + (family == XLVS_IPV4 ? sizeof(*ip4) : sizeof(*ip6)) > f->end)
		return XLVS_PASS_MALFORMED;
	reason = obstacle(f, hop, family == XLVS_IPV4 ? ip4->ttl : ip6->hop_limit);
	if (unlikely(reason == XLVS_DROP_TTL || (only_smooth && reason != NEXT)))
		return reason;
	if (family == XLVS_IPV4)
		spend_hop4(ip4);
	else
		ip6->hop_limit--;
	return reason;
}

/*
 * Send the frame to the real server; the returned reason is `reason` unless
 * something stood in the way. *action becomes XDP_TX or XDP_REDIRECT. Counted is what
 * was meant for the real server, whether or not it gets there (IPVS.md section 2.8).
 * `only_smooth`: what is in the way makes it NEXT, with nothing written or counted.
 */
static __always_inline __u32 forward(struct frame *f, __u32 reason, __u32 real, const int family, int *action,
				     const bool only_smooth)
{
	const struct xlvs_real *dest = at(&reals, real);
	const struct xlvs_nexthop *hop;
	__u32 obstacle, flags;

	if (!dest)
		return XLVS_DROP_REAL_GONE;
	NOTE(real, real);
	NOTE(nexthop, READ_ONCE(dest->nexthop));
	flags = READ_ONCE(dest->flags);
	if (only_smooth && unlikely((flags & (XLVS_REAL_AVAILABLE | REAL_EMPTIES)) != XLVS_REAL_AVAILABLE))
		return NEXT;
	if (!only_smooth && flags & XLVS_REAL_AVAILABLE)
		count_real(f, real);
	else if (!only_smooth && reason != XLVS_FORWARD_ICMP)	/* an ICMP error still finds it, uncounted (IPVS) */
		return XLVS_DROP_REAL_GONE;
	hop = at(&nexthops, READ_ONCE(dest->nexthop));
	if (!hop || unlikely(hop->kind != XLVS_NEXTHOP_ETHERNET))
		return only_smooth ? NEXT : hop && hop->kind == XLVS_NEXTHOP_LOCAL ? XLVS_PASS_LOCAL_REAL :
		       XLVS_DROP_NEXTHOP;
	obstacle = spend_hop(f, hop, family, only_smooth);
	if (obstacle != NEXT)
		return only_smooth ? NEXT : obstacle;
	if (only_smooth)
		count_real(f, real);
	if (!write_link_header(f, hop))
		return XLVS_DROP_REWRITE;
	if (likely(hop->ifindex == f->ctx->ingress_ifindex))
		return reason;
	if (bpf_redirect_map(&tx_ports, hop->ifindex, XDP_DROP) != XDP_REDIRECT)
		return XLVS_DROP_PORT_DOWN;
	*action = XDP_REDIRECT;
	return reason;
}

#endif
