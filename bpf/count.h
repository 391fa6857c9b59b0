/* SPDX-License-Identifier: GPL-2.0 */
/*
 * count.h - the only writer of packet counters, and the only place where a reason
 * becomes an XDP action.
 */
#ifndef XLVS_COUNT_H
#define XLVS_COUNT_H

#include "maps.h"
#include "packet.h"

/* `bytes`: of the IP packet, as IPVS counts them. */
static __always_inline void count_real(const struct frame *f, __u32 real)
{
	struct xlvs_real_stats *stats = at(&real_stats, f->cpu * config.real_rows + real);

	if (!stats)
		return;
	stats->packets++;
	stats->bytes += f->bytes;
}

static __always_inline int finish(const struct frame *f, __u32 reason, int forward_action)
{
	struct xlvs_verdict *verdict;
	__u32 slot = f->iface ? f->iface->slot : 0;

	if (forward_action == XDP_REDIRECT)
		reason += XLVS_FORWARD_REDIRECTED;
	verdict = at(&verdicts, f->cpu * config.verdict_rows + slot * XLVS_REASONS + reason);
	if (verdict) {
		verdict->packets++;
		verdict->bytes += f->end - f->data;
	}
	if (reason < XLVS_REASON_FORWARD)
		return XDP_PASS;
	if (unlikely(reason >= XLVS_REASON_ANSWER))
		return XDP_TX;
	return reason < XLVS_REASON_DROP ? forward_action : XDP_DROP;
}

#endif
