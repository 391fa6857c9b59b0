/* SPDX-License-Identifier: GPL-2.0 */
/*
 * floor.bpf.c - the least that direct routing with memory can cost: parse, one hit
 * in a 64-byte set, MAC and TTL rewritten. No VIPs (those of frames with a tag have
 * the next two numbers), no states, no counters. Its table is the datapath's own, so
 * both miss the same cache lines.
 */
#include "vary.h"
#include "../../bpf/conn.h"
#include "../../bpf/forward.h"

static __always_inline int rewrite(struct frame *f, const int family)
{
	const struct xlvs_nexthop *hop = at(&nexthops, 1);

	if (!hop)
		return XDP_ABORTED;
	if (f->ip + sizeof(struct ipv6hdr) > f->end)
		return XDP_ABORTED;
	if (family == XLVS_IPV4 ? ((struct iphdr *)f->ip)->ttl <= 1 : ((struct ipv6hdr *)f->ip)->hop_limit <= 1)
		return XDP_DROP;
	if (family == XLVS_IPV4)
		spend_hop4(f->ip);
	else
		((struct ipv6hdr *)f->ip)->hop_limit--;
	write_macs(f->data, hop);
	return XDP_TX;
}

static __always_inline int hit(struct frame *f, const int family)
{
	struct flow w = { .family = family, .vip = (family == XLVS_IPV4 ? 1 : 2) + (f->tags ? 2 : 0) };
	struct found way;
	void *l4;

	if ((family == XLVS_IPV4 ? parse_addresses4(f, &w) : parse_addresses6(f, &w)) != NEXT)
		return XDP_PASS;
	l4 = f->ip + (family == XLVS_IPV4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	f->bytes = 40 + sizeof(struct tcphdr);
	if (parse_ports(f, &w, l4) != NEXT)
		return XDP_PASS;
	if (!conn_find(&w, conn_hash(&w, family), family, &way))
		return XDP_PASS;
	return rewrite(f, family);
}

static __noinline int packet(struct xdp_md *ctx)
{
	struct frame f = {
		.ctx = ctx,
		.data = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
	};

	if (parse_ethernet(&f) != NEXT)
		return XDP_PASS;
	if (f.ethertype == bpf_htons(ETH_P_IP))
		return hit(&f, XLVS_IPV4);
	return hit(&f, XLVS_IPV6);
}

SEC("xdp")
int subject(struct xdp_md *ctx)
{
	return vary(ctx) ? XDP_ABORTED : judged(packet(ctx));
}

/* Parsing alone: what any program must pay for a packet that is not its own. */
static __noinline int parse_only(struct xdp_md *ctx)
{
	struct flow w = {};
	struct frame f = {
		.ctx = ctx,
		.data = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
	};

	if (parse_ethernet(&f) != NEXT || f.ethertype != bpf_htons(ETH_P_IP))
		return XDP_DROP;
	return parse_addresses4(&f, &w) == NEXT && f.virtual[0] ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int parsed(struct xdp_md *ctx)
{
	return vary(ctx) ? XDP_ABORTED : judged(parse_only(ctx));
}

char LICENSE[] SEC("license") = "GPL";
