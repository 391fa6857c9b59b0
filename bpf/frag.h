/* SPDX-License-Identifier: GPL-2.0 */
/*
 * frag.h - later fragments follow the first, by (source, VIP, id, protocol).
 */
#ifndef XLVS_FRAG_H
#define XLVS_FRAG_H

#include "maps.h"
#include "packet.h"

static __always_inline void fragment_key(const struct flow *w, struct xlvs_frag_key *k)
{
	__builtin_memcpy(k->src, w->client, 16);
	k->vip = w->vip;
	k->id = w->fragment_id;
	/* IPv6: not part of it (RFC 8200 section 4.5); only the first tells the transport behind all headers */
	k->proto = w->family == XLVS_IPV4 ? w->l4 : 0;
}

__noinline int fragment_remember(const struct flow *w, __u32 real)
{
	struct xlvs_frag value = { .real = real };
	struct xlvs_frag_key key = {};

	if (!w)
		return 0;
	value.stamp = w->now;
	fragment_key(w, &key);
	return bpf_map_update_elem(&frags, &key, &value, BPF_ANY);
}

/* The real server of the first fragment, 0 when that was not seen in time. */
__noinline __u32 fragment_follow(const struct flow *w)
{
	struct xlvs_frag_key key = {};
	struct xlvs_frag *value;

	if (!w)
		return 0;
	fragment_key(w, &key);
	value = bpf_map_lookup_elem(&frags, &key);
	if (!value || ticks_since(value->stamp, w->now) > settings.fragment_timeout)
		return 0;
	return value->real;
}

#endif
