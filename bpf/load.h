/* SPDX-License-Identifier: GPL-2.0 */
/*
 * load.h - connections in their real server: active, inactive, and the thresholds that
 * make it overloaded.
 */
#ifndef XLVS_LOAD_H
#define XLVS_LOAD_H

#include "latency.h"

/* Active in the upper half, inactive in the lower: one add moves both (abi.h, xlvs_load). */
static __always_inline __s64 load_of(__u32 state)
{
	return is_active(state) ? 1ll << 32 : 1;
}

static __always_inline void load_add(__u32 real, __s64 delta)
{
	__u64 *load = at(&loads, real);

	if (load && delta)
		__sync_fetch_and_add(load, delta);
}

/* Replies bypass the director; the client's own packets tell whether its real server answers. */
static __noinline void count_handshake(const struct flow *w, __u64 hash, __u32 real, __u32 before, __u32 after)
{
	struct xlvs_real_stats *stats = at(&real_stats, w->cpu * config.real_rows + real);

	if (!stats || w->proto != XLVS_TCP)
		return;
	if (before == after) {
		TALLY(stats->retries, !!(w->tcp_flags & TCP_SYN));
	} else if (after == XLVS_TCP_ESTABLISHED) {
		TALLY(stats->handshakes, 1);
		latency_end(w, hash, real);
	}
}

/* A packet of a connection took it from one state to another, or left it where it was. */
static __always_inline void load_move(const struct flow *w, __u64 hash, __u32 real, __u32 before, __u32 after)
{
	if (is_opening(before))
		count_handshake(w, hash, real, before, after);
	load_add(real, load_of(after) - load_of(before));
}

static __always_inline __u32 conns_in(__u64 load)
{
	return (__u32)load + (load >> 32);
}

/* A connection more. On reaching the upper threshold the real server is overloaded (IPVS.md section 6, new kernels). */
static __always_inline void load_enter(__u32 real, __u32 state)
{
	struct xlvs_real *dest = at(&reals, real);
	__u64 *load = at(&loads, real);

	if (!load || !dest)
		return;
	if (conns_in(__sync_fetch_and_add(load, load_of(state))) + 1 == dest->upper)
		__sync_fetch_and_or(&dest->flags, XLVS_REAL_OVERLOADED);
}

/* A connection less. On falling below the lower threshold, three quarters of the upper unless given, it is not any more. */
static __always_inline void load_leave(__u32 real, __u32 state)
{
	struct xlvs_real *dest = at(&reals, real);
	__u64 *load = at(&loads, real);
	__u32 conns;

	if (!load || !dest)
		return;
	conns = conns_in(__sync_fetch_and_add(load, -load_of(state)));
	if (dest->upper && conns == (dest->lower ? dest->lower : dest->upper - dest->upper / 4))
		__sync_fetch_and_and(&dest->flags, ~XLVS_REAL_OVERLOADED);
}

static __always_inline __u32 real_flags(__u32 real)
{
	const struct xlvs_real *dest = at(&reals, real);

	return dest ? READ_ONCE(dest->flags) : 0;
}

/* Linked into its service; without, its connections are dropped (IPVS.md section 2.6). */
static __always_inline bool real_available(__u32 real)
{
	return real_flags(real) & XLVS_REAL_AVAILABLE;
}

#endif
