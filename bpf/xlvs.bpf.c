/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xlvs.bpf.c - the story of a packet: what arrives, whose it is, where it goes.
 * Every step returns a reason; finish() counts it and makes it an action.
 * What is not for a virtual service leaves untouched.
 */
#include "config.h"
#include "maps.h"
#include "packet.h"
#include "service.h"
#include "connect.h"
#include "frag.h"
#include "icmp.h"
#include "forward.h"
#include "sweep.h"

/* A packet of a known connection: its real server, its state, its stamp. */
static __always_inline struct verdict known(const struct flow *w, const struct found *way, __u64 *word)
{
	struct verdict v = { .reason = XLVS_FORWARD_CONN, .real = conn_real(way->seen) };
	const struct xlvs_real *dest = at(&reals, v.real);
	__u32 state = conn_state(way->seen);

	if (!dest || unlikely(!(dest->flags & XLVS_REAL_AVAILABLE)))
		v.reason = XLVS_DROP_REAL_GONE;
	else if (w->proto == XLVS_TCP && tcp_step(state, w->tcp_flags) != state)
		conn_advance(w, way);
	else if (conn_stamp(way->seen) != w->now)
		__sync_val_compare_and_swap(word, way->seen, (way->seen & ~CONN_STAMP_MASK) | w->now);
	return v;
}

/* TCP or UDP for a VIP: the connection's real server, or a new one. */
static __always_inline struct verdict choose(const struct flow *w, const int family)
{
	__u64 hash = conn_hash(w, family), *word;
	struct found way = {};
	struct verdict v;

	word = conn_find(w, hash, family, &way);
	if (likely(word)) {
		if (likely(!conn_expired(way.seen, w->now) && !conn_restarts(way.seen, w)))
			return known(w, &way, word);
	} else {
		way.seen = 0;
	}
	connect_flow(w, hash, &way, &v);
	return v;
}

static __always_inline struct verdict balance(struct frame *f, struct flow *w, const int family)
{
	const __u8 icmp = family == XLVS_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	struct verdict v = {};
	void *l4 = NULL;

	v.reason = family == XLVS_IPV4 ? parse_addresses4(f, w) : parse_addresses6(f, w);
	if (v.reason != NEXT)
		return v;
	v.reason = XLVS_PASS_NOT_VIP;
	w->vip = find_vip(w->virtual, family);
	if (!w->vip)
		return v;
	w->now = now_ticks();
	v.reason = family == XLVS_IPV4 ? parse_rest4(f, w, &l4) : parse_rest6(f, w, &l4);
	if (v.reason != NEXT)
		return v;
	if (unlikely(w->fragment == FRAGMENT_LATER)) {
		v.real = fragment_follow(w);
		v.reason = v.real ? XLVS_FORWARD_FRAGMENT : XLVS_PASS_FRAGMENT_FIRST_UNSEEN;
		return v;
	}
	if (unlikely(w->l4 == icmp)) {
		v.reason = icmp_flow(f, w, l4, family);
		if (v.reason != NEXT)
			return v;
		v.real = icmp_real(w, family);
		v.reason = v.real ? XLVS_FORWARD_ICMP : XLVS_PASS_ICMP_NO_FLOW;
		return v;
	}
	v.reason = parse_ports(f, w, l4);
	if (v.reason != NEXT)
		return v;
	v = choose(w, family);
	if (unlikely(w->fragment == FRAGMENT_FIRST) && v.real)
		fragment_remember(w, v.real);
	return v;
}

static __always_inline int walk(struct frame *f, const int family)
{
	struct flow w = { .family = family, .cpu = f->cpu };
	struct verdict v;
	int action = XDP_TX;

	source_mac(f, &w.src_mac);
	v = balance(f, &w, family);
	if (v.reason >= XLVS_REASON_FORWARD && v.reason < XLVS_REASON_DROP)
		v.reason = forward(f, v.reason, v.real, family, &action);
	return finish(f, v.reason, action);
}

static __always_inline int direct(struct xdp_md *ctx)
{
	struct frame f = {
		.ctx = ctx,
		.data = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
		.cpu = bpf_get_smp_processor_id(),
	};
	__u32 reason = parse_ethernet(&f);

	f.iface = at(&ifaces, ctx->ingress_ifindex);
	if (!f.iface || !f.iface->attached)
		return finish(&f, XLVS_PASS_NOT_ATTACHED, XDP_PASS);
	if (reason != NEXT)
		return finish(&f, reason, XDP_PASS);
	if (!to_my_mac(&f))
		return finish(&f, XLVS_PASS_NOT_MY_MAC, XDP_PASS);
	if (likely(f.ethertype == bpf_htons(ETH_P_IP)))
		return walk(&f, XLVS_IPV4);
	if (f.ethertype == bpf_htons(ETH_P_IPV6))
		return walk(&f, XLVS_IPV6);
	return finish(&f, XLVS_PASS_NOT_IP, XDP_PASS);
}

SEC("xdp")
int xlvs(struct xdp_md *ctx)
{
	return direct(ctx);
}

SEC("syscall")
int sweep(struct xlvs_sweep *order)
{
	sweep_slice(order);
	return 0;
}

SEC("syscall")
int clock(struct xlvs_now *now)
{
	now->jiffies = bpf_jiffies64();
	now->monotonic_ns = bpf_ktime_get_ns();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
