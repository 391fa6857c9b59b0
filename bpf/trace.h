/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace.h - packets that an operator looks at. While nobody traces, settings.trace is 0 and
 * that is all a packet meets. While somebody does, what does not match goes its usual way after a
 * look at its addresses; what matches and is drawn walks the long way and leaves a record.
 */
#ifndef XLVS_TRACE_H
#define XLVS_TRACE_H

#include "arrive.h"

/* The rehearsal shares the settings, and is nobody's packet. */
static __always_inline bool is_traced(void)
{
	return !REHEARSAL && unlikely(READ_ONCE(settings.trace));
}

/* One element; the controller writes the filter, the datapath what it counts. */
XLVS_ARRAY(trace_filter, struct xlvs_trace_filter, 1);

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} trace_log SEC(".maps");

/* A record while it is made. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct xlvs_trace_record);
} trace_drafts SEC(".maps");

static __always_inline bool is_client(const struct xlvs_trace_filter *t, const __be32 *addr)
{
	return !((((addr[0] & t->client_mask[0]) ^ t->client[0]) | ((addr[1] & t->client_mask[1]) ^ t->client[1])) |
		 (((addr[2] & t->client_mask[2]) ^ t->client[2]) | ((addr[3] & t->client_mask[3]) ^ t->client[3])));
}

static __always_inline bool is_wanted_vip(const struct xlvs_trace_filter *t, const __be32 *addr)
{
	return !(t->has & XLVS_TRACE_HAS_VIP) ||
	       !((addr[0] ^ t->vip[0]) | (addr[1] ^ t->vip[1]) | (addr[2] ^ t->vip[2]) | (addr[3] ^ t->vip[3]));
}

/* The first look: interface, family, addresses. */
static __always_inline bool trace_glance(struct xdp_md *ctx, const struct xlvs_trace_filter *t)
{
	struct frame f = {};
	struct flow w = {};
	__u32 family;

	if (t->ifindex && t->ifindex != ctx->ingress_ifindex)
		return false;
	f.data = (void *)(long)ctx->data;
	f.end = (void *)(long)ctx->data_end;
	if (parse_ethernet(&f) != NEXT)
		return !(t->has & (XLVS_TRACE_HAS_FAMILY | XLVS_TRACE_HAS_VIP));
	family = f.ethertype == bpf_htons(ETH_P_IP) ? XLVS_IPV4 : XLVS_IPV6;
	if (t->has & XLVS_TRACE_HAS_FAMILY && t->family != family)
		return false;
	if (f.ethertype == bpf_htons(ETH_P_IP) ? parse_addresses4(&f, &w) != NEXT :
	    f.ethertype != bpf_htons(ETH_P_IPV6) || parse_addresses6(&f, &w) != NEXT)
		return !(t->has & (XLVS_TRACE_HAS_FAMILY | XLVS_TRACE_HAS_VIP));
	return is_client(t, w.client) && is_wanted_vip(t, f.virtual);
}

/* The second look, at a flow that was read: protocol, ports, flags. What is not for a VIP has none that count. */
static __always_inline bool trace_matches(const struct xlvs_trace_filter *t, const struct flow *w)
{
	if (t->has & XLVS_TRACE_HAS_L4 && w->l4 != t->l4)
		return false;
	if (t->has & XLVS_TRACE_HAS_CLIENT_PORT && w->client_port != t->client_port)
		return false;
	if (t->has & XLVS_TRACE_HAS_PORT && w->virtual_port != t->port)
		return false;
	return (w->tcp_flags & t->flags_mask) == t->flags_value;
}

/* One of so many, whatever CPU it comes to. */
static __always_inline bool trace_draws(struct xlvs_trace_filter *t)
{
	return t->sample <= 1 || !(__sync_fetch_and_add(&t->drawn, 1) % t->sample);
}

/* So many a second at most; those that are too many are counted. */
static __always_inline bool trace_limits(struct xlvs_trace_filter *t, __u64 now)
{
	__u64 second = now / 1000000000;

	if (!t->per_second)
		return false;
	if (READ_ONCE(t->second) != second) {
		WRITE_ONCE(t->second, second);
		WRITE_ONCE(t->recorded_in_it, 0);
	}
	if (__sync_fetch_and_add(&t->recorded_in_it, 1) < t->per_second)
		return false;
	__sync_fetch_and_add(&t->limited, 1);
	return true;
}

static __always_inline bool trace_real(const struct xlvs_trace_filter *t, __u32 real)
{
	const struct xlvs_real_info *info = at(&real_info, real);
	const __u64 *want = (const __u64 *)t->real, *is;

	if (!(t->has & XLVS_TRACE_HAS_REAL))
		return true;
	if (!real || !info)
		return false;
	is = (const __u64 *)info->addr;
	return is[0] == want[0] && is[1] == want[1];
}

static __always_inline __u32 service_of(const struct verdict *v)
{
	const struct xlvs_real_info *info = at(&real_info, v->real);

	return v->service || !v->real || !info ? v->service : info->service;
}

/* What became of it is known: a record for whom it concerns. Returns the action. */
static __noinline int trace_record(struct xdp_md *ctx, int action)
{
	struct xlvs_trace_record *r = at(&trace_drafts, 0);
	struct xlvs_trace_filter *t = at(&trace_filter, 0);
	const struct desk *d = at(&desks, 0);
	__u32 head;

	if (!t || !r || !d || !(t->reasons >> (d->verdict.reason & 63) & 1) || !trace_real(t, d->verdict.real))
		return action;
	r->at = bpf_ktime_get_ns();
	r->service = service_of(&d->verdict);
	if ((t->service && t->service != r->service) || r->at > t->until || trace_limits(t, r->at))
		return action;
	r->ifindex = ctx->ingress_ifindex;
	r->real = d->verdict.real;
	r->cpu = bpf_get_smp_processor_id();
	r->reason = d->verdict.reason;
	r->action = action;
	head = r->head_bytes;
	if (head > XLVS_TRACE_HEAD)
		return action;
	__sync_fetch_and_add(bpf_ringbuf_output(&trace_log, r, offsetof(struct xlvs_trace_record, head) + head, 0) ?
			     &t->lost : &t->recorded, 1);
	return action;
}

/* The frame as it arrived: it is written to on its way. */
static __always_inline void trace_copy(struct xdp_md *ctx, const struct xlvs_trace_filter *t)
{
	struct xlvs_trace_record *r = at(&trace_drafts, 0);
	__u32 length = ctx->data_end - ctx->data, head = length < t->head ? length : t->head;

	if (!r)
		return;
	r->length = length;
	r->head_bytes = 0;
	if (!head)
		return;
	head = masked((head < XLVS_TRACE_HEAD ? head : XLVS_TRACE_HEAD) - 1, XLVS_TRACE_HEAD - 1) + 1;
	if (!bpf_xdp_load_bytes(ctx, 0, r->head, head))
		r->head_bytes = head;
}

#endif
