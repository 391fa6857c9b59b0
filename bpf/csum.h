/* SPDX-License-Identifier: GPL-2.0 */
/*
 * csum.h - the Internet checksum (RFC 1071) of what stands in a frame.
 */
#ifndef XLVS_CSUM_H
#define XLVS_CSUM_H

#include "config.h"

#define CSUM_BYTES 1280			/* no answer is longer: the minimum MTU of IPv6 */

/* Sum of 16-bit words from `offset` to the end of the frame. */
__noinline __u64 sum_from(struct xdp_md *ctx, __u32 offset)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u16 *word = data + masked(offset, 127);
	__u64 sum = 0;

	for (int i = 0; i < CSUM_BYTES / 2; i++) {
		if ((void *)(word + 1) > end)
			break;
		sum += *word++;
	}
	if ((void *)word + 1 <= end)
		sum += *(__u8 *)word;
	return sum;
}

static __always_inline __u16 folded(__u64 sum)
{
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return ~((sum >> 16) + (sum & 0xffff));
}

#endif
