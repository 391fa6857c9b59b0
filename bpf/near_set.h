/* SPDX-License-Identifier: GPL-2.0 */
/*
 * near_set.h - the set of real servers that lblcr remembers for a destination: its least
 * and most loaded member, who joins it and who leaves (ip_vs_lblcr.c, ip_vs_dest_set_*).
 */
#ifndef XLVS_NEAR_SET_H
#define XLVS_NEAR_SET_H

#include "sched_score.h"

static __always_inline __u32 weight_of(__u32 real)
{
	const struct xlvs_real_info *info = at(&real_info, real);

	return info ? READ_ONCE(info->weight) : 0;
}

static __always_inline bool past(__u32 stamp, __u32 now, __u32 seconds)
{
	return ticks_since(stamp, now) > ((__u64)seconds * 1000000000 >> XLVS_TICK_SHIFT);
}

/* A pass over the set of a destination, newest member first. */
struct near_pass {
	struct score_pass best;
	__u32 member;			/* looked for */
	__u32 place;			/* of what was found, from 1 */
};

/* One for each CPU: the stack is deep here. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct near_pass);
} near_passes SEC(".maps");

struct near_walk {
	struct xlvs_near *set;
	struct near_pass *pass;
};

static __always_inline __u32 member_at(const struct near_walk *walk, __u32 i, __u32 *place)
{
	*place = walk->set->count - 1 - i;
	return *place < XLVS_NEAR_REALS ? walk->set->real[*place] : 0;
}

/* ip_vs_dest_set_min(): the least loaded member that is there and not overloaded. */
static int least_step(__u32 i, struct near_walk *walk)
{
	__u32 place, real = member_at(walk, i, &place);
	const struct xlvs_load *load = at(&loads, real);
	__u32 flags = real_flags(real);

	if (!real || !load || !(flags & XLVS_REAL_AVAILABLE) || flags & XLVS_REAL_OVERLOADED || !weight_of(real))
		return 0;
	score(&walk->pass->best, real, overhead_of(load), weight_of(real));
	return 0;
}

/* ip_vs_dest_set_max(): the most loaded member with a weight. */
static int most_step(__u32 i, struct near_walk *walk)
{
	__u32 place, real = member_at(walk, i, &place);
	const struct xlvs_load *load = at(&loads, real);
	struct score_pass *most = &walk->pass->best;
	__u64 load_now, weight = weight_of(real);

	if (!real || !load || !weight)
		return 0;
	load_now = overhead_of(load);
	if (most->best && most->best_load * weight >= load_now * most->best_weight)
		return 0;
	most->best = real;
	most->best_load = load_now;
	most->best_weight = weight;
	walk->pass->place = place + 1;
	return 0;
}

static int member_step(__u32 i, struct near_walk *walk)
{
	__u32 place;

	if (member_at(walk, i, &place) != walk->pass->member)
		return 0;
	walk->pass->place = place + 1;
	return 1;
}

/* Begin a pass over a set; `looked_for` is the member that member_step() wants. */
static __always_inline bool start_walk(struct near_walk *walk, struct xlvs_near *n, __u32 looked_for)
{
	walk->set = n;
	walk->pass = at(&near_passes, 0);
	if (!walk->pass)
		return false;
	__builtin_memset(walk->pass, 0, sizeof(*walk->pass));
	walk->pass->member = looked_for;
	return true;
}

#define NEAR_STEPS(n) ((n)->count & (2 * XLVS_NEAR_REALS - 1))

/* The newest is put last; in a set without room it takes the place of the newest so far. */
static __noinline int near_insert(struct xlvs_near *n, __u32 real, __u32 now)
{
	struct near_walk walk;
	__u32 place;

	if (!start_walk(&walk, n, real))
		return 0;
	bpf_loop(NEAR_STEPS(n), member_step, &walk, 0);
	if (walk.pass->place)
		return 0;
	place = n->count < XLVS_NEAR_REALS ? n->count : XLVS_NEAR_REALS - 1;
	n->members += n->count < XLVS_NEAR_REALS;
	n->real[place & (XLVS_NEAR_REALS - 1)] = real;
	n->count = place + 1;
	n->changed = now;
	return 0;
}

/* After lblcr_expiration without a change the most loaded member leaves a set of several. */
static __noinline int near_shrink(struct xlvs_near *n, __u32 now)
{
	struct near_walk walk;

	if (n->members < 2 || !past(n->changed, now, tunable(XLVS_TUNE_LBLCR_EXPIRATION)) ||
	    !start_walk(&walk, n, 0))
		return 0;
	bpf_loop(NEAR_STEPS(n), most_step, &walk, 0);
	if (!walk.pass->place)
		return 0;
	n->real[(walk.pass->place - 1) & (XLVS_NEAR_REALS - 1)] = 0;
	n->members--;
	n->changed = now;
	return 0;
}

static __noinline __u32 least_loaded_of(struct xlvs_near *n)
{
	struct near_walk walk;

	if (!start_walk(&walk, n, 0))
		return 0;
	bpf_loop(NEAR_STEPS(n), least_step, &walk, 0);
	return walk.pass->best.best;
}

#endif
