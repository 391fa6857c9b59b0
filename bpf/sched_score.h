/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched_score.h - schedulers that take the lowest score in one pass over the
 * service's shares. Ties go to the earlier in list order, as in IPVS.
 */
#ifndef XLVS_SCHED_SCORE_H
#define XLVS_SCHED_SCORE_H

#include "service.h"

static __always_inline const struct xlvs_share *share_at(__u32 line, __u32 i)
{
	const struct xlvs_line *shares = at(&tables, line + 2 + i / XLVS_SHARES_PER_LINE);

	return shares ? (const struct xlvs_share *)shares + i % XLVS_SHARES_PER_LINE : NULL;
}

struct score_pass {
	__u32 line;
	__u32 best;			/* real id, 0 = none yet */
	__u64 best_load;
	__u64 best_weight;
};

/* net/netfilter/ipvs/ip_vs_wlc.c: overhead = 256 * active + (active + inactive). */
static int wlc_step(__u32 i, struct score_pass *pass)
{
	const struct xlvs_share *share = share_at(pass->line, i);
	const struct xlvs_load *load;
	__u64 overhead;

	if (!share)
		return 1;
	load = at(&loads, share->real);
	if (!load)
		return 1;
	overhead = 257ull * READ_ONCE(load->active) + READ_ONCE(load->inactive);
	if (!pass->best || pass->best_load * share->weight > overhead * pass->best_weight) {
		pass->best = share->real;
		pass->best_load = overhead;
		pass->best_weight = share->weight;
	}
	return 0;
}

static __always_inline __u32 pick_least_loaded(const struct xlvs_service *head, __u32 service)
{
	struct score_pass pass = { .line = service };

	bpf_loop(head->count, wlc_step, &pass, 0);
	return pass.best;
}

#endif
