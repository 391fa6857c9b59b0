/* SPDX-License-Identifier: GPL-2.0 */
/*
 * move.h - a connection moves to its other candidate set, so that another one finds room. It
 * stands there before it is gone here; whoever looked there before and here afterwards has
 * missed it, and looks again (judge.h, room.h).
 */
#ifndef XLVS_MOVE_H
#define XLVS_MOVE_H

#include "conn.h"

/* A way in words: its key, and its data last. */
#define CONN4_WORDS ((int)(sizeof(struct xlvs_conn4) / 8))
#define CONN6_WORDS ((int)(sizeof(struct xlvs_conn6) / 8))

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

/* Back out: a packet has changed the connection here meanwhile. What one has changed there did not happen. */
static __always_inline void take_back(__u64 *word, __u64 seen)
{
	__u64 last = READ_ONCE(*word);

	if (!((last ^ seen) >> XLVS_CONN_REAL_SHIFT) && __sync_val_compare_and_swap(word, last, 0) == last)
		load_add(conn_real(seen), load_of(conn_state(seen)) - load_of(conn_state(last)));
}

/* Into the first empty way of `set`. */
static __always_inline bool move_to(__u64 *set, __u64 *way, __u64 seen, const int words, const int ways)
{
	__u64 *data = NULL, *key = NULL;

	#pragma unroll
	for (int i = ways - 1; i >= 0; i--)
		if (!READ_ONCE(set[i * words + words - 1]))
			key = set + i * words;
	if (!key)
		return false;
	data = key + words - 1;
	if (__sync_val_compare_and_swap(data, 0, CONN_BUSY))
		return false;
	#pragma unroll
	for (int i = 0; i < words - 1; i++)
		WRITE_ONCE(key[i], READ_ONCE(way[i]));
	__sync_lock_test_and_set(data, seen);
	if (__sync_val_compare_and_swap(way + words - 1, seen, 0) == seen)
		return true;
	take_back(data, seen);
	return false;
}

static __always_inline void *conn_set(__u32 set, const int family)
{
	return family == XLVS_IPV4 ? at(&conns4, set) : at(&conns6, set);
}

/* Where else a connection may stand; where it is when nowhere else. */
static __always_inline __u32 other_set(const __u64 *way, __u64 seen, __u32 from, const int family)
{
	__u32 sets = family == XLVS_IPV4 ? config.conn4_sets : config.conn6_sets;
	__u64 hash = key_hash(way, seen, family);

	return first_set(hash, sets) == from ? second_set(hash, sets) : first_set(hash, sets);
}

/* The connection of a way goes to its other set; `out` is the way then. `rehearsed`: room was made there, but not in earnest. */
static __always_inline bool move_away(__u32 from, __u32 i, const int family, const bool rehearsed, struct found *out)
{
	const int words = family == XLVS_IPV4 ? CONN4_WORDS : CONN6_WORDS;
	__u64 *set = conn_set(from, family), *way, *other, seen;
	__u32 to;

	if (!set)
		return false;
	way = set + i * words;
	seen = READ_ONCE(way[words - 1]);
	to = other_set(way, seen, from, family);
	other = conn_set(to, family);
	if (!conn_vip(seen) || to == from || !other)
		return false;
	if (!rehearsed && !move_to(other, way, seen, words, ways_of(family)))
		return false;
	out->set = from;
	out->way = i;
	out->seen = REHEARSAL ? seen : 0;
	return true;
}

static __always_inline bool move_one(__u32 from, struct found *out, const int family)
{
	for (__u32 i = 0; i < ways_of(family); i++)
		if (move_away(from, i, family, false, out))
			return true;
	return false;
}

/* One of the set's connections that has room in its other set goes there. */
__noinline int make_way(__u32 family, __u32 set, struct found *out)
{
	if (!out)
		return 0;
	return family == XLVS_IPV4 ? move_one(set, out, XLVS_IPV4) : move_one(set, out, XLVS_IPV6);
}

#define TRIED_TWICE 2			/* connections of a set for which others are asked to move: at 80 % load that is enough */

static __always_inline bool move_two(__u32 from, struct found *out, const int family)
{
	const int words = family == XLVS_IPV4 ? CONN4_WORDS : CONN6_WORDS;

	#pragma unroll
	for (__u32 i = 0; i < TRIED_TWICE; i++) {
		__u64 *set = conn_set(from, family), *way;
		struct found hole = {};
		__u32 to;

		if (!set)
			return false;
		way = set + i * words;
		to = other_set(way, READ_ONCE(way[words - 1]), from, family);
		if (to != from && make_way(family, to, &hole) && move_away(from, i, family, REHEARSAL, out))
			return true;
	}
	return false;
}

/* The same where those other sets are full too: a connection of one of them goes first. `out` is written only when it is room. */
__noinline int make_way_twice(__u32 family, __u32 set, struct found *out)
{
	if (!out)
		return 0;
	return family == XLVS_IPV4 ? move_two(set, out, XLVS_IPV4) : move_two(set, out, XLVS_IPV6);
}

#endif
