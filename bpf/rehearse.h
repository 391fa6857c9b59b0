/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rehearse.h - what the rehearsal tells of a packet, in bulk; single facts are told where they
 * are found (NOTE in effects.h). Nothing of it is in the datapath.
 */
#ifndef XLVS_REHEARSE_H
#define XLVS_REHEARSE_H

#include "judge.h"

/* `reason`: NEXT when it was read as a packet for a VIP. */
static __always_inline void tell_flow(const struct flow *w, __u64 hash, const struct found *way, __u32 reason)
{
#ifdef XLVS_REHEARSAL
	struct xlvs_trail *t = at(&trails, 0);

	if (!t)
		return;
	__builtin_memcpy(t->client, w->client, sizeof(t->client));
	t->client_port = w->client_port;
	t->virtual_port = w->virtual_port;
	t->vip = w->vip;
	t->family = w->family;
	t->proto = w->proto;
	t->l4 = w->l4;
	t->tcp_flags = w->tcp_flags;
	t->fragment = w->fragment;
	t->about = w->about;
	t->tags = w->tags;
	t->now = w->now;
	t->hash = hash;
	t->conn = way->seen;
	t->expired = way->seen && conn_expired(way->seen, w->now);
	t->gives_way = way->seen && !t->expired && conn_gives_way(way->seen, w);
	t->read = reason == NEXT;
#endif
}

#endif
