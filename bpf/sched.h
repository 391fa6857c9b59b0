/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched.h - one real server for a new connection, by the service's scheduler.
 */
#ifndef XLVS_SCHED_H
#define XLVS_SCHED_H

#include "sched_score.h"
#include "sched_table.h"

/*
 * The real server's id, 0 when none is usable. With a hash the choice is the same
 * for every packet of a flow (one that cannot be stored); with 0 it is the
 * scheduler's. Not static: verified once, apart from its callers.
 */
__noinline __u32 schedule(__u32 service, const struct flow *w, __u64 hash)
{
	const struct xlvs_service *head = service_at(service);
	const struct xlvs_share *share;

	if (!w || !head || !head->count)
		return 0;
	switch (head->scheduler) {
	case XLVS_SCHED_RR:
	case XLVS_SCHED_WRR:
		if (!head->period)
			return 0;
		return sequence_pick(head, service, (hash ? hash : next_pick(service)) % head->period);
	case XLVS_SCHED_WLC:
		if (!hash)
			return pick_least_loaded(head, service);
		share = share_at(service, (__u32)hash % head->count);
		return share ? share->real : 0;
	case XLVS_SCHED_SH:
		return pick_source_hash(service, w);
	}
	return 0;
}

#endif
