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

/* What did not go the short way is its service's too; a flow that goes on counts in its real server alone. */
static __always_inline void count_service(const struct frame *f, const struct verdict *v)
{
	const struct xlvs_real_info *info = at(&real_info, v->real);
	struct xlvs_service_reasons *row;
	__u32 service = v->service;

	if (f->reason == XLVS_FORWARD_CONN)
		return;
	if (!service && v->real && info)
		service = info->service;
	row = service ? at(&service_reasons, f->cpu * config.service_rows + service) : NULL;
	if (row)
		TALLY(row->packets[f->reason & (XLVS_REASONS - 1)], 1);
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
