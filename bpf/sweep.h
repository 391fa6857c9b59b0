/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sweep.h - what time does to the tables: frees expired connections and templates
 * and keeps the counts true. Run in slices by the controller, never by a packet; so is
 * the clock it reads.
 */
#ifndef XLVS_SWEEP_H
#define XLVS_SWEEP_H

#include "place.h"

struct sweep_pass {
	__u32 first;
	__u32 family;
	__u32 now;
	__u32 live;
	__u32 freed;
	bool defend;
};

/* A live connection speaks for its template, if it still finds it. */
static __noinline int keep_template(__u32 family, const struct found *way)
{
	struct flow w = {};

	flow_of_way(way, family, &w);
	return template_mark(&w, conn_real(way->seen), XLVS_TEMPLATE_NEEDED);
}

/* What drop_entry takes from a table under attack (ip_vs_random_dropentry); the rest costs nothing to keep here. */
static __always_inline bool is_half_open(__u32 state)
{
	return 1u << (state & 31) & (1u << XLVS_TCP_SYN_RECV | 1u << XLVS_TCP_SYNACK |
				     1u << XLVS_SCTP_INIT1 | 1u << XLVS_SCTP_INIT);
}

/* expire_nodest_conn: what points at a removed real server ends with it; the connections went before. */
static __always_inline bool is_orphan(__u32 real)
{
	return tunable(XLVS_TUNE_EXPIRE_NODEST_CONN) && !real_available(real);
}

static __always_inline bool conn_ends(__u64 data, const struct sweep_pass *pass)
{
	return conn_expired(data, pass->now) || (pass->defend && is_half_open(conn_state(data))) ||
	       is_orphan(conn_real(data));
}

static __always_inline void sweep_conn(const struct found *c, __u64 *word, struct sweep_pass *pass)
{
	if (!conn_vip(c->seen))
		return;
	if (!conn_ends(c->seen, pass)) {
		pass->live++;
		if (c->seen & CONN_CONTROLLED)
			keep_template(pass->family, c);
		return;
	}
	if (__sync_val_compare_and_swap(word, c->seen, CONN_BUSY) != c->seen)
		return;
	conn_forget(pass->family, c);
	__sync_lock_test_and_set(word, 0);
	pass->freed++;
}

/* Most sets of most tables are empty, and every one is looked at in a round: the four data words at once. */
static __always_inline int sweep_conns(__u32 index, struct sweep_pass *pass, const int family)
{
	const int words = family == XLVS_IPV4 ? CONN4_WORDS : CONN6_WORDS;
	const int ways = family == XLVS_IPV4 ? XLVS_CONN4_WAYS : XLVS_CONN6_WAYS;
	__u64 *data = conn_set(index, family), any = 0;

	if (!data)
		return 1;
	data += words - 1;
	#pragma unroll
	for (int i = 0; i < ways; i++)
		any |= READ_ONCE(data[i * words]);
	for (int i = 0; any && i < ways; i++) {
		struct found c = { .set = index, .way = i, .seen = READ_ONCE(data[i * words]) };

		sweep_conn(&c, data + i * words, pass);
	}
	return 0;
}

static int sweep_conn4_set(__u32 i, struct sweep_pass *pass) { return sweep_conns(pass->first + i, pass, XLVS_IPV4); }
static int sweep_conn6_set(__u32 i, struct sweep_pass *pass) { return sweep_conns(pass->first + i, pass, XLVS_IPV6); }

/* A template whose real server is removed, or drained, holds nobody any more. */
static __always_inline bool is_void(__u32 real)
{
	return is_orphan(real) || real_flags(real) & XLVS_REAL_DRAINED;
}

/* Its time is over, its real server is gone, or drop_entry takes what nothing needs (IPVS.md sections 12, 17). */
static __always_inline bool template_ends(__u64 data, __u32 control, const struct sweep_pass *pass)
{
	return template_expired(data, pass->now) || is_void(template_real(data)) ||
	       (pass->defend && !(control & (XLVS_TEMPLATE_ASSURED | XLVS_TEMPLATE_COUNT_MASK)));
}

/*
 * A template whose time is over but which still controls connections goes on with
 * 60 s. Its count alone does not hold it: when the service is gone or has another
 * mask, connections end without finding the template they came by.
 */
static __always_inline void sweep_template(struct xlvs_template *t, struct sweep_pass *pass)
{
	__u64 seen = READ_ONCE(t->data), next = 0;
	__u32 control;

	if (!template_real(seen))
		return;
	control = READ_ONCE(t->control);
	if (control & XLVS_TEMPLATE_NEEDED)
		__sync_fetch_and_and(&t->control, ~XLVS_TEMPLATE_NEEDED);
	if (!template_ends(seen, control, pass)) {
		pass->live++;
		return;
	}
	if (control & XLVS_TEMPLATE_NEEDED && control & XLVS_TEMPLATE_COUNT_MASK && !is_void(template_real(seen)))
		next = template_data(template_real(seen), TEMPLATE_POSTPONED, pass->now);
	if (__sync_val_compare_and_swap(&t->data, seen, next) != seen)
		return;
	if (next) {
		pass->live++;
		return;
	}
	persistent_add(template_real(seen), -1);
	pass->freed++;
}

static int sweep_template_set(__u32 i, struct sweep_pass *pass)
{
	struct xlvs_template_set *set = at(&templates, pass->first + i);

	if (!set)
		return 1;
	for (__u32 way = 0; way < XLVS_TEMPLATE_WAYS; way++)
		sweep_template(&set->way[way], pass);
	return 0;
}

static __always_inline void sweep_slice(struct xlvs_sweep *order)
{
	struct sweep_pass pass = { .first = order->first, .now = now_ticks(), .defend = order->defend };
	struct xlvs_totals *count = my_totals(bpf_get_smp_processor_id());

	if (order->table == XLVS_TABLE_TEMPLATE) {
		bpf_loop(order->count, sweep_template_set, &pass, 0);
		if (count)
			__sync_fetch_and_add(&count->templates_expired, pass.freed);
	} else {
		pass.family = order->table == XLVS_TABLE_CONN4 ? XLVS_IPV4 : XLVS_IPV6;
		if (pass.family == XLVS_IPV4)
			bpf_loop(order->count, sweep_conn4_set, &pass, 0);
		else
			bpf_loop(order->count, sweep_conn6_set, &pass, 0);
		if (count)
			__sync_fetch_and_add(&count->conns_expired, pass.freed);
	}
	order->now = pass.now;
	order->live = pass.live;
	order->freed = pass.freed;
}

SEC("syscall")
int sweep(struct xlvs_sweep *order)
{
	sweep_slice(order);
	return 0;
}

SEC("syscall")
int clock(struct xlvs_now *now)
{
	now->jiffies = bpf_jiffies64();
	now->monotonic_ns = bpf_ktime_get_ns();
	return 0;
}

#endif
