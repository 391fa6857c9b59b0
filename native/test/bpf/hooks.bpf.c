// SPDX-License-Identifier: GPL-2.0
// Programs for hooks other than XDP.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int on_tc(struct __sk_buff *skb)
{
	return 2;
}

SEC("sk_lookup")
int on_lookup(struct bpf_sk_lookup *ctx)
{
	return SK_PASS;
}

char _license[] SEC("license") = "GPL";
