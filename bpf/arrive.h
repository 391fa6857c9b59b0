/* SPDX-License-Identifier: GPL-2.0 */
/*
 * arrive.h - the beginning of every walk: a frame arrives, is found to be for this host
 * and a VIP, and tells its flow.
 */
#ifndef XLVS_ARRIVE_H
#define XLVS_ARRIVE_H

#include "count.h"
#include "icmp.h"
#include "service.h"

/* To the IP header of a frame that is for this host, or the reason why there is none. */
static __always_inline __u32 arrive(struct xdp_md *ctx, struct frame *f)
{
	__u32 reason;

	f->ctx = ctx;
	f->data = (void *)(long)ctx->data;
	f->end = (void *)(long)ctx->data_end;
	f->cpu = bpf_get_smp_processor_id();
	f->iface = at(&ifaces, ctx->ingress_ifindex);
	reason = parse_ethernet(f);
	if (!f->iface || !f->iface->attached)
		return XLVS_PASS_NOT_ATTACHED;
	if (reason != NEXT)
		return reason;
	if (!to_my_mac(f))
		return XLVS_PASS_NOT_MY_MAC;
	if (f->ethertype != bpf_htons(ETH_P_IP) && f->ethertype != bpf_htons(ETH_P_IPV6))
		return XLVS_PASS_NOT_IP;
	return NEXT;
}

/* Whose packet is it, and where does its transport header start? */
static __always_inline __u32 identify(struct frame *f, struct flow *w, void **l4, const int family)
{
	__u32 reason = family == XLVS_IPV4 ? parse_addresses4(f, w) : parse_addresses6(f, w);

	if (reason != NEXT)
		return reason;
	w->vip = find_vip(f->virtual, family);
	if (!w->vip)
		return XLVS_PASS_NOT_VIP;
	w->now = now_ticks();
	return family == XLVS_IPV4 ? parse_rest4(f, w, l4) : parse_rest6(f, w, l4);
}

/* The flow that the packet belongs to, or is about. */
static __always_inline __u32 read_flow(struct xdp_md *ctx, struct flow *w)
{
	struct frame f = {};
	void *l4 = NULL;
	__u32 reason = arrive(ctx, &f);

	if (reason != NEXT)
		return reason;
	w->family = f.ethertype == bpf_htons(ETH_P_IP) ? XLVS_IPV4 : XLVS_IPV6;
	w->cpu = f.cpu;
	source_mac(&f, &w->src_mac);
	reason = w->family == XLVS_IPV4 ? identify(&f, w, &l4, XLVS_IPV4) : identify(&f, w, &l4, XLVS_IPV6);
	w->bytes = f.bytes;
	w->tags = f.tags;
	if (reason != NEXT || w->fragment == FRAGMENT_LATER)
		return reason;
	if (w->family == XLVS_IPV4 && w->l4 == IPPROTO_ICMP)
		return icmp_flow(&f, w, l4, XLVS_IPV4);
	if (w->family == XLVS_IPV6 && w->l4 == IPPROTO_ICMPV6)
		return icmp_flow(&f, w, l4, XLVS_IPV6);
	return parse_transport(&f, w, l4);
}

#endif
