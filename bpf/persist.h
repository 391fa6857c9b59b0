/* SPDX-License-Identifier: GPL-2.0 */
/*
 * persist.h - what persistence means.
 *
 * IPVS's rules (ip_vs_core.c: ip_vs_sched_persist, ip_vs_conn.c: ip_vs_conn_expire):
 * only a new connection renews a template; one that times out while connections
 * it controls are alive goes on with 60 s, for good; it outranks the scheduler and
 * weight 0, but not the removal of its real server.
 */
#ifndef XLVS_PERSIST_H
#define XLVS_PERSIST_H

#include "load.h"
#include "template.h"

/* Its timer has fired and nothing it controls holds it: as good as not there. */
static __always_inline bool template_over(const struct xlvs_template *t, __u32 now)
{
	return template_expired(READ_ONCE(t->data), now) && !template_controls(t);
}

/* Its real server was removed or is drained, or it is quiesced and expire_quiescent_template is on. */
static __always_inline bool template_invalid(const struct xlvs_template *t)
{
	__u32 flags = real_flags(template_real(READ_ONCE(t->data)));

	return (flags & (XLVS_REAL_AVAILABLE | XLVS_REAL_DRAINED)) != XLVS_REAL_AVAILABLE ||
	       (flags & XLVS_REAL_QUIESCED && tunable(XLVS_TUNE_EXPIRE_QUIESCENT_TEMPLATE));
}

/* The real server a valid template names; a new connection renews it. */
static __always_inline __u32 template_use(struct xlvs_template *t, __u32 now)
{
	__u64 data = READ_ONCE(t->data);
	__u32 seconds = template_expired(data, now) ? TEMPLATE_POSTPONED : template_timeout(data);

	__sync_val_compare_and_swap(&t->data, data, template_data(template_real(data), seconds, now));
	return template_real(data);
}

/* Give an ended template of the same key another real server and the service's time. */
static __always_inline void template_repoint(struct xlvs_template *t, __u32 real, __u32 seconds, __u32 now)
{
	__u64 old = READ_ONCE(t->data);

	if (__sync_val_compare_and_swap(&t->data, old, template_data(real, seconds, now)) != old)
		return;
	__sync_fetch_and_and(&t->control, ~XLVS_TEMPLATE_ASSURED);
	if (template_real(old))
		persistent_add(template_real(old), -1);
	persistent_add(real, 1);
}

/* The template that controls a connection to `real`, found again by the connection's own addresses. */
static __always_inline struct xlvs_template *template_of(const struct flow *w, __u32 real)
{
	const struct xlvs_service *head;
	struct template_key k;
	__u32 service = find_service(w->proto, w->vip, w->virtual_port);

	head = service ? service_at(service) : NULL;
	if (!head)
		return NULL;
	template_key_of(w, head, &k);
	return template_find(&k, real);
}

/* A controlled connection is gone. */
static __always_inline void template_release(const struct flow *w, __u32 real)
{
	struct xlvs_template *t = template_of(w, real);

	if (t && template_controls(t))
		__sync_fetch_and_add(&t->control, -1);
}

/* What a controlled connection makes of its template: ASSURED once it is ESTABLISHED, NEEDED while it lives. */
__noinline int template_mark(const struct flow *w, __u32 real, __u32 mark)
{
	struct xlvs_template *t = w ? template_of(w, real) : NULL;

	if (t && !(READ_ONCE(t->control) & mark))
		__sync_fetch_and_or(&t->control, mark);
	return 0;
}

#endif
