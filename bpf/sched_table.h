/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched_table.h - schedulers whose table user space prepares: the packet path
 * only makes an index. rr and wrr walk IPVS's exact sequence, kept as segments.
 */
#ifndef XLVS_SCHED_TABLE_H
#define XLVS_SCHED_TABLE_H

#include "sched_first.h"

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

/* The same among segments that are all in one line, as most services' are. */
static __always_inline void search_line(struct segment_search *search)
{
	const struct xlvs_line *line = at(&tables, search->service + 2);
	const struct xlvs_segment *segment = (const struct xlvs_segment *)line;

	if (!line)
		return;
	#pragma unroll
	for (__u32 i = 0; i < XLVS_SEGMENTS_PER_LINE - 1; i++) {
		if (i + 1 >= search->high || search->n < segment[i].until)
			return;
		search->low = i + 1;
		search->start = segment[i].until;
	}
}

/* The real server of pick `n` of the sequence, n < period. */
static __always_inline __u32 sequence_pick(const struct xlvs_service *head, __u32 service, __u64 n)
{
	struct segment_search search = { .service = service, .n = n, .high = head->count };
	const struct xlvs_segment *segment;

	if (likely(search.high <= XLVS_SEGMENTS_PER_LINE))
		search_line(&search);
	else
		bpf_loop(SEGMENT_STEPS, search_step, &search, 0);
	segment = segment_at(service, search.low);
	if (!segment || !segment->count)
		return 0;
	return id_at(service, head->ids, segment->first + (__u32)((n - search.start) % segment->count));
}

static __always_inline struct xlvs_cursor *cursor_at(__u32 service)
{
	return at(&tables, service + 1);
}

/* The walk past overloaded real servers: pick `n` is looked at next. */
struct skip_pass {
	__u64 n;
	__u64 left;			/* picks until the whole period was looked at */
	__u32 service;
	__u32 real;			/* found, 0 = not yet */
	__u32 segment;			/* of the last candidate, from 1 */
	__u32 run;			/* candidates of it in a row that were overloaded */
};

#define SKIP_STEPS (1 << 16)

/* One candidate; where all of a segment are overloaded, the rest of the segment is passed over. */
static int skip_step(__u32 i, struct skip_pass *pass)
{
	const struct xlvs_service *head = service_at(pass->service);
	struct segment_search search = { .service = pass->service };
	const struct xlvs_segment *segment;
	__u64 passed = 0;
	__u32 real;

	if (!head || !pass->left)
		return 1;
	search.n = pass->n;
	search.high = head->count;
	if (search.high > 1)
		bpf_loop(SEGMENT_STEPS, search_step, &search, 0);
	segment = segment_at(pass->service, search.low);
	if (!segment || !segment->count)
		return 1;
	real = id_at(pass->service, head->ids, segment->first + (__u32)((pass->n - search.start) % segment->count));
	if (!overloaded(real)) {
		pass->real = real;
		return 1;
	}
	pass->run = pass->segment == search.low + 1 ? pass->run + 1 : 1;
	pass->segment = search.low + 1;
	passed = pass->run < segment->count ? 1 : segment->until - pass->n;
	if (passed > pass->left)
		passed = pass->left;
	pass->left -= passed;
	pass->n += passed;
	if (pass->n >= head->period)
		pass->n -= head->period;
	return 0;
}

/*
 * The next real server of the sequence that is not overloaded, from pick `n` on, which
 * has been counted; the cursor goes along. When all are, IPVS's wrr has gone back to the
 * head of the list, unless its search began amid the lowest level: then it stands where
 * it stood, and rr always does (ip_vs_wrr.c, ip_vs_rr.c).
 */
__noinline __u32 skip_overloaded(__u32 service, __u64 n)
{
	const struct xlvs_service *head = service_at(service);
	struct xlvs_cursor *cursor = cursor_at(service);
	struct skip_pass pass = { .service = service, .n = n };
	const struct xlvs_segment *last;

	if (!head || !cursor || !head->count)
		return 0;
	pass.left = head->period;
	bpf_loop(SKIP_STEPS, skip_step, &pass, 0);
	if (pass.real) {
		__sync_fetch_and_add(&cursor->next, head->period - pass.left);
		return pass.real;
	}
	last = segment_at(service, head->count - 1);
	if (!last)
		return 0;
	if (head->scheduler == XLVS_SCHED_RR || n > head->period - last->count) {
		__sync_fetch_and_add(&cursor->next, -1);
		return 0;
	}
	__sync_fetch_and_add(&cursor->next, head->period - n - 1);
	WRITE_ONCE(cursor->start, READ_ONCE(cursor->next));
	WRITE_ONCE(cursor->current_weight, cursor->max_weight);
	return 0;
}

/* rr, wrr: the cursor is shared by all CPUs, so that the sequence is IPVS's. */
static __always_inline __u32 pick_in_turn(const struct xlvs_service *head, __u32 service)
{
	struct xlvs_cursor *cursor = cursor_at(service);
	__u32 real;
	__u64 n;

	if (!cursor || !head->period)
		return 0;
	n = __sync_fetch_and_add(&cursor->next, 1) % head->period;
	NOTE(pick, n);
	real = sequence_pick(head, service, n);
	return likely(!overloaded(real)) ? real : skip_overloaded(service, n);
}


#endif
