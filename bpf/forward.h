/* SPDX-License-Identifier: GPL-2.0 */
/*
 * forward.h - a packet leaves for its real server: next hop, TTL, link header.
 * Direct routing: the IP packet stays as it is but for TTL and header checksum.
 */
#ifndef XLVS_FORWARD_H
#define XLVS_FORWARD_H

#include "count.h"
#include "nexthop.h"

/* One hop less, as IPVS does for every method (IPVS.md section 14); RFC 1141 for the checksum. */
static __always_inline bool spend_hop4(struct iphdr *ip)
{
	__u32 check = ip->check;

	if (ip->ttl <= 1)
		return false;
	check += bpf_htons(0x0100);
	ip->check = check + (check >= 0xffff);
	ip->ttl--;
	return true;
}

static __always_inline bool spend_hop6(struct ipv6hdr *ip)
{
	if (ip->hop_limit <= 1)
		return false;
	ip->hop_limit--;
	return true;
}

/*
 * Send the frame to the real server; the returned reason is `reason` unless
 * something stood in the way. *action becomes XDP_TX or XDP_REDIRECT.
 */
static __always_inline __u32 forward(struct frame *f, __u32 reason, __u32 real, const int family, int *action)
{
	const struct xlvs_real *dest = at(&reals, real);
	const struct xlvs_nexthop *hop;

	if (!dest || !(dest->flags & XLVS_REAL_AVAILABLE))
		return XLVS_DROP_REAL_GONE;
	hop = at(&nexthops, READ_ONCE(dest->nexthop));
	if (!hop || unlikely(hop->kind != XLVS_NEXTHOP_ETHERNET)) {
		if (hop && hop->kind == XLVS_NEXTHOP_LOCAL) {
			count_real(f, real);
			return XLVS_PASS_LOCAL_REAL;
		}
		return XLVS_DROP_NEXTHOP;
	}
	if (f->ip + (family == XLVS_IPV4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) >
	    f->end)
		return XLVS_PASS_MALFORMED;
	if (!(family == XLVS_IPV4 ? spend_hop4(f->ip) : spend_hop6(f->ip)))
		return XLVS_DROP_TTL;
	if (!write_link_header(f, hop))
		return XLVS_DROP_REWRITE;
	count_real(f, real);
	if (likely(hop->ifindex == f->ctx->ingress_ifindex))
		return reason;
	if (bpf_redirect_map(&tx_ports, hop->ifindex, XDP_DROP) != XDP_REDIRECT)
		return XLVS_DROP_PORT_DOWN;
	*action = XDP_REDIRECT;
	return reason;
}

#endif
