/* SPDX-License-Identifier: GPL-2.0 */
/*
 * judge.h - second: where a packet of a VIP goes. With its flow, with another real
 * server, to nobody. Fills the desk's verdict.
 */
#ifndef XLVS_JUDGE_H
#define XLVS_JUDGE_H

#include "connect.h"
#include "frag.h"

/* conn_reuse_mode: a finished connection gives way to a new one; one under persistence keeps its real server. */
static __always_inline bool conn_restarts(__u64 data)
{
	__u32 mode = tunable(XLVS_TUNE_CONN_REUSE_MODE), state = conn_state(data);

	if (!mode || data & CONN_CONTROLLED)
		return false;
	return state == XLVS_TCP_TIME_WAIT || state == XLVS_TCP_CLOSE || state == XLVS_SCTP_CLOSED ||
	       (mode & 2 && state == XLVS_TCP_FIN_WAIT);
}

/* The packet goes on as if its connection were not there, and the connection ends (IPVS.md sections 2.5, 2.6). */
static __noinline bool conn_gives_way(__u64 data, const struct flow *w)
{
	__u32 flags = real_flags(conn_real(data));

	if (unlikely(drain_parts(flags, w)))
		return true;
	if (tunable(XLVS_TUNE_EXPIRE_NODEST_CONN) &&
	    (!(flags & XLVS_REAL_AVAILABLE) || (flags & XLVS_REAL_QUIESCED && opens(w))))
		return true;
	return opens(w) && conn_restarts(data);
}

/* Not static: verified once, for both families. */
__noinline int judge(struct desk *d)
{
	const struct flow *w;
	struct verdict *v;
	struct found *way;
	bool there;

	if (!d)
		return 0;
	w = &d->flow;
	v = &d->verdict;
	way = &d->way;
	if (!way->seen && w->proto != XLVS_UDP && !opens(w))
		find_flow(w, way);	/* it may have moved while it was looked up: nothing else begins in the middle */
	there = way->seen && !conn_expired(way->seen, w->now);
	if (there && w->about == ABOUT_ICMP) {	/* does not touch the flow's timer */
		v->real = conn_real(way->seen);
		v->reason = XLVS_FORWARD_ICMP;
	} else if (there && is_reset(real_flags(conn_real(way->seen)), w)) {
		d->flow.tcp_flags = TCP_RST;	/* its state is that of a flow that was reset */
		conn_advance(w, way, d->hash);
		v->real = conn_real(way->seen);
		v->reason = XLVS_DROP_RESET;
	} else if (there && !conn_gives_way(way->seen, w)) {
		*v = known(w, way, d->hash);
	} else if (w->about == ABOUT_ICMP && !tunable(XLVS_TUNE_SCHEDULE_ICMP)) {
		v->reason = XLVS_PASS_ICMP_NO_FLOW;
	} else if (w->about == ABOUT_IPSEC) {
		v->reason = XLVS_PASS_NO_SERVICE;
	} else {
		connect_flow(w, d->hash, way, v);
		if (there)
			conn_remove(w, way);
	}
	return 0;
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

/*
 * A packet that the short way has read, as far as judge() asks: no fragment, about no other flow,
 * no IPv6 extension headers. Its flow is read from the packet once more: that is cheaper than to
 * keep all of it for the few that come here.
 */
static __always_inline bool lay_out(struct desk *d, struct frame *f, const struct flow *w, __u64 hash,
				    const struct found *way, const int family)
{
	void *l4 = f->ip + sizeof(struct ipv6hdr);

	asm volatile("" : : : "memory");
	__builtin_memset(d, 0, sizeof(*d));
	if (family == XLVS_IPV4 ? parse_addresses4(f, &d->flow) != NEXT || parse_rest4(f, &d->flow, &l4) != NEXT :
	    parse_addresses6(f, &d->flow) != NEXT)
		return false;
	d->flow.family = family;
	d->flow.vip = w->vip;
	d->flow.now = w->now;
	d->flow.cpu = f->cpu;
	d->flow.bytes = f->bytes;
	d->flow.tags = f->tags;
	source_mac(f, &d->flow.src_mac);
	d->hash = hash;
	if (way)
		d->way = *way;
	return parse_ports(f, &d->flow, l4) == NEXT;
}

#endif
