/* SPDX-License-Identifier: GPL-2.0 */
/*
 * frame.h - the frames of a rig around a director: how one is made of a flow's number, how a
 * director that balances nothing sends one back, and which are the rig's own.
 */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* Sources are 10.0.0.0 and up: this many ports of an address are used before the next. */
#define PORTS 32768

/* Where frames come from and go to. User space writes it. */
struct addresses {
	__u8 director[ETH_ALEN];
	__u8 client[ETH_ALEN];
	__be32 vip;
};

static __always_inline __sum16 header_sum(const struct iphdr *ip)
{
	const __u16 *half = (const __u16 *)ip;
	__u32 sum = 0;

#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += half[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~((sum & 0xffff) + (sum >> 16));
}

/* A UDP packet of the flow, as long as the frame is; false when that is too short. */
static __always_inline bool write_frame(void *data, void *end, const struct addresses *to, __u32 flow, __be16 port)
{
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > end)
		return false;
	__builtin_memcpy(eth->h_dest, to->director, ETH_ALEN);
	__builtin_memcpy(eth->h_source, to->client, ETH_ALEN);
	eth->h_proto = bpf_htons(ETH_P_IP);
	*(__u32 *)ip = bpf_htonl(0x45000000 | (__u32)(end - (void *)ip));
	*((__u32 *)ip + 1) = 0;
	*((__u32 *)ip + 2) = bpf_htonl(64 << 24 | IPPROTO_UDP << 16);
	ip->saddr = bpf_htonl(0x0a000000 + flow / PORTS);
	ip->daddr = to->vip;
	ip->check = header_sum(ip);
	udp->source = bpf_htons(1024 + flow % PORTS);
	udp->dest = port;
	udp->len = bpf_htons(end - (void *)udp);
	udp->check = 0;
	return true;
}

/* The frame when it is one of the rig's, before or after a director had it. */
static __always_inline const struct ethhdr *frame_for(const struct xdp_md *ctx, __be32 vip)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	const struct ethhdr *eth = data;
	const struct iphdr *ip = (const void *)(eth + 1);

	return (void *)(ip + 1) <= end && eth->h_proto == bpf_htons(ETH_P_IP) && ip->daddr == vip ? eth : NULL;
}

/* The least that a director can do. */
static __always_inline int send_back(const struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__u8 mac[ETH_ALEN];

	if ((void *)(eth + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
	return XDP_TX;
}

#endif
