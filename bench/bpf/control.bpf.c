/* SPDX-License-Identifier: GPL-2.0 */
/*
 * control.bpf.c - the same steps on the table everyone else uses, BPF_MAP_TYPE_LRU_HASH:
 * same parsing, VIP directory, states, scheduler, next hop and counters.
 */
#include "vary.h"
#include "../../bpf/service.h"
#include "../../bpf/conn.h"
#include "../../bpf/sched.h"
#include "../../bpf/forward.h"

struct lru_key {
	__be32 client[4];
	__be16 client_port;
	__be16 virtual_port;
	__u16 vip;
	__u16 proto;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct lru_key);
	__type(value, __u64);
} lru SEC(".maps");

static __noinline __u32 insert(struct flow *w, struct lru_key *key)
{
	__u32 service = find_service(w->proto, w->vip, w->virtual_port), real;
	__u64 data;

	if (!service || (w->proto == XLVS_TCP && !(w->tcp_flags & TCP_SYN)))
		return 0;
	real = schedule(service, w, 0);
	data = conn_data(w->vip, real, conn_step(XLVS_TCP_NONE, w), w->now);
	if (bpf_map_update_elem(&lru, key, &data, BPF_ANY))
		return 0;
	load_add(real, load_of(conn_state(data)));
	return real;
}

static __always_inline __u32 update(struct flow *w, __u64 *data)
{
	__u64 seen = READ_ONCE(*data);
	__u32 state = conn_state(seen), next = conn_step(state, w);

	if (next != state || conn_stamp(seen) != w->now)
		__sync_val_compare_and_swap(data, seen, conn_data(w->vip, conn_real(seen), next, w->now));
	return conn_real(seen);
}

static __always_inline int balance(struct frame *f, const int family)
{
	struct flow w = { .family = family, .now = now_ticks(), .cpu = f->cpu };
	struct lru_key key = {};
	int action = XDP_TX;
	void *l4 = NULL;
	__u64 *data;
	__u32 real;

	if ((family == XLVS_IPV4 ? parse_addresses4(f, &w) : parse_addresses6(f, &w)) != NEXT)
		return finish(f, XLVS_PASS_MALFORMED, action);
	w.vip = find_vip(f->virtual, family);
	if (!w.vip)
		return finish(f, XLVS_PASS_NOT_VIP, action);
	if ((family == XLVS_IPV4 ? parse_rest4(f, &w, &l4) : parse_rest6(f, &w, &l4)) != NEXT ||
	    parse_ports(f, &w, l4) != NEXT)
		return finish(f, XLVS_PASS_MALFORMED, action);
	__builtin_memcpy(key.client, w.client, family == XLVS_IPV4 ? 4 : 16);
	key.client_port = w.client_port;
	key.virtual_port = w.virtual_port;
	key.vip = w.vip;
	key.proto = w.proto;
	data = bpf_map_lookup_elem(&lru, &key);
	real = data ? update(&w, data) : insert(&w, &key);
	if (!real)
		return finish(f, XLVS_PASS_NO_CONN, action);
	return finish(f, forward(f, XLVS_FORWARD_CONN, real, family, &action, false), action);
}

static __noinline int packet(struct xdp_md *ctx)
{
	struct frame f = {
		.ctx = ctx,
		.data = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
		.cpu = bpf_get_smp_processor_id(),
	};

	f.iface = at(&ifaces, ctx->ingress_ifindex);
	if (!f.iface || parse_ethernet(&f) != NEXT || !to_my_mac(&f))
		return XDP_PASS;
	if (f.ethertype == bpf_htons(ETH_P_IP))
		return balance(&f, XLVS_IPV4);
	return balance(&f, XLVS_IPV6);
}

SEC("xdp")
int subject(struct xdp_md *ctx)
{
	return vary(ctx) ? XDP_ABORTED : judged(packet(ctx));
}

char LICENSE[] SEC("license") = "GPL";
