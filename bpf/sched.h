/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched.h - one real server for a new connection, by the service's scheduler.
 */
#ifndef XLVS_SCHED_H
#define XLVS_SCHED_H

#include "near.h"
#include "sched_hash.h"

/* The same for every packet of a flow that cannot be stored; not the scheduler's choice. */
static __always_inline __u32 pick_by_hash(const struct xlvs_service *head, __u32 service, const struct flow *w,
					  __u64 hash)
{
	const struct xlvs_share *share;

	switch (head->scheduler) {
	case XLVS_SCHED_NONE:
		return 0;
	case XLVS_SCHED_RR:
	case XLVS_SCHED_WRR:
		return head->period ? sequence_pick(head, service, hash % head->period) : 0;
	case XLVS_SCHED_SH:
	case XLVS_SCHED_MH:
		return id_at(service, 2, (__u32)hash % head->count);
	case XLVS_SCHED_DH:
		return pick_destination_hash(service, w);
	}
	share = share_at(service, (__u32)hash % head->count);
	return share ? share->real : 0;
}

static __always_inline __u32 choose(const struct xlvs_service *head, __u32 service, const struct flow *w, __u64 hash)
{
	if (hash)
		return pick_by_hash(head, service, w, hash);
	switch (head->scheduler) {
	case XLVS_SCHED_RR:
	case XLVS_SCHED_WRR:
		return pick_in_turn(head, service);
	case XLVS_SCHED_LC:
	case XLVS_SCHED_WLC:
	case XLVS_SCHED_SED:
	case XLVS_SCHED_NQ:
		return pick_lowest_score(head, service);
	case XLVS_SCHED_FO:
	case XLVS_SCHED_OVF:
		return pick_first(head, service);
	case XLVS_SCHED_SH:
		return pick_source_hash(head, service, w);
	case XLVS_SCHED_DH:
		return pick_destination_hash(service, w);
	case XLVS_SCHED_MH:
		return pick_maglev(head, service, w);
	case XLVS_SCHED_LBLC:
		return pick_locality(head, service, w);
	case XLVS_SCHED_LBLCR:
		return pick_replicated(head, service, w);
	case XLVS_SCHED_TWOS:
		return pick_of_two(head, service);
	}
	return 0;
}

/*
 * The real server's id, 0 when none is usable. With a hash the choice is the same
 * for every packet of a flow (one that cannot be stored); with 0 it is the
 * scheduler's. Not static: verified once, apart from its callers.
 */
__noinline __u32 schedule(__u32 service, const struct flow *w, __u64 hash)
{
	const struct xlvs_service *head = service_at(service);
	__u32 real;

	NOTE(asked, 1);
	NOTE(by_hash, hash != 0);
	if (!w || !head || !head->count)
		return 0;
	real = choose(head, service, w, hash);
	NOTE(scheduled, real);
	return real;
}

#endif
