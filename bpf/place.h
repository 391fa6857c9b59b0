/* SPDX-License-Identifier: GPL-2.0 */
/*
 * place.h - room for a new connection. A full set gives up an expired way first,
 * then the oldest embryonic one, then one that is closing and quiet, then (to UDP
 * only) the oldest UDP flow. A live established connection is never evicted, so a
 * SYN flood cannot break flows.
 */
#ifndef XLVS_PLACE_H
#define XLVS_PLACE_H

#include "conn.h"
#include "persist.h"

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
	if (state == XLVS_UDP_NORMAL)
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
	offer_of(first_set(hash, sets), w, &first);
	*out = first.at;
	if (first.empty >= ways_of(w->family) / 2)
		return 1;
	offer_of(second_set(hash, sets), w, &second);
	if (second.empty > first.empty || (!first.empty && second.cost < first.cost)) {
		*out = second.at;
		return second.cost != NO_OFFER;
	}
	return first.cost != NO_OFFER;
}

/* The flow that a way holds, as much as conn_forget needs. */
static __always_inline void flow_of_way(const struct found *room, __u32 family, struct flow *w)
{
	w->family = family;
	w->vip = conn_vip(room->seen);
	w->proto = state_proto(conn_state(room->seen));
	if (family == XLVS_IPV4) {
		struct xlvs_conn4 *c = way4(room->set, room->way);

		if (!c)
			return;
		w->client[0] = c->client;
		w->client_port = c->client_port;
		w->virtual_port = c->virtual_port;
	} else {
		struct xlvs_conn6 *c = way6(room->set, room->way);

		if (!c)
			return;
		__builtin_memcpy(w->client, c->client, 16);
		w->client_port = c->client_port;
		w->virtual_port = c->virtual_port;
	}
}

/*
 * A connection is out of the table, its way not yet written over: its counts and
 * its template learn of it.
 */
__noinline int conn_forget(__u32 family, const struct found *way)
{
	struct flow old = {};
	__u64 data;

	if (!way)
		return 0;
	data = way->seen;
	load_add(conn_real(data), -load_of(conn_state(data)));
	if (data & CONN_CONTROLLED) {
		flow_of_way(way, family, &old);
		template_release(&old);
	}
	return 0;
}

/* Key words are stored whole, so that a reader sees each either old or new. */
static __always_inline void write_key(const struct found *room, const struct flow *w)
{
	const __u64 *client = (const __u64 *)w->client;
	__u64 *key;

	if (w->family == XLVS_IPV4) {
		key = (__u64 *)way4(room->set, room->way);
		if (key)
			WRITE_ONCE(key[0], ports_key(w) | w->client[0]);
		return;
	}
	key = (__u64 *)way6(room->set, room->way);
	if (!key)
		return;
	WRITE_ONCE(key[0], client[0]);
	WRITE_ONCE(key[1], client[1]);
	WRITE_ONCE(key[2], ports_key(w) >> 32);
}

/*
 * Take the way `room` for the flow. False when another CPU was faster. The data
 * word is busy while the key changes, so no reader sees a mixture.
 */
__noinline int conn_store(const struct flow *w, const struct found *room, __u64 data)
{
	struct xlvs_totals *count;
	__u64 *word, seen;

	if (!w || !room)
		return 0;
	seen = room->seen;
	word = way_data(w->family, room->set, room->way);
	count = my_totals(w->cpu);
	if (!word || !count || __sync_val_compare_and_swap(word, seen, CONN_BUSY) != seen)
		return 0;
	if (seen) {
		conn_forget(w->family, room);
		if (conn_expired(seen, w->now))
			count->conns_expired++;
		else
			count->conns_evicted++;
	}
	write_key(room, w);
	__sync_lock_test_and_set(word, data);
	load_add(conn_real(data), load_of(conn_state(data)));
	count->conns_created++;
	return 1;
}

#endif
