/* SPDX-License-Identifier: GPL-2.0 */
/*
 * beside.bpf.c - what `make bench-ipvs` needs around a director: frames out of one
 * template, the three cheapest things a director can do with a frame, and a sink that
 * counts what comes back. All are XDP, so every case pays the same for both ends.
 */
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

struct order {
	__u64 next;			/* number of the next frame; user space sets the first */
	__u32 flows;			/* frames repeat after so many */
	__u32 ifindex;			/* where they are sent */
	__u8 director[ETH_ALEN];
	__u8 client[ETH_ALEN];
	__be32 vip;
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

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 flow = order.next++ % order.flows;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > end)
		return XDP_ABORTED;
	__builtin_memcpy(eth->h_dest, order.director, ETH_ALEN);
	__builtin_memcpy(eth->h_source, order.client, ETH_ALEN);
	eth->h_proto = bpf_htons(ETH_P_IP);
	*(__u32 *)ip = bpf_htonl(0x45000000 | (__u32)(end - (void *)ip));
	*((__u32 *)ip + 1) = 0;
	*((__u32 *)ip + 2) = bpf_htonl(64 << 24 | IPPROTO_UDP << 16);
	ip->saddr = bpf_htonl(0x0a000000 + flow / PORTS);
	ip->daddr = order.vip;
	ip->check = header_sum(ip);
	udp->source = bpf_htons(1024 + flow % PORTS);
	udp->dest = order.port;
	udp->len = bpf_htons(end - (void *)udp);
	udp->check = 0;
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

static __always_inline bool for_vip(const struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);

	return (void *)(ip + 1) <= end && eth->h_proto == bpf_htons(ETH_P_IP) && ip->daddr == order.vip;
}

/* On the director that takes nothing: what it costs to get a frame as far as this. */
SEC("xdp")
int stop(struct xdp_md *ctx)
{
	return for_vip(ctx) ? end_of((void *)(long)ctx->data) : XDP_DROP;
}

SEC("xdp")
int swap(struct xdp_md *ctx)
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

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* On the client: frames to a real server's MAC, or to the client's if they were swapped. */
SEC("xdp")
int sink(struct xdp_md *ctx)
{
	const struct ethhdr *eth = (void *)(long)ctx->data;

	if (!for_vip(ctx) || *(__u16 *)eth->h_dest != bpf_htons(0x02aa))
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
