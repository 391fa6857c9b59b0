/* SPDX-License-Identifier: GPL-2.0 */
/*
 * beside.bpf.c - what `make bench-ipvs` needs around a director: frames out of one
 * template, the three cheapest things a director can do with a frame, and a sink that
 * counts what comes back. All are XDP, so every case pays the same for both ends.
 */
#include "frame.h"

struct order {
	__u64 next;			/* number of the next frame; user space sets the first */
	__u32 flows;			/* frames repeat after so many */
	__u32 ifindex;			/* where they are sent */
	struct addresses addresses;
	__be16 port;
	__u16 pad;
};

struct seen {
	__u64 count;			/* frames that reached their end since user space wrote 0 */
	__u64 from, to;			/* which of them are timed */
	__u64 start, end;		/* when those two came, ns of bpf_ktime_get_ns */
	__u64 reals[8];			/* `count` by the last byte of the destination MAC */
};

struct order order SEC(".data.order");
struct seen seen SEC(".data.seen");

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (!write_frame(data, end, &order.addresses, order.next++ % order.flows, order.port))
		return XDP_ABORTED;
	return bpf_redirect(order.ifindex, 0);
}

static __always_inline int end_of(const struct ethhdr *eth)
{
	__u64 number = ++seen.count;

	seen.reals[eth->h_dest[5] & 7]++;
	if (number == seen.from)
		seen.start = bpf_ktime_get_ns();
	if (number == seen.to)
		seen.end = bpf_ktime_get_ns();
	return XDP_DROP;
}

/* On the director that takes nothing: what it costs to get a frame as far as this. */
SEC("xdp")
int stop(struct xdp_md *ctx)
{
	const struct ethhdr *eth = frame_for(ctx, order.addresses.vip);

	return eth ? end_of(eth) : XDP_DROP;
}

SEC("xdp")
int swap(struct xdp_md *ctx)
{
	return send_back(ctx);
}

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* On the client: frames to a real server's MAC, or to the client's if they were swapped. */
SEC("xdp")
int sink(struct xdp_md *ctx)
{
	const struct ethhdr *eth = frame_for(ctx, order.addresses.vip);

	if (!eth || *(__u16 *)eth->h_dest != bpf_htons(0x02aa))
		return XDP_DROP;
	return end_of(eth);
}

/* Two programs that differ by 1,000 machine instructions: the guest's clock is checked against them. */
SEC("xdp")
int idle(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int thousand(struct xdp_md *ctx)
{
	asm volatile("r0 = 0\n.rept 999\nr0 += 1\n.endr" ::: "r0");
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
