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
	TALLY(stats->packets, 1);
	TALLY(stats->bytes, f->bytes);
}

/*
 * What did not go the short way is its service's too; a flow that goes on counts in its real
 * server alone. The service is the real server's when none was looked up.
 */
__noinline int count_service(__u32 cpu, __u32 reason, __u32 real, __u32 service)
{
	const struct xlvs_real_info *info;
	struct xlvs_service_reasons *row;

	if (reason == XLVS_FORWARD_CONN)
		return 0;
	if (!service && real) {
		info = at(&real_info, real);
		service = info ? info->service : 0;
	}
	row = service ? at(&service_reasons, cpu * config.service_rows + service) : NULL;
	if (row)
		TALLY(row->packets[masked(reason, XLVS_REASONS - 1)], 1);
	return 0;
}

static __always_inline int finish(struct frame *f, __u32 reason, int forward_action)
{
	struct xlvs_verdict *verdict;
	__u32 slot = f->iface ? f->iface->slot : 0;

	f->reason = reason;
	NOTE(reason, reason);
	if (forward_action == XDP_REDIRECT)
		reason += XLVS_FORWARD_REDIRECTED;
	verdict = at(&verdicts, f->cpu * config.verdict_rows + slot * XLVS_REASONS + reason);
	if (verdict) {
		TALLY(verdict->packets, 1);
		TALLY(verdict->bytes, f->end - f->data);
	}
	if (reason < XLVS_REASON_FORWARD)
		return XDP_PASS;
	if (unlikely(reason >= XLVS_REASON_ANSWER))
		return XDP_TX;
	return reason < XLVS_REASON_DROP ? forward_action : XDP_DROP;
}

#endif
