// SPDX-License-Identifier: GPL-2.0
// A program the verifier refuses, with a long log before the verdict.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int careless(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 sum = 0;

	if (data + 64 > end)
		return XDP_PASS;
#pragma unroll
	for (int i = 0; i < 64; i++)
		sum += data[i] * i;
	return sum + data[64];
}

SEC("xdp")
int careful(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
