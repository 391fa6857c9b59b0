/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nexthop.h - the link header towards a next hop: MAC addresses, and as many VLAN
 * tags as its network wants, whatever came in.
 */
#ifndef XLVS_NEXTHOP_H
#define XLVS_NEXTHOP_H

#include "maps.h"
#include "packet.h"

/* dst_mac and src_mac stand in an xlvs_nexthop as they stand in the frame. */
static __always_inline void write_macs(void *eth, const struct xlvs_nexthop *hop)
{
	__builtin_memcpy(eth, hop->dst_mac, 12);
}

/* Another number of tags, or other tags: the header is laid out anew in front of the packet. */
static __noinline int write_tagged_header(struct xdp_md *ctx, const struct xlvs_nexthop *hop, __u32 had,
					  __be16 ethertype)
{
	__u32 tags = hop->tags;
	void *data, *end;
	__be16 *word;

	if (tags > XLVS_MAX_TAGS)
		return 0;
	if (had != tags && bpf_xdp_adjust_head(ctx, 4 * ((int)had - (int)tags)))
		return 0;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + sizeof(struct ethhdr) + 4 * XLVS_MAX_TAGS > end)
		return 0;
	write_macs(data, hop);
	word = data + 12;
	for (__u32 i = 0; i < XLVS_MAX_TAGS; i++) {
		if (i >= tags)
			break;
		*word++ = hop->tpid[i];
		*word++ = hop->tci[i];
	}
	*word = ethertype;
	return 1;
}

static __always_inline bool write_link_header(struct frame *f, const struct xlvs_nexthop *hop)
{
	if (unlikely(f->tags | hop->tags))
		return write_tagged_header(f->ctx, hop, f->tags, f->ethertype);
	if (f->data + sizeof(struct ethhdr) > f->end)
		return false;
	write_macs(f->data, hop);
	return true;
}

#endif
