/* SPDX-License-Identifier: GPL-2.0 */
/*
 * conn.h - the connection table: look a flow up, move its state, keep the
 * active/inactive counts true. One cache line per look-up; a packet that changes
 * nothing writes nothing, because a stamp is only as fine as a tick.
 */
#ifndef XLVS_CONN_H
#define XLVS_CONN_H

#include "hash.h"
#include "drain.h"

#define CONN_STAMP_MASK ((1ull << XLVS_CONN_STAMP_BITS) - 1)
#define CONN_STATE_MASK ((1ull << XLVS_CONN_STATE_BITS) - 1)
#define CONN_REAL_MASK ((1ull << XLVS_CONN_REAL_BITS) - 1)
#define CONN_CONTROLLED (1ull << XLVS_CONN_CONTROLLED_SHIFT)
#define VIP_FACTOR 0xff51afd7ed558ccdull
#define CONN_BUSY 1ull			/* vip 0, not 0: being written */

static __always_inline __u32 conn_stamp(__u64 data) { return data & CONN_STAMP_MASK; }
static __always_inline __u32 conn_state(__u64 data) { return data >> XLVS_CONN_STATE_SHIFT & CONN_STATE_MASK; }
static __always_inline __u32 conn_real(__u64 data) { return data >> XLVS_CONN_REAL_SHIFT & CONN_REAL_MASK; }
static __always_inline __u32 conn_vip(__u64 data) { return data >> XLVS_CONN_VIP_SHIFT; }

static __always_inline __u64 conn_data(__u32 vip, __u32 real, __u32 state, __u32 now)
{
	return (__u64)vip << XLVS_CONN_VIP_SHIFT | (__u64)real << XLVS_CONN_REAL_SHIFT |
	       (__u64)state << XLVS_CONN_STATE_SHIFT | now;
}

static __always_inline bool conn_expired(__u64 data, __u32 now)
{
	return ticks_since(conn_stamp(data), now) > READ_ONCE(settings.timeout[conn_state(data)]);
}

/* client address, client port, virtual port: the key word of an IPv4 way */
static __always_inline __u64 ports_key(const struct flow *w)
{
	return (__u64)w->client_port << 32 | (__u64)w->virtual_port << 48;
}

static __always_inline __u64 conn_hash(const struct flow *w, const int family)
{
	__u64 x = config.seed ^ w->client[0] ^ ports_key(w);

	if (family == XLVS_IPV6)
		x = mix(mix(x) + ((__u64)w->client[1] << 32 | w->client[2])) + w->client[3];
	return mix(x + ((__u64)w->vip << 16 | w->proto) * VIP_FACTOR);
}

/* The same of the words of a key as a way stores them: IPv4 has one, IPv6 three. */
static __always_inline __u64 key_hash(const __u64 *key, __u64 data, const int family)
{
	__u64 x = config.seed ^ key[0];

	if (family == XLVS_IPV6) {
		x = config.seed ^ (__u32)key[0] ^ key[2] << 32;
		x = mix(mix(x) + ((key[0] >> 32) << 32 | (__u32)key[1])) + (key[1] >> 32);
	}
	return mix(x + ((__u64)conn_vip(data) << 16 | state_proto(conn_state(data))) * VIP_FACTOR);
}

static __always_inline bool conn_is_for(__u64 data, const struct flow *w)
{
	return conn_vip(data) == w->vip && state_proto(conn_state(data)) == w->proto;
}

/* Both return the data word of the way that holds the flow, or NULL. */
static __always_inline __u64 *find_in4(struct xlvs_conn4_set *set, const struct flow *w, struct found *out)
{
	__u64 key = ports_key(w) | w->client[0];

	#pragma unroll
	for (int i = 0; i < XLVS_CONN4_WAYS; i++) {
		const __u64 *stored = (const __u64 *)&set->way[i];

		if (READ_ONCE(*stored) != key)
			continue;
		out->way = i;
		out->seen = READ_ONCE(set->way[i].data);
		/* the key again: a writer marks the data word busy before it changes the key */
		if (conn_is_for(out->seen, w) && READ_ONCE(*stored) == key)
			return &set->way[i].data;
	}
	return NULL;
}

static __always_inline __u64 *find_in6(struct xlvs_conn6_set *set, const struct flow *w, struct found *out)
{
	const __u64 *client = (const __u64 *)w->client;
	__u64 ports = ports_key(w) >> 32;

	#pragma unroll
	for (int i = 0; i < XLVS_CONN6_WAYS; i++) {
		const __u64 *stored = (const __u64 *)&set->way[i];

		if (READ_ONCE(stored[2]) != ports)
			continue;
		out->way = i;
		out->seen = READ_ONCE(set->way[i].data);
		if (READ_ONCE(stored[0]) == client[0] && READ_ONCE(stored[1]) == client[1] &&
		    conn_is_for(out->seen, w) &&
		    !((READ_ONCE(set->way[i].data) ^ out->seen) >> XLVS_CONN_REAL_SHIFT))
			return &set->way[i].data;
	}
	return NULL;
}

static __always_inline __u64 *find_in(__u32 index, const struct flow *w, const int family, struct found *out)
{
	void *set = family == XLVS_IPV4 ? at(&conns4, index) : at(&conns6, index);

	if (!set)
		return NULL;
	out->set = index;
	return family == XLVS_IPV4 ? find_in4(set, w, out) : find_in6(set, w, out);
}

static __always_inline __u64 *conn_find(const struct flow *w, __u64 hash, const int family, struct found *out)
{
	__u32 sets = family == XLVS_IPV4 ? config.conn4_sets : config.conn6_sets;
	__u64 *data = find_in(first_set(hash, sets), w, family, out);

	return likely(data) ? data : find_in(second_set(hash, sets), w, family, out);
}

/* The same for either family, out of line; `out` with nothing seen when there is none. Returns the flow's hash. */
__noinline __u64 find_flow(const struct flow *w, struct found *out)
{
	__u64 hash;
	bool there;

	if (!w || !out)
		return 0;
	if (w->family == XLVS_IPV4) {
		hash = conn_hash(w, XLVS_IPV4);
		there = conn_find(w, hash, XLVS_IPV4, out);
	} else {
		hash = conn_hash(w, XLVS_IPV6);
		there = conn_find(w, hash, XLVS_IPV6, out);
	}
	if (!there)
		out->seen = 0;
	return hash;
}

/* The state after a packet of the connection; UDP has only one. */
static __always_inline __u32 conn_step(__u32 state, const struct flow *w)
{
	if (likely(w->proto == XLVS_TCP))
		return tcp_step(state, w->tcp_flags);
	return w->proto == XLVS_UDP ? XLVS_UDP_NORMAL : sctp_step(state, w->chunk);
}

/* The packet leaves the connection as it is. A SYN never does for certain: see conn_gives_way(). */
static __always_inline bool conn_stays(__u64 data, const struct flow *w)
{
	__u32 state = conn_state(data);

	return !(w->tcp_flags & TCP_SYN) && conn_step(state, w) == state;
}

/* Restart its timer: once a tick, whoever comes first. */
static __always_inline void conn_refresh(__u64 *word, __u64 seen, __u32 now)
{
	if (conn_stamp(seen) != now)
		__sync_val_compare_and_swap(word, seen, (seen & ~CONN_STAMP_MASK) | now);
}

#endif
