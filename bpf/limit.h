/* SPDX-License-Identifier: GPL-2.0 */
/*
 * limit.h - how often the director answers itself: token buckets under the kernel's
 * names and rules, icmp_ratelimit for a client, icmp_msgs_per_sec for all (net/ipv4/icmp.c).
 */
#ifndef XLVS_LIMIT_H
#define XLVS_LIMIT_H

#include "hash.h"
#include "maps.h"

#define TOKEN 256
#define TOKENS_BURST 6			/* XRLIM_BURST_FACTOR of net/ipv4/icmp.c */
#define TOKENS_VALID 0x80000000u	/* the stamp of a bucket that was used */

/* Take a token from a bucket that gains `rate` 256ths a tick and holds `most`. */
static __always_inline bool take_token(__u32 bucket, __u32 rate, __u32 most, __u32 now)
{
	__u64 *word = at(&tokens, bucket), seen;
	__u64 left;

	if (!word)
		return false;
	seen = READ_ONCE(*word);
	left = most;
	if ((__u32)seen & TOKENS_VALID) {
		left = (seen >> 32) + (__u64)ticks_since((__u32)seen & XLVS_TICK_MASK, now) * rate;
		if (left > most)
			left = most;
	}
	if (left < TOKEN)
		return false;
	return __sync_val_compare_and_swap(word, seen, (left - TOKEN) << 32 | TOKENS_VALID | now) == seen;
}

/* 256ths of a token that a tick brings, at so many in `ms` milliseconds. */
static __always_inline __u64 per_tick(__u64 count, __u64 ms)
{
	return ms ? (count * TOKEN << XLVS_TICK_SHIFT) / (ms * 1000000) : 0;
}

static __always_inline bool within_limits(const struct flow *w, __u32 reason)
{
	__u32 wait = tunable(XLVS_TUNE_ICMP_RATELIMIT), all = tunable(XLVS_TUNE_ICMP_MSGS_PER_SEC);
	__u32 client = w->client[0] ^ w->client[1] ^ w->client[2] ^ w->client[3];
	__u64 rate = per_tick(all, 1000), burst = (__u64)tunable(XLVS_TUNE_ICMP_MSGS_BURST) * TOKEN;

	if (reason == XLVS_DROP_MTU)	/* path MTU discovery is never held up (icmp.c) */
		return true;
	if (wait && !take_token(1 + (mix(client) & ((1 << XLVS_TOKEN_BITS) - 1)), per_tick(1, wait),
				TOKENS_BURST * TOKEN, w->now))
		return false;
	return !all || take_token(0, rate, burst > rate ? burst : rate, w->now);
}

#endif
