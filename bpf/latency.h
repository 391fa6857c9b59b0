/* SPDX-License-Identifier: GPL-2.0 */
/*
 * latency.h - how long handshakes take: from a client's first SYN to its first ACK. Replies
 * bypass the director, so the client's path is in it. New TCP connections only: one store when
 * they begin, one look when the client acknowledges; a flow whose place another has taken since
 * is not timed.
 */
#ifndef XLVS_LATENCY_H
#define XLVS_LATENCY_H

#include "hash.h"
#include "state.h"

#define LATENCY_UNIT_SHIFT 10		/* places hold units of 1024 ns: 73 minutes in 32 bits */
#define LATENCY_FIRST_US 250u

static __always_inline __u32 latency_clock(void)
{
	if (config.manual_clock)
		return READ_ONCE(settings.clock) << (XLVS_TICK_SHIFT - LATENCY_UNIT_SHIFT);
	return bpf_ktime_get_ns() >> LATENCY_UNIT_SHIFT;
}

/* One in 2^n is timed: the same ones at both ends. */
static __always_inline __u64 *latency_place(__u64 hash)
{
	if (hash >> 16 & ((1u << (tunable(XLVS_TUNE_HANDSHAKE_SAMPLE) & 31)) - 1))
		return NULL;
	return at(&handshakes, hash & ((1 << XLVS_HANDSHAKE_BITS) - 1));
}

/* A connection stands in the table: half-open when its SYN has just come. */
static __always_inline void latency_begin(__u64 hash, __u32 state)
{
	__u64 *place;

	if (!is_opening(state))
		return;
	place = latency_place(hash);
	if (place)
		WRITE_ONCE(*place, (hash >> 32) << 32 | latency_clock());
}

static __always_inline __u32 latency_bucket(__u32 us)
{
	__u32 bucket = 0;

	#pragma unroll
	for (int i = 0; i < XLVS_LATENCY_BUCKETS - 1; i++)
		bucket += us > LATENCY_FIRST_US << i;
	return bucket;
}

/* The client has acknowledged. */
static __always_inline void latency_end(const struct flow *w, __u64 hash, __u32 real)
{
	__u64 *place = latency_place(hash), seen;
	struct xlvs_latency *row = at(&latencies, w->cpu * config.real_rows + real);
	__u32 us, bucket;

	if (!place || !row)
		return;
	seen = READ_ONCE(*place);
	if (seen >> 32 != hash >> 32)
		return;
	us = ((__u64)(latency_clock() - (__u32)seen) << LATENCY_UNIT_SHIFT) / 1000;
	WRITE_ONCE(*place, 0);
	bucket = latency_bucket(us);
	if (bucket >= XLVS_LATENCY_BUCKETS)	/* for the verifier */
		return;
	TALLY(row->sum, us);
	TALLY(row->bucket[bucket], 1);
}

#endif
