/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hash.h - where a key lives in a set-associative table. The seed is secret, so
 * nobody outside can aim flows at one set.
 */
#ifndef XLVS_HASH_H
#define XLVS_HASH_H

#include "maps.h"

/* Two multiplications spread every input bit over both halves of the result. */
static __always_inline __u64 mix(__u64 x)
{
	x *= 0x9e3779b97f4a7c15ull;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	return x ^ x >> 32;
}

/* The two candidate sets of a key: one from each half of its hash. */
static __always_inline __u32 first_set(__u64 hash, __u32 sets)
{
	return (hash >> 32) * sets >> 32;
}

static __always_inline __u32 second_set(__u64 hash, __u32 sets)
{
	return (hash & 0xffffffff) * sets >> 32;
}

#endif
