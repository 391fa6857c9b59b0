/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xlvs.bpf.c - the story of a packet: what arrives, whose it is, where it goes.
 * Every step returns a reason; finish() counts it and makes it an action.
 * What is not for a virtual service leaves untouched.
 */
#include "arrive.h"
#include "connect.h"
#include "frag.h"
#include "leave.h"
#include "sweep.h"

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
	return 0;
}

/* Second: where does it go? Fills the verdict. */
static __always_inline void judge(struct desk *d)
{
	const struct flow *w = &d->flow;
	struct verdict *v = &d->verdict;
	struct found *way = &d->way;
	bool there = way->seen && !conn_expired(way->seen, w->now);

	if (there && w->about == ABOUT_ICMP) {	/* does not touch the flow's timer */
		v->real = conn_real(way->seen);
		v->reason = XLVS_FORWARD_ICMP;
	} else if (there && is_reset(real_flags(conn_real(way->seen)), w)) {
		d->flow.tcp_flags = TCP_RST;	/* its state is that of a flow that was reset */
		conn_advance(w, way);
		v->reason = XLVS_DROP_RESET;
	} else if (there && !conn_gives_way(way->seen, w)) {
		*v = known(w, way);
	} else if (w->about == ABOUT_ICMP && !tunable(XLVS_TUNE_SCHEDULE_ICMP)) {
		v->reason = XLVS_PASS_ICMP_NO_FLOW;
	} else if (w->about == ABOUT_IPSEC) {
		v->reason = XLVS_PASS_NO_SERVICE;
	} else {
		connect_flow(w, d->hash, way, v);
		if (there)
			conn_remove(w, way);
	}
}

/* The same for fragments: later ones follow the first. */
static __always_inline void judge_fragment(struct desk *d)
{
	const struct flow *w = &d->flow;
	struct verdict *v = &d->verdict;

	if (w->fragment == FRAGMENT_LATER) {
		v->real = fragment_follow(w);
		v->reason = v->real ? XLVS_FORWARD_FRAGMENT : XLVS_PASS_FRAGMENT_FIRST_UNSEEN;
		return;
	}
	judge(d);
	if (w->fragment == FRAGMENT_FIRST && v->real)
		fragment_remember(w, v->real);
}

/* Third: off it goes. */
__noinline int send_packet(struct xdp_md *ctx, const struct flow *w, const struct verdict *v)
{
	struct frame f = {};

	if (!w || !v)
		return XDP_ABORTED;
	if (arrive(ctx, &f) != NEXT)
		return finish(&f, v->reason, XDP_PASS);
	f.bytes = w->bytes;
	return w->family == XLVS_IPV4 ? leave(&f, w, v, XLVS_IPV4) : leave(&f, w, v, XLVS_IPV6);
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
	return send_packet(ctx, &d->flow, &d->verdict);
}

static __always_inline int direct(struct xdp_md *ctx)
{
	struct frame f = {};
	__u32 reason = arrive(ctx, &f);
	int action;

	if (reason != NEXT)
		return finish(&f, reason, XDP_PASS);
	action = f.ethertype == bpf_htons(ETH_P_IP) ? settle(&f, XLVS_IPV4) : settle(&f, XLVS_IPV6);
	return likely(action != UNSETTLED) ? action : walk(ctx);
}

SEC("xdp")
int xlvs(struct xdp_md *ctx)
{
	return direct(ctx);
}

char LICENSE[] SEC("license") = "GPL";
