/* SPDX-License-Identifier: GPL-2.0 */
/*
 * table.bpf.c - the whole datapath, as loaded, for flows that user space names one by
 * one: what became of each packet, and where in the table each flow stands.
 */
#include "../../bpf/xlvs.bpf.c"

#define TABLE_BATCH (1 << 16)

struct table_flow {
	__be32 client[4];
	__be16 port;
	__u16 pad;
	__u32 went;			/* end of the real server's MAC; 0: to none */
};

struct table_order {
	__u32 next;			/* number of the next packet */
	__u32 family;			/* enum xlvs_family */
	__u32 tcp_flags;		/* 0: SYN and ACK in turn, two packets for each flow */
	__u32 strayed;			/* packets that did not go where the flow's first one went */
	__u32 second;			/* flows in their second set */
	__u32 absent;			/* flows in neither */
	__be32 virtual[4];
	__be16 virtual_port;
	__u8 macs[12];			/* destination, source */
	__u16 pad;
};

struct table_order order SEC(".data.order");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, TABLE_BATCH);
	__type(key, __u32);
	__type(value, struct table_flow);
} batch SEC(".maps");

static __always_inline void *write_address4(struct iphdr *ip, const struct table_flow *flow)
{
	*(__u32 *)ip = bpf_htonl(0x45000028);
	*((__u32 *)ip + 1) = 0;
	*((__u32 *)ip + 2) = bpf_htonl(64 << 24 | IPPROTO_TCP << 16);
	ip->saddr = flow->client[0];
	ip->daddr = order.virtual[0];
	return ip + 1;
}

static __always_inline void *write_address6(struct ipv6hdr *ip, const struct table_flow *flow)
{
	*(__u32 *)ip = bpf_htonl(0x60000000);
	*((__u32 *)ip + 1) = bpf_htonl(20 << 16 | IPPROTO_TCP << 8 | 64);
	__builtin_memcpy(&ip->saddr, flow->client, 16);
	__builtin_memcpy(&ip->daddr, order.virtual, 16);
	return ip + 1;
}

static __always_inline int write_frame(struct xdp_md *ctx, const struct table_flow *flow, __u8 tcp_flags)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	void *l3 = data + sizeof(struct ethhdr);
	struct tcphdr *tcp;

	if (l3 + sizeof(struct ipv6hdr) + sizeof(struct tcphdr) > end)
		return -1;
	__builtin_memcpy(data, order.macs, 12);
	*(__be16 *)(data + 12) = order.family == XLVS_IPV4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	tcp = order.family == XLVS_IPV4 ? write_address4(l3, flow) : write_address6(l3, flow);
	tcp->source = flow->port;
	tcp->dest = order.virtual_port;
	tcp->doff = 5;
	((__u8 *)tcp)[13] = tcp_flags;
	return 0;
}

static __always_inline __u32 receiver(struct xdp_md *ctx, int action)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	return action == XDP_TX && data + 6 <= end ? *(__u32 *)(data + 2) : 0;
}

static __noinline int packet(struct xdp_md *ctx)
{
	return balance(ctx);
}

/* The next packet: a SYN is where a flow begins, any other has to go where that went. */
SEC("xdp")
int offer(struct xdp_md *ctx)
{
	__u32 number = order.next++, index = order.tcp_flags ? number : number / 2;
	__u8 flags = order.tcp_flags ? order.tcp_flags : number % 2 ? TCP_ACK : TCP_SYN;
	struct table_flow *flow = bpf_map_lookup_elem(&batch, &index);
	__u32 went;

	if (!flow || write_frame(ctx, flow, flags))
		return XDP_ABORTED;
	went = receiver(ctx, packet(ctx));
	if (flags & TCP_SYN)
		flow->went = went;
	else
		order.strayed += went != flow->went || !went;
	return XDP_PASS;
}

/* Where the next flow stands; nothing is sent. */
SEC("xdp")
int locate(struct xdp_md *ctx)
{
	__u32 sets = order.family == XLVS_IPV4 ? config.conn4_sets : config.conn6_sets;
	__u32 index = order.next++;
	struct table_flow *flow = bpf_map_lookup_elem(&batch, &index);
	struct desk *d = at(&desks, 0);

	if (!flow || !d || write_frame(ctx, flow, TCP_ACK))
		return XDP_ABORTED;
	__builtin_memset(d, 0, sizeof(*d));
	read_packet(ctx, d);
	if (!d->way.seen)
		order.absent++;
	else
		order.second += d->way.set != first_set(d->hash, sets);
	return XDP_PASS;
}
