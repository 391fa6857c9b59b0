/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched_score.h - schedulers that go over the service's shares and take the lowest
 * score. Ties go to the earlier in list order, as in IPVS. An overloaded real server
 * is passed over.
 */
#ifndef XLVS_SCHED_SCORE_H
#define XLVS_SCHED_SCORE_H

#include "load.h"
#include "service.h"

static __always_inline const struct xlvs_share *share_at(__u32 line, __u32 i)
{
	const struct xlvs_line *shares = at(&tables, line + 2 + i / XLVS_SHARES_PER_LINE);

	return shares ? (const struct xlvs_share *)shares + i % XLVS_SHARES_PER_LINE : NULL;
}

struct score_pass {
	__u32 line;
	__u32 scheduler;
	__u32 count;			/* shares */
	__u32 best;			/* real id, 0 = none yet */
	__u64 best_load;
	__u64 best_weight;
};

/* ip_vs_dest_conn_overhead(): 256 * active + (active + inactive). */
static __always_inline __u64 overhead_of(const struct xlvs_load *load)
{
	return 257ull * READ_ONCE(load->active) + READ_ONCE(load->inactive);
}

static __always_inline bool overloaded(__u32 real)
{
	return real_flags(real) & XLVS_REAL_OVERLOADED;
}

/* The better of two: load over weight, compared as products so that nothing is rounded. */
static __always_inline void score(struct score_pass *pass, __u32 real, __u64 load, __u64 weight)
{
	if (pass->best && pass->best_load * weight <= load * pass->best_weight)
		return;
	pass->best = real;
	pass->best_load = load;
	pass->best_weight = weight;
}

/* One share of lc, wlc, sed, nq (ip_vs_{lc,wlc,sed,nq}.c); true when no other needs to be looked at. */
static __always_inline bool score_share(struct score_pass *pass, const struct xlvs_share *share)
{
	const struct xlvs_load *load = at(&loads, share->real);
	__u64 active;

	if (!load || overloaded(share->real))
		return false;
	active = READ_ONCE(load->active);
	if (pass->scheduler == XLVS_SCHED_NQ && !active) {	/* nothing to queue behind */
		pass->best = share->real;
		return true;
	}
	if (pass->scheduler == XLVS_SCHED_SED || pass->scheduler == XLVS_SCHED_NQ)
		score(pass, share->real, active + 1, share->weight);
	else
		score(pass, share->real, overhead_of(load), pass->scheduler == XLVS_SCHED_LC ? 1 : share->weight);
	return false;
}

/* A line of shares at a time: a step is a call, and calls are what this costs. */
static int score_step(__u32 i, struct score_pass *pass)
{
	const struct xlvs_line *line = at(&tables, pass->line + 2 + i);

	if (!line)
		return 1;
	for (__u32 k = 0; k < XLVS_SHARES_PER_LINE; k++) {
		if (i * XLVS_SHARES_PER_LINE + k >= pass->count ||
		    score_share(pass, (const struct xlvs_share *)line + k))
			return 1;
	}
	return 0;
}

/* A load as a whole, and what of it is compared. */
static __always_inline __u64 load_to_compare(__u64 load, const __u32 scheduler)
{
	__u64 active = load >> 32;

	return scheduler == XLVS_SCHED_SED || scheduler == XLVS_SCHED_NQ ? active + 1 :
	       257 * active + (__u32)load;
}

/*
 * The same where no real server has thresholds: nothing is asked but the loads, and the scheduler is
 * known to the compiler. What a real server costs here is what a connection costs a thousand times.
 */
static __always_inline int score_line(__u32 i, struct score_pass *pass, const __u32 scheduler)
{
	const struct xlvs_line *line = at(&tables, pass->line + 2 + i);
	const struct xlvs_share *share = (const struct xlvs_share *)line;
	__u64 best_load = pass->best_load, best_weight = pass->best_weight;
	__u32 best = pass->best, left = pass->count - i * XLVS_SHARES_PER_LINE;

	if (!line)
		return 1;
	for (__u32 k = 0; k < XLVS_SHARES_PER_LINE; k++) {
		const __u64 *word;
		__u64 load, weight;

		if (k >= left)
			break;
		word = at(&loads, share[k].real);
		if (!word)
			break;
		load = READ_ONCE(*word);
		if (scheduler == XLVS_SCHED_NQ && !(load >> 32)) {
			pass->best = share[k].real;
			return 1;
		}
		load = load_to_compare(load, scheduler);
		weight = scheduler == XLVS_SCHED_LC ? 1 : share[k].weight;
		if (best_load * weight <= load * best_weight)
			continue;
		best = share[k].real;
		best_load = load;
		best_weight = weight;
	}
	pass->best = best;
	pass->best_load = best_load;
	pass->best_weight = best_weight;
	return 0;
}

static int lc_step(__u32 i, struct score_pass *pass) { return score_line(i, pass, XLVS_SCHED_LC); }
static int wlc_step(__u32 i, struct score_pass *pass) { return score_line(i, pass, XLVS_SCHED_WLC); }
static int sed_step(__u32 i, struct score_pass *pass) { return score_line(i, pass, XLVS_SCHED_SED); }
static int nq_step(__u32 i, struct score_pass *pass) { return score_line(i, pass, XLVS_SCHED_NQ); }

static __always_inline __u32 pick_lowest_score(const struct xlvs_service *head, __u32 service)
{
	struct score_pass pass = { .line = service, .scheduler = head->scheduler, .count = head->count };
	__u32 lines = (head->count + XLVS_SHARES_PER_LINE - 1) / XLVS_SHARES_PER_LINE;

	if (!(head->flags & XLVS_SERVICE_UNLIMITED)) {
		bpf_loop(lines, score_step, &pass, 0);
		return pass.best;
	}
	pass.best_load = 1;		/* over weight 0: whatever comes is better */
	if (head->scheduler == XLVS_SCHED_LC) {
		pass.best_load = ~0ull;
		pass.best_weight = 1;
		bpf_loop(lines, lc_step, &pass, 0);
	} else if (head->scheduler == XLVS_SCHED_SED) {
		bpf_loop(lines, sed_step, &pass, 0);
	} else if (head->scheduler == XLVS_SCHED_NQ) {
		bpf_loop(lines, nq_step, &pass, 0);
	} else {			/* wlc, lblc, lblcr */
		bpf_loop(lines, wlc_step, &pass, 0);
	}
	return pass.best;
}

#endif
