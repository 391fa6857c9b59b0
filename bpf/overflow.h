/* SPDX-License-Identifier: GPL-2.0 */
/*
 * overflow.h - flows that found no room: by the top bits of their hash it is known for as long
 * as they may live that there are some.
 */
#ifndef XLVS_OVERFLOW_H
#define XLVS_OVERFLOW_H

#include "conn.h"

#define OVERFLOW_INDEX(hash) ((hash) >> (64 - XLVS_OVERFLOW_BITS))

static __always_inline void mark_overflow(__u64 hash, __u32 now)
{
	__u32 *stamp = at(&overflow, OVERFLOW_INDEX(hash));

	if (stamp)
		WRITE_ONCE(*stamp, now + 1);
}

/* Flows near this hash may live without an entry: one found no room within a connection's life. */
static __always_inline bool may_be_unstored(__u64 hash, __u32 now)
{
	__u32 *stamp = at(&overflow, OVERFLOW_INDEX(hash));

	return stamp && *stamp &&
	       ticks_since(*stamp - 1, now) <= settings.timeout[XLVS_TCP_ESTABLISHED];
}

/* UDP does not tell its first packet: a flow that went by its hash goes on so when there is room again. */
static __always_inline bool stays_by_hash(const struct flow *w, __u64 hash)
{
	return w->proto == XLVS_UDP && may_be_unstored(hash, w->now);
}

#endif
