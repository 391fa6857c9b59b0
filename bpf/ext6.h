/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ext6.h - IPv6 extension headers (RFC 8200 section 4), walked to a bound. Rare, so
 * out of line and by copies of their first bytes.
 */
#ifndef XLVS_EXT6_H
#define XLVS_EXT6_H

#include <linux/in.h>
#include "flow.h"

/* Where a walk along extension headers starts, and then where it ended. */
struct ext_result {
	__u32 offset;			/* from the start of the frame */
	__u32 next;
	__u32 fragment;			/* enum fragment */
	__be32 id;
};

struct ext_header {
	__u8 next;
	__u8 length;			/* fragment header: reserved; AH: 4-byte units less 2 */
	__be16 offset;			/* fragment header */
	__be32 id;
};

static __always_inline bool is_ext_header(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_AH || next == IPPROTO_FRAGMENT;
}

#define MAX_HEADERS_END 2048		/* a walk that gets here has not found its end */

/* A walk along IPv6 extension headers (RFC 8200 section 4). */
struct ext_walk {
	struct xdp_md *ctx;
	__u32 offset;			/* of the next header, from the start of the frame */
	__u32 next;			/* what it is */
	__u32 fragment;			/* enum fragment */
	__be32 id;
};

static int ext_step(__u32 i, struct ext_walk *walk)
{
	struct ext_header ext;
	__u32 kind = walk->next;

	if (!is_ext_header(kind) || bpf_xdp_load_bytes(walk->ctx, walk->offset, &ext, sizeof(ext)))
		return 1;
	walk->next = ext.next;
	if (kind == IPPROTO_AH) {
		walk->offset += (ext.length + 2) * 4;
	} else if (kind != IPPROTO_FRAGMENT) {
		walk->offset += (ext.length + 1) * 8;
	} else {
		walk->offset += sizeof(ext);
		if (ext.offset & bpf_htons(0xfff9)) {
			walk->id = ext.id;
			walk->fragment = ext.offset & bpf_htons(0xfff8) ? FRAGMENT_LATER : FRAGMENT_FIRST;
		}
	}
	return walk->fragment == FRAGMENT_LATER;
}

/* Stops behind a later fragment's header, where no further header can be read. */
__noinline int walk_ext_headers(struct xdp_md *ctx, struct ext_result *at)
{
	struct ext_walk walk = { .ctx = ctx };

	if (!at)
		return XLVS_PASS_MALFORMED;
	walk.offset = at->offset;
	walk.next = at->next;
	bpf_loop(XLVS_MAX_EXT_HEADERS, ext_step, &walk, 0);
	at->offset = walk.offset;
	at->next = walk.next;
	at->fragment = walk.fragment;
	at->id = walk.id;
	if (walk.fragment != FRAGMENT_LATER && is_ext_header(walk.next))
		return XLVS_PASS_EXT_HEADERS;
	return walk.offset < MAX_HEADERS_END ? NEXT : XLVS_PASS_EXT_HEADERS;
}

/* From *l4, whose kind w->l4 tells, to the transport header. */
static __always_inline __u32 skip_ext_headers(struct frame *f, struct flow *w, void **l4)
{
	struct ext_result at[1] = {{ .next = w->l4 }};
	__u32 reason;

	if (likely(!is_ext_header(w->l4)))
		return NEXT;
	at->offset = *l4 - f->data;
	reason = walk_ext_headers(f->ctx, at);
	if (reason != NEXT || at->offset >= MAX_HEADERS_END)
		return XLVS_PASS_EXT_HEADERS;
	*l4 = f->data + at->offset;
	w->l4 = at->next;
	w->fragment = at->fragment;
	w->fragment_id = at->id;
	return NEXT;
}

#endif
