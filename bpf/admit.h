/* SPDX-License-Identifier: GPL-2.0 */
/*
 * admit.h - a new connection: its template or a real server by schedule, and a place to
 * remember the choice. What finds no place still goes, always the same way.
 */
#ifndef XLVS_ADMIT_H
#define XLVS_ADMIT_H

#include "overflow.h"
#include "place.h"
#include "sched.h"

static __always_inline void count_connection(__u32 real, __u32 cpu)
{
	struct xlvs_real_stats *stats = at(&real_stats, cpu * config.real_rows + real);

	if (stats)
		TALLY(stats->connections, 1);
}

/* State after the first packet: the state machine run from NONE. An ICMP error runs none. */
static __always_inline __u32 first_state(const struct flow *w)
{
	__u32 state = w->proto == XLVS_TCP ? XLVS_TCP_NONE :
		      w->proto == XLVS_UDP ? XLVS_UDP_BEGUN : XLVS_SCTP_NONE;

	return w->about == ABOUT_ICMP ? state : conn_step(state, w);
}

/*
 * Out of line here, where the stack is deep already: with the callers' it must stay
 * within 512 bytes, each frame rounded up to 32 (Linux 6.1).
 */
static __noinline struct xlvs_template *look_up(const struct template_key *k)
{
	return template_find(k, 0);
}

static __noinline struct xlvs_template *look_up_of(const struct flow *w)
{
	return template_of(w, 0);
}

/*
 * The real server by persistence: the template's, or a scheduled one with a new
 * template. Returns the template that the connection will be controlled by. A template
 * that names no usable real server any more stays for its connections, disabled.
 */
static __always_inline struct xlvs_template *by_template(__u32 service, const struct flow *w, struct verdict *v)
{
	const struct xlvs_service *head = service_at(service);
	struct desk *d = at(&desks, 0);
	struct xlvs_template *t;
	struct template_key *k;

	if (!head || !d)
		return NULL;
	k = &d->template;
	template_key_of(w, head, k);
	t = look_up(k);
	NOTE(template, t ? READ_ONCE(t->data) : 0);
	NOTE(template_found, t ? XLVS_TRAIL_TEMPLATE_OVER : XLVS_TRAIL_TEMPLATE_NONE);
	if (t && !template_over(t, w->now) && !template_invalid(t)) {
		v->reason = XLVS_FORWARD_TEMPLATE;
		NOTE(template_found, XLVS_TRAIL_TEMPLATE_USED);
		v->real = template_use(t, w->now);
		return t;
	}
	if (t && !template_over(t, w->now)) {
		NOTE(template_found, XLVS_TRAIL_TEMPLATE_INVALID);
		__sync_fetch_and_or(&t->control, XLVS_TEMPLATE_DISABLED);
		t = NULL;
	}
	v->reason = XLVS_FORWARD_NEW;
	v->real = schedule(service, w, 0);
	if (!v->real)
		return NULL;
	if (!t)
		return template_create(k, w, v->real, head->persist_seconds);
	template_repoint(t, v->real, head->persist_seconds, w->now);
	return t;
}

/* A flow that cannot be stored still goes somewhere, and always to the same place. */
static __always_inline void unstored(__u32 service, const struct flow *w, __u64 hash, struct verdict *v)
{
	struct xlvs_totals *count = my_totals(w->cpu);

	if (count)
		TALLY(count->conns_unstored, 1);
	mark_overflow(hash, w->now);
	v->reason = XLVS_FORWARD_UNSTORED;
	if (!v->real)			/* not bound by a template */
		v->real = schedule(service, w, hash | 1);
}

/* The connection stands in the table: its template, its state and the counters learn of it. */
static __always_inline void settle_in(struct xlvs_template *control, __u32 state, const struct flow *w, __u32 real)
{
	if (control) {
		__sync_fetch_and_add(&control->control, 1);
		__sync_fetch_and_or(&control->control, XLVS_TEMPLATE_NEEDED |
				    (assures(state) ? XLVS_TEMPLATE_ASSURED : 0));
	}
	count_connection(real, w->cpu);
}

/* The flow stands in the table after all: another CPU was faster, or it has moved while it was looked up. */
static __always_inline void follow(const struct found *way, struct verdict *v)
{
	v->reason = XLVS_FORWARD_CONN;
	v->real = conn_real(way->seen);
}

/*
 * Choose and remember. `room` is a way that held this very flow and may be
 * overwritten (expired, or finished and opened again); nothing seen there: it is found.
 */
static __always_inline void admit(__u32 service, bool persistent, const struct flow *w, __u64 hash,
				  struct found *room, struct verdict *v)
{
	struct xlvs_template *control = NULL;
	bool own = room->seen;
	int place = own ? ROOM : find_room(w, hash, room);
	__u64 data;

	if (unlikely(place == NO_NEED))
		return follow(room, v);
	if (persistent) {
		control = by_template(service, w, v);
	} else if (place) {
		v->real = schedule(service, w, stays_by_hash(w, hash) ? hash | 1 : 0);
	}
	if (!v->real && (persistent || place))
		return;
	data = conn_data(w->vip, v->real, first_state(w), w->now) | (control ? CONN_CONTROLLED : 0);
	for (int i = 0; place == ROOM; i++) {
		if (likely(conn_store(w, room, data, hash)))
			break;
		/* another CPU took the way first */
		place = own || i ? NO_ROOM : find_room(w, hash, room);
	}
	if (unlikely(place == NO_NEED))
		return follow(room, v);
	if (unlikely(!place)) {
		if (!persistent)
			v->real = 0;
		return unstored(service, w, hash, v);
	}
	NOTE(stored, 1);
	settle_in(control, conn_state(data), w, v->real);
}

/* One-packet scheduling: each datagram is a connection that is over with it. */
static __always_inline int admit_datagram(__u32 service, const struct flow *w, struct verdict *v)
{
	const struct xlvs_service *head = service_at(service);

	if (!head)
		return 0;
	if (head->flags & XLVS_SERVICE_PERSISTENT)
		by_template(service, w, v);
	else
		v->real = schedule(service, w, 0);
	v->reason = XLVS_FORWARD_ONE_PACKET;
	if (v->real)
		count_connection(v->real, w->cpu);
	return 0;
}

/* A TCP segment in mid-flow whose connection may have found no room when it began. */
static __always_inline void resume(__u32 service, bool persistent, const struct flow *w, __u64 hash, struct verdict *v)
{
	struct xlvs_template *t;

	if (!may_be_unstored(hash, w->now))
		return;
	mark_overflow(hash, w->now);	/* its life goes on */
	v->reason = XLVS_FORWARD_UNSTORED;
	if (persistent) {
		t = look_up_of(w);
		v->real = t ? template_real(READ_ONCE(t->data)) : 0;
	}
	if (!v->real)
		v->real = schedule(service, w, hash | 1);
}

#endif
