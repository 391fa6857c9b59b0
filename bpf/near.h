/* SPDX-License-Identifier: GPL-2.0 */
/*
 * near.h - lblc and lblcr: a destination stays with the real servers that served it
 * before, as long as they are not crowded; otherwise the least loaded one
 * (net/netfilter/ipvs/ip_vs_lblc.c, ip_vs_lblcr.c). With direct routing the
 * destinations are the VIPs of a mark.
 */
#ifndef XLVS_NEAR_H
#define XLVS_NEAR_H

#include "near_set.h"

struct crowd_pass {
	__u32 line;
	__u32 count;			/* shares */
	__u32 idle;			/* someone has less than half of what it could take */
};

static int crowd_step(__u32 i, struct crowd_pass *pass)
{
	const struct xlvs_line *line = at(&tables, pass->line + 2 + i);

	if (!line)
		return 1;
	for (__u32 k = 0; k < XLVS_SHARES_PER_LINE; k++) {
		const struct xlvs_share *share = (const struct xlvs_share *)line + k;
		const struct xlvs_load *load = at(&loads, share->real);

		if (load && i * XLVS_SHARES_PER_LINE + k < pass->count &&
		    2ull * READ_ONCE(load->active) < share->weight)
			pass->idle = 1;
	}
	return pass->idle;
}

/* More active connections than its weight, while another has less than half of its own. */
static __always_inline bool crowded(__u32 real, const struct xlvs_service *head, __u32 service)
{
	const struct xlvs_load *load = at(&loads, real);
	struct crowd_pass pass = { .line = service, .count = head->count };

	if (!load || READ_ONCE(load->active) <= weight_of(real))
		return false;
	bpf_loop((head->count + XLVS_SHARES_PER_LINE - 1) / XLVS_SHARES_PER_LINE, crowd_step, &pass, 0);
	return pass.idle;
}

/* An element to be changed. The rehearsal changes a copy. */
static __always_inline struct xlvs_near *near_mine(struct xlvs_near *n)
{
#ifdef XLVS_REHEARSAL
	struct xlvs_near *copy = at(&near_copies, 0);

	if (!n || !copy)
		return NULL;
	__builtin_memcpy(copy, n, sizeof(*n));
	return copy;
#else
	return n;
#endif
}

static __always_inline struct xlvs_near *near_find(const struct xlvs_service *head, const struct flow *w)
{
	struct xlvs_near_key key = { .service = head->id, .vip = w->vip };

	return near_mine(bpf_map_lookup_elem(&near, &key));
}

/* The element of this destination, made when there is none; what an older scheduler remembered is forgotten. */
static __always_inline struct xlvs_near *near_make(const struct xlvs_service *head, const struct flow *w)
{
	struct xlvs_near_key key = { .service = head->id, .vip = w->vip };
	const struct xlvs_near *blank = at(&near_blank, 0);
	struct xlvs_near *n = near_mine(bpf_map_lookup_elem(&near, &key));

	if (n && n->epoch == head->epoch)
		return n;
	if (!blank || bpf_map_update_elem(&near, &key, blank, BPF_ANY))
		return NULL;
	n = near_mine(bpf_map_lookup_elem(&near, &key));
	if (n)
		n->epoch = head->epoch;
	return n;
}

/* lblc: one real server for a destination; that it is overloaded does not matter on a hit (IPVS). */
static __noinline __u32 pick_locality(const struct xlvs_service *head, __u32 service, const struct flow *w)
{
	struct xlvs_near *n = near_find(head, w);
	__u32 real;

	if (n && n->epoch == head->epoch && !past(n->used, w->now, tunable(XLVS_TUNE_LBLC_EXPIRATION))) {
		n->used = w->now;
		real = n->real[0];
		if (real_flags(real) & XLVS_REAL_AVAILABLE && weight_of(real) && !crowded(real, head, service)) {
			NOTE(near, 1);
			return real;
		}
	}
	real = pick_lowest_score(head, service);
	n = real ? near_make(head, w) : NULL;
	if (n) {
		n->used = w->now;
		n->real[0] = real;
	}
	return real;
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
		if (real && !crowded(real, head, service)) {
			NOTE(near, 1);
			return real;
		}
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
