/* SPDX-License-Identifier: GPL-2.0 */
/*
 * place.h - connections enter and leave the table, and move between states. Whoever
 * wins the compare-and-swap of the data word does the counting, nobody else.
 */
#ifndef XLVS_PLACE_H
#define XLVS_PLACE_H

#include "persist.h"
#include "room.h"

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
	load_leave(conn_real(data), conn_state(data));
	if (data & CONN_CONTROLLED) {
		flow_of_way(way, family, &old);
		template_release(&old, conn_real(data));
	}
	return 0;
}

/* The way held this very flow: used anew, nothing had to make room. */
static __always_inline bool was_own(const struct found *room, const struct flow *w)
{
	const __u64 *key;

	if (!conn_is_for(room->seen, w))
		return false;
	if (w->family == XLVS_IPV4) {
		key = (const __u64 *)way4(room->set, room->way);
		return key && key_is(key, w, XLVS_IPV4);
	}
	key = (const __u64 *)way6(room->set, room->way);
	return key && key_is(key, w, XLVS_IPV6);
}

/* A way makes room: its connection was over, or is evicted. */
static __always_inline void count_end(const struct flow *w, const struct found *room)
{
	struct xlvs_totals *count = my_totals(w->cpu);

	if (count && (conn_expired(room->seen, w->now) || was_own(room, w)))
		TALLY(count->conns_expired, 1);
	else if (count)
		TALLY(count->conns_evicted, 1);
}

/* The way is ours, or another CPU was faster. Until its data is stored it is busy: readers pass over it. */
static __always_inline bool claim(__u64 *word, const struct flow *w, const struct found *room)
{
	__u64 seen = room->seen;

	if (__sync_val_compare_and_swap(word, seen, CONN_BUSY) != seen)
		return false;
	if (unlikely(seen)) {
		count_end(w, room);
		conn_forget(w->family, room);
	}
	return true;
}

/* Key words are stored whole, so that a reader sees each either old or new. */
static __always_inline bool store4(const struct flow *w, const struct found *room, __u64 data)
{
	struct xlvs_conn4 *c = way4(room->set, room->way);

	if (!c || !claim(&c->data, w, room))
		return false;
	WRITE_ONCE(*(__u64 *)c, ports_key(w) | w->client[0]);
	__sync_lock_test_and_set(&c->data, data);
	return true;
}

static __always_inline bool store6(const struct flow *w, const struct found *room, __u64 data)
{
	struct xlvs_conn6 *c = way6(room->set, room->way);
	const __u64 *client = (const __u64 *)w->client;
	__u64 *key = (__u64 *)c;

	if (!c || !claim(&c->data, w, room))
		return false;
	WRITE_ONCE(key[0], client[0]);
	WRITE_ONCE(key[1], client[1]);
	WRITE_ONCE(key[2], ports_key(w) >> 32);
	__sync_lock_test_and_set(&c->data, data);
	return true;
}

/* Take the way `room` for the flow, unless another CPU was faster. */
__noinline int conn_store(const struct flow *w, const struct found *room, __u64 data, __u64 hash)
{
	struct xlvs_totals *count;

	if (!w || !room || !(w->family == XLVS_IPV4 ? store4(w, room, data) : store6(w, room, data)))
		return 0;
	load_enter(conn_real(data), conn_state(data));
	count = my_totals(w->cpu);
	if (count)
		TALLY(count->conns_created, 1);
	latency_begin(hash, conn_state(data));
	return 1;
}

/* A connection that the table still holds as it was seen ends now. */
__noinline int conn_remove(const struct flow *w, const struct found *way)
{
	struct xlvs_totals *count;
	__u64 *word;

	if (!w || !way)
		return 0;
	word = way_data(w->family, way->set, way->way);
	count = my_totals(w->cpu);
	if (!word || !count || __sync_val_compare_and_swap(word, way->seen, CONN_BUSY) != way->seen)
		return 0;
	conn_forget(w->family, way);
	__sync_lock_test_and_set(word, 0);
	TALLY(count->conns_expired, 1);
	return 1;
}

/* A packet of a known connection that changes its state. Retried: the word may move under us. */
__noinline int conn_advance(const struct flow *w, const struct found *way, __u64 hash)
{
	__u64 seen, *word;

	if (!w || !way)
		return 0;
	seen = way->seen;
	word = way_data(w->family, way->set, way->way);
	if (!word)
		return 0;
	for (int i = 0; i < 4; i++) {
		__u32 before = conn_state(seen), after = conn_step(before, w);
		__u64 was, next = seen & ~(CONN_STAMP_MASK | CONN_STATE_MASK << XLVS_CONN_STATE_SHIFT);

		next |= (__u64)after << XLVS_CONN_STATE_SHIFT | w->now;
		was = __sync_val_compare_and_swap(word, seen, next);
		if (was == seen) {
			load_move(w, hash, conn_real(seen), before, after);
			if (assures(after) && before != after && seen & CONN_CONTROLLED)
				template_mark(w, conn_real(seen), XLVS_TEMPLATE_ASSURED);
			return 0;
		}
		if ((was ^ seen) >> XLVS_CONN_REAL_SHIFT)
			return 0;	/* no longer this connection */
		seen = was;
	}
	return 0;
}

/* A packet of a known connection: its real server. A removed one gets nothing, and renews nothing. */
static __always_inline struct verdict known(const struct flow *w, const struct found *way, __u64 hash)
{
	struct verdict v = { .reason = XLVS_DROP_REAL_GONE, .real = conn_real(way->seen) };

	if (!real_available(v.real))
		return v;
	conn_advance(w, way, hash);
	v.reason = w->about == ABOUT_IPSEC ? XLVS_FORWARD_IPSEC : XLVS_FORWARD_CONN;
	return v;
}

#endif
