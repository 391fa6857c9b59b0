/* SPDX-License-Identifier: GPL-2.0 */
/*
 * room.h - room for a new connection. A full set gives up an expired way first;
 * then, but not in a flood, one of its connections moves (move.h); then the oldest
 * embryonic one goes, then one that is closing and quiet, then (to UDP only) the
 * oldest UDP flow. A live established connection is never evicted, so a SYN flood
 * cannot break flows.
 */
#ifndef XLVS_ROOM_H
#define XLVS_ROOM_H

#include "move.h"

#define QUIET_TICKS 30			/* 8 s: a half-closed connection that still moves is not quiet */

#define NO_OFFER (~0u)

enum vacancy {				/* lower is taken first */
	VACANT,
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
		return VACANT;
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

/* The cheapest way of one set, and how many of its ways hold what has only begun. */
struct offer {
	struct found at;
	__u32 cost;
	__u32 embryonic;
};

static __always_inline void weigh_way(__u64 seen, __u32 way, const struct flow *w, struct offer *out)
{
	__u32 rank = vacancy(seen, w), price = cost(rank, seen, w);

	out->embryonic += rank == VACANT_EMBRYONIC;
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

enum room {
	NO_ROOM,
	ROOM,
	NO_NEED,			/* the flow is there after all: found is its way */
};

static __always_inline bool key_is(const __u64 *key, const struct flow *w, const int family)
{
	const __u64 *client = (const __u64 *)w->client;

	if (family == XLVS_IPV4)
		return READ_ONCE(key[0]) == (ports_key(w) | w->client[0]);
	return READ_ONCE(key[2]) == ports_key(w) >> 32 && READ_ONCE(key[1]) == client[1] && READ_ONCE(key[0]) == client[0];
}

/* The first empty way of a set. ROOM, NO_ROOM, or NO_NEED when the flow itself seems to be in it. */
static __always_inline int room_in(const __u64 *set, const struct flow *w, const int family, struct found *out)
{
	const int words = family == XLVS_IPV4 ? CONN4_WORDS : CONN6_WORDS;
	const int ways = family == XLVS_IPV4 ? XLVS_CONN4_WAYS : XLVS_CONN6_WAYS;
	int room = NO_ROOM;

	#pragma unroll
	for (int i = ways - 1; i >= 0; i--) {
		if (READ_ONCE(set[i * words + words - 1])) {
			if (unlikely(key_is(set + i * words, w, family)))
				return NO_NEED;
			continue;
		}
		out->way = i;
		room = ROOM;
	}
	return room;
}

static __always_inline int take_empty(__u32 set, const struct flow *w, const int family, struct found *out)
{
	const void *words = conn_set(set, family);

	out->seen = 0;
	out->set = set;
	return words ? room_in(words, w, family, out) : NO_ROOM;
}

#define FLOOD 3				/* of the ways of two sets, embryonic ones that are no accident */

static __always_inline bool is_free(const struct offer *o)
{
	return o->cost >> XLVS_CONN_STAMP_BITS <= VACANT_EXPIRED;
}

/*
 * The first candidate set as long as it has room: so that few flows need a second line. With
 * both full of live connections one of them moves to its other set, or two do, unless this is a
 * flood, where it costs less to lose what has only begun. Returns enum room.
 */
__noinline int find_room(const struct flow *w, __u64 hash, struct found *out)
{
	struct offer first = {}, second = {};
	__u32 sets;
	int room;

	if (!w || !out)
		return NO_ROOM;
	sets = w->family == XLVS_IPV4 ? config.conn4_sets : config.conn6_sets;
	room = w->family == XLVS_IPV4 ? take_empty(first_set(hash, sets), w, XLVS_IPV4, out) :
	       take_empty(first_set(hash, sets), w, XLVS_IPV6, out);
	if (likely(room == ROOM))
		return ROOM;
	if (room == NO_NEED) {		/* it has moved while it was looked up, or another CPU was faster */
		find_flow(w, out);
		if (out->seen)
			return conn_expired(out->seen, w->now) ? ROOM : NO_NEED;
	}
	offer_of(first_set(hash, sets), w, &first);
	*out = first.at;
	if (is_free(&first))
		return ROOM;
	offer_of(second_set(hash, sets), w, &second);
	if (second.cost < first.cost)
		*out = second.at;
	if (is_free(&second))
		return ROOM;
	if (first.embryonic + second.embryonic < FLOOD &&
	    (make_way(w->family, first.at.set, out) || make_way(w->family, second.at.set, out) ||
	     make_way_twice(w->family, first.at.set, out) || make_way_twice(w->family, second.at.set, out)))
		return ROOM;
	return first.cost != NO_OFFER || second.cost != NO_OFFER ? ROOM : NO_ROOM;
}

#endif
