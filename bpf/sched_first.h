/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched_first.h - schedulers that go over the service's shares until one fits: fo and ovf
 * the first, twos the better of two that were drawn.
 */
#ifndef XLVS_SCHED_FIRST_H
#define XLVS_SCHED_FIRST_H

#include "sched_score.h"

/* fo, ovf: shares stand heaviest first (ip_vs_fo.c, ip_vs_ovf.c). ovf admits weight + 1, as IPVS's <= does. */
static int first_step(__u32 i, struct score_pass *pass)
{
	const struct xlvs_share *share = share_at(pass->line, i);
	const struct xlvs_load *load;

	if (!share)
		return 1;
	load = at(&loads, share->real);
	if (!load)
		return 1;
	if (overloaded(share->real) ||
	    (pass->scheduler == XLVS_SCHED_OVF && READ_ONCE(load->active) > share->weight))
		return 0;
	pass->best = share->real;
	return 1;
}

static __always_inline __u32 pick_first(const struct xlvs_service *head, __u32 service)
{
	struct score_pass pass = { .line = service, .scheduler = head->scheduler };

	bpf_loop(head->count, first_step, &pass, 0);
	return pass.best;
}

/* twos: two draws by weight, the less loaded of them (ip_vs_twos.c). */
struct twos_pass {
	__u64 draw[2];
	__u64 total;
	__u32 line;
	__u32 count;			/* shares */
	__u32 choice[2];		/* number of the share, from 1 */
};

static int twos_total_step(__u32 i, struct twos_pass *pass)
{
	const struct xlvs_line *line = at(&tables, pass->line + 2 + i);

	if (!line)
		return 1;
	for (__u32 k = 0; k < XLVS_SHARES_PER_LINE; k++) {
		const struct xlvs_share *share = (const struct xlvs_share *)line + k;

		if (i * XLVS_SHARES_PER_LINE + k < pass->count && !overloaded(share->real))
			pass->total += share->weight;
	}
	return 0;
}

/* The first share where what was drawn is used up. */
static int twos_step(__u32 i, struct twos_pass *pass)
{
	const struct xlvs_line *line = at(&tables, pass->line + 2 + i);

	if (!line)
		return 1;
	for (__u32 k = 0; k < XLVS_SHARES_PER_LINE; k++) {
		const struct xlvs_share *share = (const struct xlvs_share *)line + k;
		__u32 number = i * XLVS_SHARES_PER_LINE + k + 1;

		if (number > pass->count || overloaded(share->real))
			continue;
		pass->total += share->weight;
		if (!pass->choice[0] && pass->draw[0] <= pass->total)
			pass->choice[0] = number;
		if (!pass->choice[1] && pass->draw[1] <= pass->total)
			pass->choice[1] = number;
	}
	return pass->choice[0] && pass->choice[1];
}

static __always_inline void score_choice(struct score_pass *pass, __u32 line, __u32 i)
{
	const struct xlvs_share *share = share_at(line, i);
	const struct xlvs_load *load = share ? at(&loads, share->real) : NULL;

	if (load)
		score(pass, share->real, overhead_of(load), share->weight);
}

static __noinline __u32 pick_of_two(const struct xlvs_service *head, __u32 service)
{
	__u32 lines = (head->count + XLVS_SHARES_PER_LINE - 1) / XLVS_SHARES_PER_LINE;
	struct twos_pass pass = { .line = service, .count = head->count };
	struct score_pass best = {};

	bpf_loop(lines, twos_total_step, &pass, 0);
	if (!pass.total)
		return 0;
	/* 0..total inclusive, as IPVS draws */
	pass.draw[0] = (__u64)bpf_get_prandom_u32() * (pass.total + 1) >> 32;
	pass.draw[1] = (__u64)bpf_get_prandom_u32() * (pass.total + 1) >> 32;
	pass.total = 0;
	bpf_loop(lines, twos_step, &pass, 0);
	if (!pass.choice[0] || !pass.choice[1])
		return 0;
	score_choice(&best, service, pass.choice[0] - 1);
	score_choice(&best, service, pass.choice[1] - 1);
	return best.best;
}

#endif
