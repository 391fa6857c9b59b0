/* SPDX-License-Identifier: GPL-2.0 */
/* subject.bpf.c - the whole datapath, as loaded, under the harness. */
#include "../../bpf/xlvs.bpf.c"
#include "vary.h"

static __noinline int packet(struct xdp_md *ctx)
{
	return balance(ctx);
}

SEC("xdp")
int subject(struct xdp_md *ctx)
{
	return vary(ctx) ? XDP_ABORTED : judged(packet(ctx));
}

/* The same as if there were no traces at all. */
static __noinline int untraced_packet(struct xdp_md *ctx)
{
	int action = direct(ctx);

	return unlikely(action == UNSETTLED) ? walk(ctx) : action;
}

SEC("xdp")
int untraced(struct xdp_md *ctx)
{
	return vary(ctx) ? XDP_ABORTED : judged(untraced_packet(ctx));
}
