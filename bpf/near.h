/* SPDX-License-Identifier: GPL-2.0 */
/*
 * near.h - lblc and lblcr: a destination stays with the real servers that served it
 * before, as long as they are not crowded; otherwise the least loaded one
 * (net/netfilter/ipvs/ip_vs_lblc.c, ip_vs_lblcr.c). With direct routing the
 * destinations are the VIPs of a mark.
 */
#ifndef XLVS_NEAR_H
#define XLVS_NEAR_H

#include "sched_score.h"

struct crowd_pass {
	__u32 line;
	__u32 idle;			/* someone has less than half of what it could take */
};

static int crowd_step(__u32 i, struct crowd_pass *pass)
{
	const struct xlvs_share *share = share_at(pass->line, i);
	const struct xlvs_load *load = share ? at(&loads, share->real) : NULL;

	if (!load)
		return 1;
	pass->idle = 2ull * READ_ONCE(load->active) < share->weight;
	return pass->idle;
}

static __always_inline __u32 weight_of(__u32 real)
{
	const struct xlvs_real_info *info = at(&real_info, real);

	return info ? READ_ONCE(info->weight) : 0;
}

/* More active connections than its weight, while another has less than half of its own. */
static __always_inline bool crowded(__u32 real, const struct xlvs_service *head, __u32 service)
{
	const struct xlvs_load *load = at(&loads, real);
	struct crowd_pass pass = { .line = service };

	if (!load || READ_ONCE(load->active) <= weight_of(real))
		return false;
	bpf_loop(head->count, crowd_step, &pass, 0);
	return pass.idle;
}

static __always_inline struct xlvs_near *near_find(const struct xlvs_service *head, const struct flow *w)
{
	struct xlvs_near_key key = { .service = head->id, .vip = w->vip };

	return bpf_map_lookup_elem(&near, &key);
}

/* The element of this destination, made when there is none; what an older scheduler remembered is forgotten. */
static __always_inline struct xlvs_near *near_make(const struct xlvs_service *head, const struct flow *w)
{
	struct xlvs_near_key key = { .service = head->id, .vip = w->vip };
	const struct xlvs_near *blank = at(&near_blank, 0);
	struct xlvs_near *n = bpf_map_lookup_elem(&near, &key);

	if (n && n->epoch == head->epoch)
		return n;
	if (!blank || bpf_map_update_elem(&near, &key, blank, BPF_ANY))
		return NULL;
	n = bpf_map_lookup_elem(&near, &key);
	if (n)
		n->epoch = head->epoch;
	return n;
}

static __always_inline bool older(__u32 stamp, __u32 now, __u32 seconds)
{
	return ticks_since(stamp, now) > ((__u64)seconds * 1000000000 >> XLVS_TICK_SHIFT);
}

/* lblc: one real server for a destination; that it is overloaded does not matter on a hit (IPVS). */
static __noinline __u32 pick_locality(const struct xlvs_service *head, __u32 service, const struct flow *w)
{
	struct xlvs_near *n = near_find(head, w);
	__u32 real;

	if (n && n->epoch == head->epoch && !older(n->used, w->now, tunable(XLVS_TUNE_LBLC_EXPIRATION))) {
		n->used = w->now;
		real = n->real[0];
		if (real_flags(real) & XLVS_REAL_AVAILABLE && weight_of(real) && !crowded(real, head, service))
			return real;
	}
	real = pick_lowest_score(head, service);
	n = real ? near_make(head, w) : NULL;
	if (n) {
		n->used = w->now;
		n->real[0] = real;
	}
	return real;
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

	if (n->members < 2 || !older(n->changed, now, tunable(XLVS_TUNE_LBLCR_EXPIRATION)) ||
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

/* lblcr: a set of real servers for a destination, which grows while they are crowded. */
static __noinline __u32 pick_replicated(const struct xlvs_service *head, __u32 service, const struct flow *w)
{
	struct xlvs_near *n = near_find(head, w);
	__u32 real;

	if (n && n->epoch == head->epoch) {
		n->used = w->now;
		real = least_loaded_of(n);
		near_shrink(n, w->now);
		if (real && !crowded(real, head, service))
			return real;
	}
	real = pick_lowest_score(head, service);
	n = real ? near_make(head, w) : NULL;
	if (n) {
		n->used = w->now;
		near_insert(n, real, w->now);
	}
	return real;
}

#endif
