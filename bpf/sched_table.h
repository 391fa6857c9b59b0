/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched_table.h - schedulers whose table user space prepares: the packet path
 * only makes an index. rr and wrr walk IPVS's exact sequence, kept as segments;
 * sh hashes the client as net/netfilter/ipvs/ip_vs_sh.c does.
 */
#ifndef XLVS_SCHED_TABLE_H
#define XLVS_SCHED_TABLE_H

#include "service.h"

#define SEGMENT_STEPS 13		/* 2^12 = XLVS_MAX_REALS_PER_SERVICE distinct weights, and one */

static __always_inline const struct xlvs_segment *segment_at(__u32 service, __u32 i)
{
	const struct xlvs_line *line = at(&tables, service + 2 + i / XLVS_SEGMENTS_PER_LINE);

	return line ? (const struct xlvs_segment *)line + i % XLVS_SEGMENTS_PER_LINE : NULL;
}

static __always_inline __u32 id_at(__u32 service, __u32 first_line, __u32 i)
{
	const struct xlvs_line *line = at(&tables, service + first_line + i / XLVS_IDS_PER_LINE);

	return line ? ((const __u32 *)line)[i % XLVS_IDS_PER_LINE] : 0;
}

/* Binary search for the segment that holds pick `n`: in [low, high), which begins at pick `start`. */
struct segment_search {
	__u64 n;
	__u64 start;
	__u32 service;
	__u32 low;
	__u32 high;
	__u32 pad;
};

static int search_step(__u32 i, struct segment_search *search)
{
	__u32 middle = (search->low + search->high) / 2;
	const struct xlvs_segment *before;

	if (search->low + 1 >= search->high)
		return 1;
	before = segment_at(search->service, middle - 1);
	if (!before)
		return 1;
	if (before->until <= search->n) {
		search->low = middle;
		search->start = before->until;
	} else {
		search->high = middle;
	}
	return 0;
}

/* The real server of pick `n` of the sequence, n < period. */
static __always_inline __u32 sequence_pick(const struct xlvs_service *head, __u32 service, __u64 n)
{
	struct segment_search search = { .service = service, .n = n, .high = head->count };
	const struct xlvs_segment *segment;

	if (search.high > 1)
		bpf_loop(SEGMENT_STEPS, search_step, &search, 0);
	segment = segment_at(service, search.low);
	if (!segment || !segment->count)
		return 0;
	return id_at(service, head->ids, segment->first + (__u32)((n - search.start) % segment->count));
}

/* Index of this pick: shared by all CPUs, so that the sequence is IPVS's. */
static __always_inline __u64 next_pick(__u32 service)
{
	struct xlvs_cursor *cursor = at(&tables, service + 1);

	return cursor ? __sync_fetch_and_add(&cursor->next, 1) : 0;
}

/* 32-bit fold of the client's address, as a number. */
static __always_inline __u32 client_fold(const struct flow *w)
{
	if (w->family == XLVS_IPV4)
		return bpf_ntohl(w->client[0]);
	return bpf_ntohl(w->client[0] ^ w->client[1] ^ w->client[2] ^ w->client[3]);
}

static __always_inline __u32 pick_source_hash(__u32 service, const struct flow *w)
{
	return id_at(service, 2, client_fold(w) * 0x61c88647u >> 24);
}

#endif
