/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reset.h - a TCP segment becomes the RST that answers it (RFC 9293 section 3.10.7.1),
 * from the VIP to the client, the way it came.
 */
#ifndef XLVS_RESET_H
#define XLVS_RESET_H

#include "answer.h"

/* Of the RST: where it starts, and what it acknowledges if the segment did not say where. */
struct reset {
	__be32 seq;
	__be32 ack;
	__be16 client_port;
	__be16 virtual_port;
	__u8 flags;
};

/* `length`: of the segment. */
static __always_inline void reset_of(const struct tcphdr *tcp, __u32 length, struct reset *r)
{
	__u8 flags = ((const __u8 *)tcp)[13];

	r->client_port = tcp->source;
	r->virtual_port = tcp->dest;
	if (flags & TCP_ACK) {
		r->seq = tcp->ack_seq;
		r->ack = 0;
		r->flags = TCP_RST;
		return;
	}
	length += !!(flags & TCP_SYN) + !!(flags & TCP_FIN) - 4 * (((const __u8 *)tcp)[12] >> 4);
	r->seq = 0;
	r->ack = bpf_htonl(bpf_ntohl(tcp->seq) + length);
	r->flags = TCP_RST | TCP_ACK;
}

/* Not behind extension headers: such a segment is not answered. */
static __always_inline bool read_segment(struct xdp_md *ctx, __u32 link, const int family, struct reset *r)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip4 = data + link;
	struct ipv6hdr *ip6 = data + link;
	struct tcphdr *tcp = (void *)(ip6 + 1);
	__u32 length;

	if (family == XLVS_IPV4) {
		if ((void *)(ip4 + 1) > end)
			return false;
		tcp = (void *)ip4 + masked(4 * ip4->ihl, 63);
		length = bpf_ntohs(ip4->tot_len) - 4 * ip4->ihl;
	} else {
		if ((void *)(ip6 + 1) > end || ip6->nexthdr != IPPROTO_TCP)
			return false;
		length = bpf_ntohs(ip6->payload_len);
	}
	if ((void *)(tcp + 1) > end)
		return false;
	reset_of(tcp, length, r);
	return true;
}

/* Source and destination of the link header exchanged; nothing behind the RST. */
static __always_inline bool turn_frame(struct xdp_md *ctx, __u32 length)
{
	__u8 *data = (void *)(long)ctx->data, mac[ETH_ALEN];
	__u32 now = (void *)(long)ctx->data_end - (void *)data;

	if (now < length || (now > length && bpf_xdp_adjust_tail(ctx, (int)length - (int)now)))
		return false;
	data = (void *)(long)ctx->data;
	if (data + sizeof(struct ethhdr) > (__u8 *)(long)ctx->data_end)
		return false;
	__builtin_memcpy(mac, data, ETH_ALEN);
	__builtin_memcpy(data, data + ETH_ALEN, ETH_ALEN);
	__builtin_memcpy(data + ETH_ALEN, mac, ETH_ALEN);
	return true;
}

/* As the kernel writes a RST: no identification, DF. */
static __always_inline void turn4(struct iphdr *ip)
{
	__be32 vip = ip->daddr;
	__u64 sum = 0;

	ip->version = 4;
	ip->ihl = 5;
	ip->tos = 0;
	ip->tot_len = bpf_htons(sizeof(*ip) + sizeof(struct tcphdr));
	ip->id = 0;
	ip->frag_off = bpf_htons(0x4000);
	ip->ttl = 64;
	ip->check = 0;
	ip->daddr = ip->saddr;
	ip->saddr = vip;
	for (__u32 i = 0; i < sizeof(*ip) / 2; i++)
		sum += ((__u16 *)ip)[i];
	ip->check = folded(sum);
}

static __always_inline void turn6(struct ipv6hdr *ip)
{
	__be32 vip[4];

	*(__be32 *)ip = bpf_htonl(6u << 28);
	ip->payload_len = bpf_htons(sizeof(struct tcphdr));
	ip->hop_limit = 64;
	__builtin_memcpy(vip, &ip->daddr, 16);
	__builtin_memcpy(&ip->daddr, &ip->saddr, 16);
	__builtin_memcpy(&ip->saddr, vip, 16);
}

/* The checksum's pseudo header has its addresses in the frame, right before the segment. */
static __always_inline bool write_reset(struct xdp_md *ctx, __u32 link, const int family, const struct reset *r)
{
	const __u32 header = family == XLVS_IPV4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	__u64 sum = bpf_htons(IPPROTO_TCP) + bpf_htons(sizeof(struct tcphdr));
	void *ip = (void *)(long)ctx->data + link;
	struct tcphdr *tcp = ip + header;

	if ((void *)(tcp + 1) > (void *)(long)ctx->data_end)
		return false;
	if (family == XLVS_IPV4)
		turn4(ip);
	else
		turn6(ip);
	__builtin_memset(tcp, 0, sizeof(*tcp));
	tcp->source = r->virtual_port;
	tcp->dest = r->client_port;
	tcp->seq = r->seq;
	tcp->ack_seq = r->ack;
	tcp->doff = sizeof(*tcp) / 4;
	((__u8 *)tcp)[13] = r->flags;
	sum += sum_from(ctx, link + header - (family == XLVS_IPV4 ? 8 : 32));
	tcp = (void *)(long)ctx->data + link + header;
	if ((void *)(tcp + 1) > (void *)(long)ctx->data_end)
		return false;
	tcp->check = folded(sum);
	return true;
}

static __always_inline bool turn_segment(struct xdp_md *ctx, __u32 link, const int family)
{
	const __u32 header = family == XLVS_IPV4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	struct reset r;

	return read_segment(ctx, link, family, &r) && turn_frame(ctx, link + header + sizeof(struct tcphdr)) &&
	       write_reset(ctx, link, family, &r);
}

/* Turn a segment of a flow that is cut off into the RST; the reason says whether it worked. */
__noinline __u32 answer_with_reset(struct xdp_md *ctx, const struct flow *w)
{
	__u32 link;

	if (!w || !may_answer(w) || w->fragment)
		return XLVS_DROP_RESET;
	link = masked(sizeof(struct ethhdr) + 4 * w->tags, 31);	/* two tags at most: 22 */
	if (!(w->family == XLVS_IPV4 ? turn_segment(ctx, link, XLVS_IPV4) : turn_segment(ctx, link, XLVS_IPV6)))
		return XLVS_DROP_RESET;
	return XLVS_ANSWER_RESET;
}

#endif
