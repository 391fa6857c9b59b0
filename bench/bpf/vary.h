/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vary.h - one frame after the other out of a single test-run buffer: every header
 * is written anew, because the subject changes it, and the flow is another each
 * time. Measured alone (`empty`) and subtracted.
 */
#ifndef XLVS_BENCH_VARY_H
#define XLVS_BENCH_VARY_H

#include "../../bpf/config.h"
#include "../../bpf/packet.h"

struct bench_order {
	__u64 next;			/* number of the next frame */
	__u64 wrong;			/* verdicts that were not `expected` */
	__u32 mask;			/* flows - 1 */
	__u32 expected;			/* XDP action */
	__u32 family;			/* enum xlvs_family */
	__u32 l4;			/* IPPROTO_TCP, IPPROTO_UDP */
	__u32 tcp_flags;
	__be32 virtual[4];
	__be16 virtual_port;
	__u16 pad;
	__u8 macs[12];			/* destination, source */
	__u32 step;			/* odd: the order in which the flows come */
};

struct bench_order order SEC(".data.order");

static __always_inline void write_ports(void *l4, __u32 flow)
{
	__be16 *port = l4;

	port[0] = bpf_htons(1024 + (flow & 0x7fff));
	port[1] = order.virtual_port;
	if (order.l4 == IPPROTO_TCP) {
		struct tcphdr *tcp = l4;

		tcp->doff = 5;
		((__u8 *)tcp)[13] = order.tcp_flags;
	}
}

static __always_inline int vary(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 flow = (__u32)(order.next++ * order.step) & order.mask;
	struct ethhdr *eth = data;
	void *l3 = eth + 1;

	if (data + sizeof(*eth) + sizeof(struct ipv6hdr) + sizeof(struct tcphdr) > end)
		return -1;
	__builtin_memcpy(data, order.macs, 12);
	if (order.family == XLVS_IPV4) {
		struct iphdr *ip = l3;

		eth->h_proto = bpf_htons(ETH_P_IP);
		*(__u32 *)ip = bpf_htonl(0x45000028);
		*((__u32 *)ip + 1) = 0;
		*((__u32 *)ip + 2) = bpf_htonl(64 << 24 | order.l4 << 16);
		ip->saddr = bpf_htonl(0x0a000000 + (flow >> 15));
		ip->daddr = order.virtual[0];
		write_ports(ip + 1, flow);
	} else {
		struct ipv6hdr *ip = l3;
		__u32 *client = (__u32 *)&ip->saddr;

		eth->h_proto = bpf_htons(ETH_P_IPV6);
		*(__u32 *)ip = bpf_htonl(0x60000000);
		*((__u32 *)ip + 1) = bpf_htonl(20 << 16 | order.l4 << 8 | 64);
		client[0] = bpf_htonl(0x20010db8);
		client[1] = 0;
		client[2] = bpf_htonl(flow >> 15);
		client[3] = bpf_htonl(1);
		__builtin_memcpy(&ip->daddr, order.virtual, 16);
		write_ports(ip + 1, flow);
	}
	return 0;
}

static __always_inline int judged(int action)
{
	if ((__u32)action != order.expected)
		order.wrong++;
	return action;
}

SEC("xdp")
int empty(struct xdp_md *ctx)
{
	return vary(ctx) ? XDP_ABORTED : XDP_PASS;
}

#endif
