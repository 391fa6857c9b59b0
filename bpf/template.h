/* SPDX-License-Identifier: GPL-2.0 */
/*
 * template.h - the table of persistence templates: (client network, VIP, port) ->
 * real server. Sets of two, two candidates; a template that controls a connection
 * is never evicted.
 */
#ifndef XLVS_TEMPLATE_H
#define XLVS_TEMPLATE_H

#include "hash.h"
#include "service.h"

#define TEMPLATE_STAMP_MASK ((1ull << XLVS_TEMPLATE_STAMP_BITS) - 1)
#define TEMPLATE_TIMEOUT_MASK ((1ull << XLVS_TEMPLATE_TIMEOUT_BITS) - 1)
#define TEMPLATE_BUSY 1ull		/* real 0, not 0: being written */
#define TEMPLATE_POSTPONED 60		/* seconds a template gets when it may not go yet */

static __always_inline __u32 template_real(__u64 data) { return data >> XLVS_TEMPLATE_REAL_SHIFT; }
static __always_inline __u32 template_timeout(__u64 data)
{
	return data >> XLVS_TEMPLATE_TIMEOUT_SHIFT & TEMPLATE_TIMEOUT_MASK;
}

static __always_inline __u64 template_data(__u32 real, __u32 seconds, __u32 now)
{
	return (__u64)real << XLVS_TEMPLATE_REAL_SHIFT |
	       (__u64)seconds << XLVS_TEMPLATE_TIMEOUT_SHIFT | now;
}

/* Whole ticks of a time in seconds, rounded up: a second is 3.725 ticks. */
static __always_inline __u32 ticks_of(__u32 seconds)
{
	return ((__u64)seconds * 1000000000 >> XLVS_TICK_SHIFT) + 1;
}

static __always_inline bool template_expired(__u64 data, __u32 now)
{
	return ticks_since(data & TEMPLATE_STAMP_MASK, now) > ticks_of(template_timeout(data));
}

static __always_inline __u32 template_controls(const struct xlvs_template *t)
{
	return READ_ONCE(t->control) & XLVS_TEMPLATE_COUNT_MASK;
}

#define TEMPLATE_KIND_MASK (((1u << XLVS_TEMPLATE_KIND_BITS) - 1) << XLVS_TEMPLATE_KIND_SHIFT)

static __always_inline __u64 template_hash(const struct template_key *k)
{
	return mix(mix(k->net[0] ^ config.seed) + k->net[1] + ((__u64)k->kind << 32 | k->vip_port));
}

/* The service's own port, where it is not FTP's: only then is the port part of the template (IPVS.md section 10). */
static __always_inline bool port_counts(const struct flow *w, const struct xlvs_service *head)
{
	return head->port == w->virtual_port && head->port != FTP_PORT;
}

static __always_inline void template_key_of(const struct flow *w, const struct xlvs_service *head, struct template_key *k)
{
	const __u64 *client = (const __u64 *)w->client, *mask = (const __u64 *)head->persist_mask;

	k->net[0] = client[0] & mask[0];
	k->net[1] = client[1] & mask[1];
	if (head->mark) {
		k->vip_port = head->mark;
		k->kind = w->family == XLVS_IPV4 ? XLVS_TEMPLATE_MARK4 : XLVS_TEMPLATE_MARK6;
	} else {
		k->vip_port = (port_counts(w, head) ? (__u32)w->virtual_port << 16 : 0) | w->vip;
		k->kind = w->proto;
	}
	k->kind <<= XLVS_TEMPLATE_KIND_SHIFT;
}

/* A connection looks for the template of its real server, disabled or not; a new one for that in force (real 0). */
static __always_inline bool template_is(const struct xlvs_template *t, const struct template_key *k, __u32 real)
{
	const __u64 *net = (const __u64 *)t->net;
	__u64 data = READ_ONCE(t->data);
	__u32 control = READ_ONCE(t->control);

	if (real ? template_real(data) != real : !template_real(data) || control & XLVS_TEMPLATE_DISABLED)
		return false;
	return READ_ONCE(net[0]) == k->net[0] && READ_ONCE(net[1]) == k->net[1] &&
	       READ_ONCE(((const __u32 *)net)[4]) == k->vip_port && !((control ^ k->kind) & TEMPLATE_KIND_MASK) &&
	       template_real(READ_ONCE(t->data)) == template_real(data);
}

/* The candidate set of the i-th way that a key may stand in. */
static __always_inline struct xlvs_template_set *template_set(__u64 hash, int i)
{
	__u32 sets = config.template_sets;

	return at(&templates, i < XLVS_TEMPLATE_WAYS ? first_set(hash, sets) : second_set(hash, sets));
}

static __always_inline struct xlvs_template *template_find(const struct template_key *k, __u32 real)
{
	__u64 hash = template_hash(k);

	for (int i = 0; i < 2 * XLVS_TEMPLATE_WAYS; i++) {
		struct xlvs_template_set *set = template_set(hash, i);

		if (set && template_is(&set->way[i % XLVS_TEMPLATE_WAYS], k, real))
			return &set->way[i % XLVS_TEMPLATE_WAYS];
	}
	return NULL;
}

static __always_inline void persistent_add(__u32 real, __s32 delta)
{
	__u32 *count = at(&persistents, real);

	if (count)
		__sync_fetch_and_add(count, delta);
}

static __always_inline struct xlvs_totals *my_totals(__u32 cpu)
{
	return at(&totals, cpu);
}

/* Whether a way may be taken: never while its template is needed. Lower is better, 0 = no. */
static __always_inline __u64 template_vacancy(const struct xlvs_template *t, __u32 now)
{
	__u64 data = READ_ONCE(t->data);
	__u32 age = ticks_since(data & TEMPLATE_STAMP_MASK, now);

	if (!data)
		return 1;
	if (!template_real(data) || template_controls(t))
		return 0;
	if (template_expired(data, now) || READ_ONCE(t->control) & XLVS_TEMPLATE_DISABLED)
		return 2;
	return 3 + (XLVS_TICK_MASK - age);
}

static __always_inline struct xlvs_template *template_vacant(const struct template_key *k, __u32 now)
{
	struct xlvs_template *best = NULL;
	__u64 best_vacancy = ~0ull, hash = template_hash(k);

	for (int i = 0; i < 2 * XLVS_TEMPLATE_WAYS; i++) {
		struct xlvs_template_set *set = template_set(hash, i);
		__u64 vacancy;

		if (!set)
			return NULL;
		vacancy = template_vacancy(&set->way[i % XLVS_TEMPLATE_WAYS], now);
		if (vacancy && vacancy < best_vacancy) {
			best_vacancy = vacancy;
			best = &set->way[i % XLVS_TEMPLATE_WAYS];
		}
	}
	return best;
}

/* A template for a freshly scheduled real server; NULL when there is no room for one. */
static __noinline struct xlvs_template *template_create(const struct template_key *k, const struct flow *w,
							__u32 real, __u32 seconds)
{
	struct xlvs_template *t = template_vacant(k, w->now);
	struct xlvs_totals *count = my_totals(w->cpu);
	__u64 old, *net;

	if (!count)
		return NULL;
	if (!t) {
		TALLY(count->templates_unstored, 1);
		return NULL;
	}
	old = READ_ONCE(t->data);
	if (__sync_val_compare_and_swap(&t->data, old, TEMPLATE_BUSY) != old)
		return NULL;
	if (template_real(old)) {
		persistent_add(template_real(old), -1);
		if (template_expired(old, w->now))
			TALLY(count->templates_expired, 1);
		else
			TALLY(count->templates_evicted, 1);
	}
	net = (__u64 *)t->net;
	WRITE_ONCE(net[0], k->net[0]);
	WRITE_ONCE(net[1], k->net[1]);
	WRITE_ONCE(((__u32 *)net)[4], k->vip_port);
	WRITE_ONCE(t->control, k->kind);
	__sync_lock_test_and_set(&t->data, template_data(real, seconds, w->now));
	persistent_add(real, 1);
	TALLY(count->templates_created, 1);
	return t;
}

#endif
