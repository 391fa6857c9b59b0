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

/* What a frame is; anything but a plain packet is IPv4. */
enum bench_kind {
	BENCH_PACKET,
	BENCH_FIRST_FRAGMENT,
	BENCH_LATER_FRAGMENT,
	BENCH_ICMP_ERROR,
};

struct bench_order {
	__u64 next;			/* number of the next frame */
	__u64 wrong;			/* verdicts that were not `expected` */
	__u32 mask;			/* numbers of flows - 1; 2^shift numbers */
	__u32 expected;			/* XDP action */
	__u32 family;			/* enum xlvs_family */
	__u32 l4;			/* IPPROTO_TCP, IPPROTO_UDP */
	__u32 tcp_flags;
	__be32 virtual[4];
	__be16 virtual_port;
	__u16 pad;
	__u8 macs[12];			/* destination, source */
	__u32 step;			/* odd: the order in which the flows come */
	__u32 flows;			/* more than half of the numbers: where they are no power of two, some share a flow */
	__u32 shift;
	__u32 kind;			/* enum bench_kind */
	__be32 tag;			/* TPID and TCI of a VLAN tag, 0: none */
};

struct bench_order order SEC(".data.order");

static __always_inline __be32 client4(__u32 flow)
{
	return bpf_htonl(0x0a000000 + (flow >> 15));
}

static __always_inline __be16 client_port(__u32 flow)
{
	return bpf_htons(1024 + (flow & 0x7fff));
}

static __always_inline void write_ports(void *l4, __u32 flow)
{
	__be16 *port = l4;

	port[0] = client_port(flow);
	port[1] = order.virtual_port;
	if (order.l4 == IPPROTO_TCP) {
		struct tcphdr *tcp = l4;

		tcp->doff = 5;
		((__u8 *)tcp)[13] = order.tcp_flags;
	}
}

/* The router's address is the client's: who says it does not matter. */
static __always_inline void write_icmp_error(struct iphdr *ip, __u32 flow)
{
	__be32 *word = (__be32 *)(ip + 1);
	struct iphdr *quoted = (struct iphdr *)(word + 2);
	__be16 *port = (__be16 *)(quoted + 1);

	ip->tot_len = bpf_htons(56);
	ip->protocol = IPPROTO_ICMP;
	word[0] = bpf_htonl(3 << 24 | 4 << 16);		/* fragmentation needed */
	word[1] = bpf_htonl(1400);
	*(__be32 *)quoted = bpf_htonl(0x450005dc);
	*((__be32 *)quoted + 1) = 0;
	*((__be32 *)quoted + 2) = bpf_htonl(64 << 24 | order.l4 << 16);
	quoted->saddr = order.virtual[0];
	quoted->daddr = client4(flow);
	port[0] = order.virtual_port;
	port[1] = client_port(flow);
}

static __always_inline void write_ip4(struct iphdr *ip, __u32 flow)
{
	*(__u32 *)ip = bpf_htonl(0x45000028);
	*((__u32 *)ip + 1) = 0;
	*((__u32 *)ip + 2) = bpf_htonl(64 << 24 | order.l4 << 16);
	ip->saddr = client4(flow);
	ip->daddr = order.virtual[0];
	write_ports(ip + 1, flow);
	if (likely(order.kind == BENCH_PACKET))
		return;
	ip->id = bpf_htons(flow);
	if (order.kind == BENCH_FIRST_FRAGMENT)
		ip->frag_off = bpf_htons(0x2000);
	else if (order.kind == BENCH_LATER_FRAGMENT)
		ip->frag_off = bpf_htons(185);
	else
		write_icmp_error(ip, flow);
}

static __always_inline void write_ip6(struct ipv6hdr *ip, __u32 flow)
{
	__u32 *client = (__u32 *)&ip->saddr;

	*(__u32 *)ip = bpf_htonl(0x60000000);
	*((__u32 *)ip + 1) = bpf_htonl(20 << 16 | order.l4 << 8 | 64);
	client[0] = bpf_htonl(0x20010db8);
	client[1] = 0;
	client[2] = bpf_htonl(flow >> 15);
	client[3] = bpf_htonl(1);
	__builtin_memcpy(&ip->daddr, order.virtual, 16);
	write_ports(ip + 1, flow);
}

static __always_inline int vary(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 number = (__u32)(order.next++ * order.step) & order.mask;
	__u32 flow = number * order.flows >> (order.shift & 63);
	__be16 *type = data + 12;
	void *l3 = data + sizeof(struct ethhdr);

	if (l3 + 4 + sizeof(struct ipv6hdr) + sizeof(struct tcphdr) > end)
		return -1;
	__builtin_memcpy(data, order.macs, 12);
	if (unlikely(order.tag)) {
		__builtin_memcpy(type, &order.tag, 4);
		type += 2;
		l3 += 4;
	}
	*type = order.family == XLVS_IPV4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	if (order.family == XLVS_IPV4)
		write_ip4(l3, flow);
	else
		write_ip6(l3, flow);
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
