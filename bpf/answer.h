/* SPDX-License-Identifier: GPL-2.0 */
/*
 * answer.h - what IPVS tells the client itself: ICMP port unreachable when no real
 * server is usable, time exceeded, fragmentation needed (RFC 792, RFC 1191, RFC 4443).
 * The packet is turned into the answer in place, from the VIP, and goes back the way
 * it came.
 */
#ifndef XLVS_ANSWER_H
#define XLVS_ANSWER_H

#include "csum.h"
#include "forward.h"
#include "icmp.h"
#include "limit.h"

enum answer_bytes {
	ANSWER4_QUOTES = 576 - 28,	/* RFC 1812 section 4.3.2.3 */
	ANSWER6_QUOTES = 1280 - 48,	/* RFC 4443 section 2.4 (c) */
};

/* RFC 1122 section 3.2.2: never about an ICMP error, a later fragment, or to more than one host. */
static __always_inline bool may_answer(const struct flow *w)
{
	__u32 first = bpf_ntohl(w->client[0]);

	if (w->about == ABOUT_ICMP || w->fragment == FRAGMENT_LATER)
		return false;
	if (w->family == XLVS_IPV6)	/* neither :: nor ::1 */
		return first >> 24 != 0xff && (w->client[0] | w->client[1] | w->client[2] |
					       (w->client[3] & ~bpf_htonl(1)));
	return first >> 24 && first >> 24 != 127 && first >> 28 < 14;
}

/* Type, code and the fourth byte pair of an answer. */
static __always_inline void write_icmp(struct icmp_header *icmp, __u32 reason, __u32 mtu, const int family)
{
	const bool v4 = family == XLVS_IPV4;

	icmp->checksum = 0;
	icmp->code = 0;
	icmp->rest = 0;
	switch (reason) {
	case XLVS_DROP_TTL:
		icmp->type = v4 ? ICMP_TIME_EXCEEDED : 3;
		break;
	case XLVS_DROP_MTU:
		icmp->type = v4 ? ICMP_DEST_UNREACH : 2;
		icmp->code = v4 ? 4 : 0;
		icmp->rest = bpf_htonl(mtu);
		break;
	default:
		icmp->type = v4 ? ICMP_DEST_UNREACH : 1;
		icmp->code = v4 ? 3 : 4;
	}
}

/* Room in front for the answer's headers, nothing behind what it quotes. */
static __always_inline bool make_room(struct xdp_md *ctx, __u32 link, __u32 headers, __u32 quoted)
{
	__u32 length = (void *)(long)ctx->data_end - (void *)(long)ctx->data;

	if (length > link + quoted && bpf_xdp_adjust_tail(ctx, (int)(link + quoted) - (int)length))
		return false;
	return !bpf_xdp_adjust_head(ctx, -(int)headers);
}

/* The link header as it came, source and destination exchanged; VLAN tags stay. */
static __always_inline bool return_link_header(struct xdp_md *ctx, __u32 headers)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	void *old = data + headers;
	__u8 mac[ETH_ALEN];

	if (old + sizeof(struct ethhdr) + 4 * XLVS_MAX_TAGS > end)
		return false;
	__builtin_memcpy(mac, old, ETH_ALEN);
	__builtin_memcpy(data, old + ETH_ALEN, ETH_ALEN);
	__builtin_memcpy(data + ETH_ALEN, mac, ETH_ALEN);
	__builtin_memcpy(data + 12, old + 12, 2 + 4 * XLVS_MAX_TAGS);
	return true;
}

struct answer4 { struct iphdr ip; struct icmp_header icmp; };
struct answer6 { struct ipv6hdr ip; struct icmp_header icmp; };

/* From VIP to client. TOS as icmp_send() does it: the packet's, with precedence internetwork control. */
static __always_inline bool write_answer4(struct xdp_md *ctx, __u32 link, __u32 quotes, __u32 reason, __u32 mtu)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct answer4 *a = data + link;
	struct iphdr *quoted = (void *)(a + 1);
	__u64 sum = 0;

	if ((void *)(quoted + 1) > end)
		return false;
	a->ip.version = 4;
	a->ip.ihl = 5;
	a->ip.tos = (quoted->tos & 0x1e) | 0xc0;
	a->ip.tot_len = bpf_htons(sizeof(*a) + quotes);
	a->ip.id = quoted->id;
	a->ip.frag_off = 0;
	a->ip.ttl = 64;
	a->ip.protocol = IPPROTO_ICMP;
	a->ip.check = 0;
	a->ip.saddr = quoted->daddr;
	a->ip.daddr = quoted->saddr;
	for (__u32 i = 0; i < sizeof(a->ip) / 2; i++)
		sum += ((__u16 *)a)[i];
	a->ip.check = folded(sum);
	write_icmp(&a->icmp, reason, mtu, XLVS_IPV4);
	return true;
}

static __always_inline bool write_answer6(struct xdp_md *ctx, __u32 link, __u32 quotes, __u32 reason, __u32 mtu)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct answer6 *a = data + link;
	struct ipv6hdr *quoted = (void *)(a + 1);

	if ((void *)(quoted + 1) > end)
		return false;
	*(__be32 *)&a->ip = bpf_htonl(6u << 28);
	a->ip.payload_len = bpf_htons(sizeof(a->icmp) + quotes);
	a->ip.nexthdr = IPPROTO_ICMPV6;
	a->ip.hop_limit = 64;
	__builtin_memcpy(&a->ip.saddr, &quoted->daddr, 16);
	__builtin_memcpy(&a->ip.daddr, &quoted->saddr, 16);
	write_icmp(&a->icmp, reason, mtu, XLVS_IPV6);
	return true;
}

/* The ICMP checksum; IPv6 adds a pseudo header (RFC 4443 section 2.3), of which the addresses stand in the frame. */
static __always_inline bool write_checksum(struct xdp_md *ctx, __u32 link, __u32 quotes, const int family)
{
	__u32 start = family == XLVS_IPV4 ? link + sizeof(struct iphdr) : link + offsetof(struct ipv6hdr, saddr);
	__u32 at_icmp = link + (family == XLVS_IPV4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	__u64 sum = sum_from(ctx, start);
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct icmp_header *icmp = data + at_icmp;

	if ((void *)(icmp + 1) > end)
		return false;
	if (family == XLVS_IPV6)
		sum += bpf_htons(sizeof(*icmp) + quotes) + bpf_htons(IPPROTO_ICMPV6);
	icmp->checksum = folded(sum);
	return true;
}

static __always_inline bool build4(struct xdp_md *ctx, __u32 link, __u32 bytes, __u32 reason, __u32 mtu)
{
	__u32 quotes = bytes < ANSWER4_QUOTES ? bytes : ANSWER4_QUOTES;

	return make_room(ctx, link, sizeof(struct answer4), quotes) &&
	       return_link_header(ctx, sizeof(struct answer4)) &&
	       write_answer4(ctx, link, quotes, reason, mtu) && write_checksum(ctx, link, quotes, XLVS_IPV4);
}

static __always_inline bool build6(struct xdp_md *ctx, __u32 link, __u32 bytes, __u32 reason, __u32 mtu)
{
	__u32 quotes = bytes < ANSWER6_QUOTES ? bytes : ANSWER6_QUOTES;

	return make_room(ctx, link, sizeof(struct answer6), quotes) &&
	       return_link_header(ctx, sizeof(struct answer6)) &&
	       write_answer6(ctx, link, quotes, reason, mtu) && write_checksum(ctx, link, quotes, XLVS_IPV6);
}

/* Room of a real server's next hop, for a packet that was too large for it. */
static __always_inline __u32 mtu_towards(__u32 real)
{
	const struct xlvs_real *dest = at(&reals, real);
	const struct xlvs_nexthop *hop = dest ? at(&nexthops, dest->nexthop) : NULL;

	return hop ? hop->mtu : 0;
}

/* Turn a packet that may not go on into the answer; the reason says which, or stays a drop. */
__noinline __u32 answer(struct xdp_md *ctx, const struct flow *w, __u32 reason, __u32 real)
{
	__u32 link, mtu;

	if (!w || !may_answer(w) || !within_limits(w, reason))
		return reason;
	link = masked(sizeof(struct ethhdr) + 4 * w->tags, 31);	/* two tags at most: 22 */
	mtu = reason == XLVS_DROP_MTU ? mtu_towards(real) : 0;
	if (!(w->family == XLVS_IPV4 ? build4(ctx, link, w->bytes, reason, mtu) :
				       build6(ctx, link, w->bytes, reason, mtu)))
		return XLVS_DROP_REWRITE;
	return reason == XLVS_DROP_TTL ? XLVS_ANSWER_TTL :
	       reason == XLVS_DROP_MTU ? XLVS_ANSWER_MTU : XLVS_ANSWER_NO_REAL;
}

static __always_inline bool is_answered(__u32 reason)
{
	return reason == XLVS_DROP_NO_REAL || reason == XLVS_DROP_TTL || reason == XLVS_DROP_MTU ||
	       reason == XLVS_DROP_RESET;
}

#endif
