/* SPDX-License-Identifier: GPL-2.0 */
/*
 * judge.h - second: where a packet of a VIP goes. With its flow, with another real
 * server, to nobody. Fills the desk's verdict.
 */
#ifndef XLVS_JUDGE_H
#define XLVS_JUDGE_H

#include "connect.h"
#include "frag.h"

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
		v->real = conn_real(way->seen);
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
	if (w->fragment == FRAGMENT_FIRST && v->real && v->reason != XLVS_DROP_RESET)
		fragment_remember(w, v->real);
}

#endif
