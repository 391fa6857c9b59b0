/* SPDX-License-Identifier: GPL-2.0 */
/*
 * config.h - what user space tells the datapath: `config` once, before loading;
 * `settings` while packets flow. Time is read here, once per packet.
 */
#ifndef XLVS_CONFIG_H
#define XLVS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "abi.h"
#include "effects.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

const volatile struct xlvs_config config SEC(".rodata.config");
struct xlvs_settings settings SEC(".data.settings");

/* One of the kernel's tunables, as the operator set it. */
static __always_inline __u32 tunable(const enum xlvs_tunable which)
{
	return READ_ONCE(settings.tunable[which]);
}

/* Ticks, modulo 2^24. Jiffies are read by a load; any clock would be a call. */
static __always_inline __u32 now_ticks(void)
{
	if (config.manual_clock)
		return READ_ONCE(settings.clock) & XLVS_TICK_MASK;
	return (bpf_jiffies64() * config.jiffy_ns >> XLVS_TICK_SHIFT) & XLVS_TICK_MASK;
}

/* A stamp may be a tick ahead: another CPU read the clock later than we did. */
#define TICKS_AHEAD 16

static __always_inline __u32 ticks_since(__u32 stamp, __u32 now)
{
	__u32 ticks = (now - stamp) & XLVS_TICK_MASK;

	return ticks > XLVS_TICK_MASK - TICKS_AHEAD ? 0 : ticks;
}

/*
 * `value & mask`, said to the verifier too: the compiler drops a mask that it knows
 * to be needless, but verifiers before Linux 6.8 forget what byte swaps and shifts leave.
 */
static __always_inline __u32 masked(__u32 value, __u32 mask)
{
	asm volatile("" : "+r"(value));
	return value & mask;
}

#endif
