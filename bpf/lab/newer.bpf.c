// SPDX-License-Identifier: GPL-2.0
/*
 * newer.bpf.c - another build of the datapath: the same maps and decisions, other
 * instructions. For what is shown of an upgrade.
 */
#define xlvs older
#include "../xlvs.bpf.c"
#undef xlvs

SEC("xdp")
int xlvs(struct xdp_md *ctx)
{
	return bpf_ktime_get_ns() ? balance(ctx) : XDP_ABORTED;
}
