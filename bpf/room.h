/* SPDX-License-Identifier: GPL-2.0 */
/*
 * room.h - room for a new connection. A full set gives up an expired way first,
 * then the oldest embryonic one, then one that is closing and quiet, then (to UDP
 * only) the oldest UDP flow. A live established connection is never evicted, so a
 * SYN flood cannot break flows.
 */
#ifndef XLVS_ROOM_H
#define XLVS_ROOM_H

#include "conn.h"

#define QUIET_TICKS 30			/* 8 s: a half-closed connection that still moves is not quiet */

#define NO_OFFER (~0u)

enum vacancy {				/* lower is taken first */
	VACANT_HERE,
	VACANT_OTHER_SET,
	VACANT_EXPIRED,
	VACANT_EMBRYONIC,
	VACANT_QUIET,
	VACANT_UDP,
	NOT_VACANT,
};

static __always_inline __u32 vacancy(__u64 data, const struct flow *w)
{
	__u32 state = conn_state(data), age = ticks_since(conn_stamp(data), w->now);

	if (!data)
		return VACANT_HERE;
	if (!conn_vip(data))
		return NOT_VACANT;
	if (conn_expired(data, w->now))
		return VACANT_EXPIRED;
	if (is_embryonic(state))
		return VACANT_EMBRYONIC;
	if (state_proto(state) == XLVS_UDP)
		return w->proto == XLVS_UDP ? VACANT_UDP : NOT_VACANT;
	return !is_active(state) && age >= QUIET_TICKS ? VACANT_QUIET : NOT_VACANT;
}

/* One number to compare ways by: rank first, then the older. */
static __always_inline __u32 cost(__u32 rank, __u64 data, const struct flow *w)
{
	return rank << XLVS_CONN_STAMP_BITS | (XLVS_TICK_MASK - ticks_since(conn_stamp(data), w->now));
}

static __always_inline __u32 ways_of(__u32 family)
{
	return family == XLVS_IPV4 ? XLVS_CONN4_WAYS : XLVS_CONN6_WAYS;
}

static __always_inline struct xlvs_conn4 *way4(__u32 set, __u32 way)
{
	struct xlvs_conn4_set *s = at(&conns4, set);

	return s ? &s->way[way & (XLVS_CONN4_WAYS - 1)] : NULL;
}

static __always_inline struct xlvs_conn6 *way6(__u32 set, __u32 way)
{
	struct xlvs_conn6_set *s = at(&conns6, set);

	return s ? &s->way[way & (XLVS_CONN6_WAYS - 1)] : NULL;
}

static __always_inline __u64 *way_data(__u32 family, __u32 set, __u32 way)
{
	if (family == XLVS_IPV4) {
		struct xlvs_conn4 *c = way4(set, way);

		return c ? &c->data : NULL;
	} else {
		struct xlvs_conn6 *c = way6(set, way);

		return c ? &c->data : NULL;
	}
}

/* The cheapest way of one set, and how many of its ways are empty. */
struct offer {
	struct found at;
	__u32 cost;
	__u32 empty;
};

static __always_inline void weigh_way(__u64 seen, __u32 way, const struct flow *w, struct offer *out)
{
	__u32 rank = vacancy(seen, w), price = cost(rank, seen, w);

	out->empty += rank == VACANT_HERE;
	if (rank < NOT_VACANT && price < out->cost) {
		out->at.seen = seen;
		out->at.way = way;
		out->cost = price;
	}
}

static __noinline int offer_of(__u32 set, const struct flow *w, struct offer *out)
{
	out->at.set = set;
	out->cost = NO_OFFER;
	for (__u32 i = 0; i < ways_of(w->family); i++) {
		const __u64 *data = way_data(w->family, set, i);

		if (data)
			weigh_way(READ_ONCE(*data), i, w, out);
	}
	return 0;
}

/* Half of a set is empty: its first empty way, and nothing has to be weighed. */
static __always_inline bool take_spare(const __u64 *data, const int stride, const int ways, struct found *out)
{
	__u32 empty = 0;

	#pragma unroll
	for (int i = ways - 1; i >= 0; i--) {
		if (READ_ONCE(data[i * stride]))
			continue;
		out->way = i;
		empty++;
	}
	return empty >= (__u32)ways / 2;
}

static __always_inline bool is_spare(__u32 set, __u32 family, struct found *out)
{
	out->seen = 0;
	out->set = set;
	if (family == XLVS_IPV4) {
		const struct xlvs_conn4_set *s = at(&conns4, set);

		return s && take_spare(&s->way[0].data, sizeof(s->way[0]) / 8, XLVS_CONN4_WAYS, out);
	} else {
		const struct xlvs_conn6_set *s = at(&conns6, set);

		return s && take_spare(&s->way[0].data, sizeof(s->way[0]) / 8, XLVS_CONN6_WAYS, out);
	}
}

/*
 * Fill the emptier of the two candidate sets, the first one when it has room to
 * spare: few flows then need a second line, and sets overflow late. 0 = no room.
 */
__noinline int find_room(const struct flow *w, __u64 hash, struct found *out)
{
	struct offer first = {}, second = {};
	__u32 sets;

	if (!w || !out)
		return 0;
	sets = w->family == XLVS_IPV4 ? config.conn4_sets : config.conn6_sets;
	if (likely(is_spare(first_set(hash, sets), w->family, out)))
		return 1;
	offer_of(first_set(hash, sets), w, &first);
	*out = first.at;
	offer_of(second_set(hash, sets), w, &second);
	if (second.empty > first.empty || (!first.empty && second.cost < first.cost)) {
		*out = second.at;
		return second.cost != NO_OFFER;
	}
	return first.cost != NO_OFFER;
}

#endif
