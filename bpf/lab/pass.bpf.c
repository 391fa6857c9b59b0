// SPDX-License-Identifier: GPL-2.0
/*
 * pass.bpf.c - lets everything through. A veth drops frames that arrive by
 * XDP_TX or redirect unless its own end runs an XDP program: this one.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int lab_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
