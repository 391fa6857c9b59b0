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
	count_service(f.cpu, f.reason, v->real, v->service);
	return action;
}

/*
 * Nearly every packet: not for a VIP, or of a known flow that stays in its state; the flow
 * lives in registers. One that begins a flow or takes it to another state is judged with what
 * has been read. What else comes is UNSETTLED and starts again in walk() (docs/decisions/0005).
 */
static __always_inline int settle(struct frame *f, const int family)
{
	struct flow w = { .family = family };
	struct found way;
	struct desk *d;
	void *l4 = NULL;
	__u64 *word, hash;
	__u32 reason = identify(f, &w, &l4, family);

	if (reason == XLVS_PASS_NOT_VIP)
		return finish(f, reason, XDP_PASS);
	if (reason != NEXT || w.fragment || parse_ports(f, &w, l4) != NEXT)
		return UNSETTLED;
	hash = conn_hash(&w, family);
	word = conn_find(&w, hash, family, &way);
	if (likely(word && !conn_expired(way.seen, w.now) && conn_stays(way.seen, &w))) {
		if (unlikely(conn_stamp(way.seen) != w.now) && real_available(conn_real(way.seen)))
			conn_refresh(word, way.seen, w.now);
		return leave_short(f, &(struct verdict){ .reason = XLVS_FORWARD_CONN, .real = conn_real(way.seen) }, family);
	}
	d = at(&desks, 0);
	if (!d || !lay_out(d, f, &w, hash, word ? &way : NULL, family))
		return UNSETTLED;
	judge(d);
	if (is_forwarded(d->verdict.reason)) {
		int action = leave_short(f, &d->verdict, family);

		if (likely(action != UNSETTLED))
			return action;
	}
	return send_packet(f->ctx, &d->flow, &d->verdict);
}

static __always_inline int walk(struct xdp_md *ctx)
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

	if (reason != NEXT)
		return finish(&f, reason, XDP_PASS);
	return f.ethertype == bpf_htons(ETH_P_IP) ? settle(&f, XLVS_IPV4) : settle(&f, XLVS_IPV6);
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

/* The whole of it; the long way where everything has to be known at the end. */
static __always_inline int balance(struct xdp_md *ctx)
{
	bool traced = is_traced() && trace_wants(ctx);
	int action = traced || REHEARSAL ? UNSETTLED : direct(ctx);

	if (unlikely(action == UNSETTLED))
		action = walk(ctx);
	return unlikely(traced) ? trace_record(ctx, action) : action;
}

SEC("xdp")
int xlvs(struct xdp_md *ctx)
{
	return balance(ctx);
}

char LICENSE[] SEC("license") = "GPL";
