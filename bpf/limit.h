/* SPDX-License-Identifier: GPL-2.0 */
/*
 * limit.h - how often the director answers itself: token buckets under the kernel's
 * names and rules, icmp_ratelimit for a client, icmp_msgs_per_sec for all (net/ipv4/icmp.c).
 */
#ifndef XLVS_LIMIT_H
#define XLVS_LIMIT_H

#include "hash.h"
#include "maps.h"

#define CLIENT_BURST 6			/* XRLIM_BURST_FACTOR of net/ipv4/icmp.c */
#define CLIENT_MS 16			/* a client's bucket counts 16ths of a millisecond */
#define CLIENT_WAIT_MOST 10000000	/* ms: so that six fit into 32 bits */
#define ANSWER 256			/* the common bucket counts 256ths of an answer */
#define BUCKET_USED 0x80000000u		/* in the stamp: left is as it was then, not yet full */

/* Take `cost` from a bucket that gains so much a tick and holds `most`. */
static __always_inline bool take(__u32 bucket, __u64 gain, __u32 cost, __u64 most, __u32 now)
{
	__u64 *word = at(&tokens, bucket), seen;
	__u64 left;

	if (!word)
		return false;
	if (most > 0xffffffff)
		most = 0xffffffff;
	seen = READ_ONCE(*word);
	left = most;
	if ((__u32)seen & BUCKET_USED) {
		left = (seen >> 32) + ticks_since((__u32)seen & XLVS_TICK_MASK, now) * gain;
		if (left > most)
			left = most;
	}
	if (left < cost)
		return false;
	return __sync_val_compare_and_swap(word, seen, (left - cost) << 32 | BUCKET_USED | now) == seen;
}

/* One answer in so many milliseconds to a client, after six that may come at once. */
static __always_inline bool client_allows(const struct flow *w, __u32 wait)
{
	__u32 client = w->client[0] ^ w->client[1] ^ w->client[2] ^ w->client[3];
	__u32 cost = CLIENT_MS * (wait < CLIENT_WAIT_MOST ? wait : CLIENT_WAIT_MOST);

	return take(1 + (mix(client) & ((1 << XLVS_TOKEN_BITS) - 1)), ((__u64)CLIENT_MS << XLVS_TICK_SHIFT) / 1000000, cost,
		    (__u64)CLIENT_BURST * cost, w->now);
}

/* So many a second to all; a tick's worth may come at once. */
static __always_inline bool all_allow(const struct flow *w, __u32 per_second)
{
	__u64 gain = ((__u64)per_second * ANSWER << XLVS_TICK_SHIFT) / 1000000000;
	__u64 burst = (__u64)tunable(XLVS_TUNE_ICMP_MSGS_BURST) * ANSWER;

	return take(0, gain, ANSWER, burst > gain ? burst : gain, w->now);
}

static __always_inline bool within_limits(const struct flow *w, __u32 reason)
{
	__u32 wait = tunable(XLVS_TUNE_ICMP_RATELIMIT), all = tunable(XLVS_TUNE_ICMP_MSGS_PER_SEC);

	if (reason == XLVS_DROP_MTU)	/* path MTU discovery is never held up (icmp.c) */
		return true;
	return (!wait || client_allows(w, wait)) && (!all || all_allow(w, all));
}

#endif
