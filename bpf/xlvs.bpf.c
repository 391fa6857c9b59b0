/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xlvs.bpf.c - the story of a packet: what arrives, whose it is, where it goes.
 * Every step returns a reason; finish() counts it and makes it an action.
 * What is not for a virtual service leaves untouched.
 */
#include "arrive.h"
#include "judge.h"
#include "leave.h"
#include "rehearse.h"
#ifndef XLVS_REHEARSAL
#include "sweep.h"
#endif
#include "trace.h"

/*
 * Nearly every packet: not for a VIP, or of a known flow that stays in its state.
 * Nothing here is called out of line, so the flow lives in registers. Whatever else
 * comes is UNSETTLED and starts again in walk() (docs/decisions/0005).
 */
static __always_inline int settle(struct frame *f, const int family)
{
	struct flow w = { .family = family };
	struct found way;
	void *l4 = NULL;
	__u64 *word;
	__u32 reason = identify(f, &w, &l4, family);

	if (reason == XLVS_PASS_NOT_VIP)
		return finish(f, reason, XDP_PASS);
	if (reason != NEXT || w.fragment || parse_ports(f, &w, l4) != NEXT)
		return UNSETTLED;
	word = conn_find(&w, conn_hash(&w, family), family, &way);
	if (!word || conn_expired(way.seen, w.now) || !conn_stays(way.seen, &w))
		return UNSETTLED;
	if (unlikely(conn_stamp(way.seen) != w.now) && real_available(conn_real(way.seen)))
		conn_refresh(word, way.seen, w.now);
	return leave_settled(f, conn_real(way.seen), family);
}

/* The whole story, in parts: each is verified once, and gives its stack back. First: whose packet is it? */
__noinline int read_packet(struct xdp_md *ctx, struct desk *d)
{
	if (!d)
		return XLVS_PASS_MALFORMED;
	d->verdict.reason = read_flow(ctx, &d->flow);
	if (d->verdict.reason == NEXT && d->flow.fragment != FRAGMENT_LATER)
		d->hash = find_flow(&d->flow, &d->way);
	tell_flow(&d->flow, d->hash, &d->way, d->verdict.reason);
	return 0;
}

/* Third, when judge.h has said where it goes: off. */
__noinline int send_packet(struct xdp_md *ctx, const struct flow *w, struct verdict *v)
{
	struct frame f = {};
	int action;

	if (!w || !v)
		return XDP_ABORTED;
	if (arrive(ctx, &f) != NEXT)
		return finish(&f, v->reason, XDP_PASS);
	f.bytes = w->bytes;
	action = w->family == XLVS_IPV4 ? leave(&f, w, v, XLVS_IPV4) : leave(&f, w, v, XLVS_IPV6);
	v->reason = f.reason;
	count_service(&f, v);
	return action;
}

static __noinline int walk(struct xdp_md *ctx)
{
	struct desk *d = at(&desks, 0);

	if (!d)
		return XDP_ABORTED;
	__builtin_memset(d, 0, sizeof(*d));
	read_packet(ctx, d);
	if (d->verdict.reason == NEXT)
		judge_fragment(d);
	NOTE(real, d->verdict.real);
	return send_packet(ctx, &d->flow, &d->verdict);
}

static __always_inline int direct(struct xdp_md *ctx)
{
	struct frame f = {};
	__u32 reason = arrive(ctx, &f);
	int action;

	if (reason != NEXT)
		return finish(&f, reason, XDP_PASS);
	if (REHEARSAL)			/* only the long way has something to tell */
		return walk(ctx);
	action = f.ethertype == bpf_htons(ETH_P_IP) ? settle(&f, XLVS_IPV4) : settle(&f, XLVS_IPV6);
	return likely(action != UNSETTLED) ? action : walk(ctx);
}

/* Somebody traces, and this packet is one of those that are looked at. */
static __noinline bool trace_wants(struct xdp_md *ctx)
{
	struct xlvs_trace_filter *t = at(&trace_filter, 0);
	struct desk *d = at(&desks, 0);

	if (!t || !d || !trace_glance(ctx, t))
		return false;
	__builtin_memset(d, 0, sizeof(*d));
	read_packet(ctx, d);
	if (!trace_matches(t, &d->flow) || !trace_draws(t))
		return false;
	trace_copy(ctx, t);
	return true;
}

SEC("xdp")
int xlvs(struct xdp_md *ctx)
{
	if (is_traced() && trace_wants(ctx))	/* the long way: there everything is known at the end */
		return trace_record(ctx, walk(ctx));
	return direct(ctx);
}

char LICENSE[] SEC("license") = "GPL";
