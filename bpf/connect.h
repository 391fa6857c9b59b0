/* SPDX-License-Identifier: GPL-2.0 */
/*
 * connect.h - a packet without a connection: find its service, its template or a
 * real server by schedule, and remember the choice. The slow path, kept out of
 * line so that a known flow's code stays small.
 */
#ifndef XLVS_CONNECT_H
#define XLVS_CONNECT_H

#include "place.h"
#include "sched.h"

#define FTP_DATA_PORT bpf_htons(20)
#define OVERFLOW_INDEX(hash) ((hash) >> (64 - XLVS_OVERFLOW_BITS))

/* Another director sent it: balanced already, do not play ping-pong. */
static __always_inline bool from_peer(const struct flow *w)
{
	struct xlvs_mac mac = w->src_mac;	/* a key on the stack: Linux 6.1 wants it there */

	return bpf_map_lookup_elem(&peers, &mac);
}

static __always_inline void mark_overflow(__u64 hash, __u32 now)
{
	__u32 *stamp = at(&overflow, OVERFLOW_INDEX(hash));

	if (stamp)
		WRITE_ONCE(*stamp, now + 1);
}

/* Flows near this hash may live without an entry: one found no room within a connection's life. */
static __always_inline bool may_be_unstored(__u64 hash, __u32 now)
{
	__u32 *stamp = at(&overflow, OVERFLOW_INDEX(hash));

	return stamp && *stamp &&
	       ticks_since(*stamp - 1, now) <= settings.timeout[XLVS_TCP_ESTABLISHED];
}

/* UDP does not tell its first packet: a flow that went by its hash goes on so when there is room again. */
static __always_inline bool stays_by_hash(const struct flow *w, __u64 hash)
{
	return w->proto == XLVS_UDP && may_be_unstored(hash, w->now);
}

static __always_inline void count_connection(__u32 real, __u32 cpu)
{
	struct xlvs_real_stats *stats = at(&real_stats, cpu * config.real_rows + real);

	if (stats)
		stats->connections++;
}

/* State after the first packet: the state machine run from NONE. */
static __always_inline __u32 first_state(const struct flow *w)
{
	return w->proto == XLVS_UDP ? XLVS_UDP_NORMAL : tcp_step(XLVS_TCP_NONE, w->tcp_flags);
}

/*
 * Out of line here, where the stack is deep already: with the callers' it must stay
 * within 512 bytes, each frame rounded up to 32 (Linux 6.1).
 */
static __noinline struct xlvs_template *look_up(const struct template_key *k)
{
	return template_find(k);
}

static __noinline struct xlvs_template *look_up_of(const struct flow *w)
{
	return template_of(w);
}

/*
 * The real server by persistence: the template's, or a scheduled one with a new
 * template. Returns the template that the connection will be controlled by.
 */
static __always_inline struct xlvs_template *by_template(__u32 service, const struct flow *w, struct verdict *v)
{
	const struct xlvs_service *head = service_at(service);
	struct template_key k;
	struct xlvs_template *t;

	if (!head)
		return NULL;
	template_key_of(w, head, &k);
	t = look_up(&k);
	v->reason = XLVS_FORWARD_TEMPLATE;
	v->real = t ? template_use(t, w->now) : 0;
	if (v->real)
		return t;
	v->reason = XLVS_FORWARD_NEW;
	v->real = schedule(service, w, 0);
	if (!v->real)
		return NULL;
	if (!t)
		return template_create(&k, w, v->real, head->persist_seconds);
	template_repoint(t, v->real, head->persist_seconds, w->now);
	return t;
}

/* A flow that cannot be stored still goes somewhere, and always to the same place. */
static __always_inline void unstored(__u32 service, const struct flow *w, __u64 hash, struct verdict *v)
{
	struct xlvs_totals *count = my_totals(w->cpu);

	if (count)
		count->conns_unstored++;
	mark_overflow(hash, w->now);
	v->reason = XLVS_FORWARD_UNSTORED;
	if (!v->real)			/* not bound by a template */
		v->real = schedule(service, w, hash | 1);
}

/*
 * Choose and remember. `own` is a way that held this very flow and may be
 * overwritten (expired, or finished and opened again); nothing seen there: find room.
 */
static __always_inline struct verdict admit(__u32 service, bool persistent, const struct flow *w, __u64 hash,
					    const struct found *own)
{
	struct xlvs_template *control = NULL;
	struct verdict v = {};
	struct found room = *own;
	int place = room.seen ? 1 : find_room(w, hash, &room);
	__u64 data;

	if (persistent) {
		control = by_template(service, w, &v);
	} else if (place) {
		v.reason = XLVS_FORWARD_NEW;
		v.real = schedule(service, w, stays_by_hash(w, hash) ? hash | 1 : 0);
	}
	if (!v.real && (persistent || place))
		return v;
	data = conn_data(w->vip, v.real, first_state(w), w->now) | (control ? CONN_CONTROLLED : 0);
	if (!place || !conn_store(w, &room, data)) {
		if (!persistent)
			v.real = 0;
		unstored(service, w, hash, &v);
		return v;
	}
	if (control) {
		__sync_fetch_and_add(&control->control, 1);
		__sync_fetch_and_or(&control->control, XLVS_TEMPLATE_NEEDED);
	}
	count_connection(v.real, w->cpu);
	return v;
}

/* A TCP segment in mid-flow whose connection may have found no room when it began. */
static __always_inline struct verdict resume(__u32 service, bool persistent, const struct flow *w, __u64 hash)
{
	struct verdict v = { .reason = XLVS_PASS_NO_CONN };
	struct xlvs_template *t;

	if (!may_be_unstored(hash, w->now))
		return v;
	mark_overflow(hash, w->now);	/* its life goes on */
	v.reason = XLVS_FORWARD_UNSTORED;
	if (persistent) {
		t = look_up_of(w);
		v.real = t ? template_real(READ_ONCE(t->data)) : 0;
	}
	if (!v.real)
		v.real = schedule(service, w, hash | 1);
	return v;
}

/* Fills `out`. Not static: verified once, for both families. */
__noinline int connect_flow(const struct flow *w, __u64 hash, const struct found *own, struct verdict *out)
{
	const struct xlvs_service *head;
	__u32 service;
	bool persistent;

	if (!w || !own || !out)
		return 0;
	out->real = 0;
	out->reason = XLVS_PASS_NO_SERVICE;
	service = find_service(w->proto, w->vip, w->virtual_port);
	head = service ? service_at(service) : NULL;
	if (!head)
		return 0;
	persistent = head->flags & XLVS_SERVICE_PERSISTENT;
	if (from_peer(w))
		out->reason = XLVS_PASS_PEER;
	else if (w->client_port == FTP_DATA_PORT)
		out->reason = XLVS_PASS_FTP_DATA;
	else if (w->proto == XLVS_TCP && (w->tcp_flags & (TCP_SYN | TCP_RST)) != TCP_SYN)
		*out = resume(service, persistent, w, hash);
	else
		*out = admit(service, persistent, w, hash, own);
	if (out->reason >= XLVS_REASON_FORWARD && !out->real)
		out->reason = XLVS_DROP_NO_REAL;
	return 0;
}

#endif
