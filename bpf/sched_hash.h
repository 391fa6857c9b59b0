/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched_hash.h - schedulers that hash: sh and mh the client, dh the VIP, as
 * net/netfilter/ipvs/ip_vs_{sh,mh,dh}.c do. A slot whose real server is quiesced
 * holds 0; one that is overloaded is found out here.
 */
#ifndef XLVS_SCHED_HASH_H
#define XLVS_SCHED_HASH_H

#include "sched_table.h"

/* An address as IPVS hashes it: IPv4 as a number, of IPv6 the four words folded. */
static __always_inline __u32 fold(const __be32 *addr, __u8 family)
{
	if (family == XLVS_IPV4)
		return bpf_ntohl(addr[0]);
	return bpf_ntohl(addr[0] ^ addr[1] ^ addr[2] ^ addr[3]);
}

/* What sh and mh hash: the client, and with the port flag its port. */
static __always_inline __u32 client_key(const struct xlvs_service *head, const struct flow *w)
{
	__u32 port = masked(bpf_ntohs(w->client_port), 0xffff);

	return fold(w->client, w->family) + (head->flags & XLVS_SERVICE_SCHED2 ? port : 0);
}

/* hash_32() of <linux/hash.h>, top 8 bits. */
static __always_inline __u32 bucket_of(__u32 key)
{
	return key * 0x61c88647u >> 24;
}

static __always_inline __u32 usable_at(__u32 service, __u32 slot)
{
	__u32 real = id_at(service, 2, slot);

	return real && !overloaded(real) ? real : 0;
}

struct probe_pass {
	__u32 service;
	__u32 key;
	__u32 first;			/* slot that was tried before */
	__u32 real;
};

/* sh-fallback: offsets are counted from the first bucket, which is added twice: probing begins at 2h (IPVS). */
static int sh_probe(__u32 i, struct probe_pass *pass)
{
	pass->real = usable_at(pass->service, (2 * pass->first + i) & (XLVS_SH_BUCKETS - 1));
	return pass->real != 0;
}

static __always_inline __u32 pick_source_hash(const struct xlvs_service *head, __u32 service, const struct flow *w)
{
	struct probe_pass pass = { .service = service };

	pass.first = bucket_of(client_key(head, w));
	NOTE(pick, pass.first);
	pass.real = usable_at(service, pass.first);
	if (!pass.real && head->flags & XLVS_SERVICE_SCHED1)
		bpf_loop(XLVS_SH_BUCKETS, sh_probe, &pass, 0);
	return pass.real;
}

static __always_inline __u32 pick_destination_hash(__u32 service, const struct flow *w)
{
	const struct xlvs_vip *vip = at(&vips, w->vip);

	if (!vip)
		return 0;
	NOTE(pick, bucket_of(fold((const __be32 *)vip->addr, w->family)));
	return usable_at(service, bucket_of(fold((const __be32 *)vip->addr, w->family)));
}

#define MH_KEY 2654435761ull		/* both halves of mh's first hash key */

static __always_inline __u64 rotated(__u64 x, const int bits)
{
	return x << bits | x >> (64 - bits);
}

#define SIP_ROUND						\
	v0 += v1; v1 = rotated(v1, 13); v1 ^= v0; v0 = rotated(v0, 32); \
	v2 += v3; v3 = rotated(v3, 16); v3 ^= v2;		\
	v0 += v3; v3 = rotated(v3, 21); v3 ^= v0;		\
	v2 += v1; v1 = rotated(v1, 17); v1 ^= v2; v2 = rotated(v2, 32)

/* SipHash-1-3 of one 32-bit word, lower half of the result: hsiphash_1u32() on 64-bit kernels. */
static __always_inline __u32 sip_of(__u32 word)
{
	__u64 v0 = 0x736f6d6570736575ull ^ MH_KEY, v1 = 0x646f72616e646f6dull ^ MH_KEY;
	__u64 v2 = 0x6c7967656e657261ull ^ MH_KEY, v3 = 0x7465646279746573ull ^ MH_KEY;
	__u64 block = 4ull << 56 | word;

	v3 ^= block;
	SIP_ROUND;
	v0 ^= block;
	v2 ^= 0xff;
	SIP_ROUND;
	SIP_ROUND;
	SIP_ROUND;
	return v0 ^ v1 ^ v2 ^ v3;
}

/* mh-fallback: offsets are counted from the first slot and added to the key, not to the hash (IPVS). */
static int mh_probe(__u32 i, struct probe_pass *pass)
{
	__u32 offset = (i + pass->first) % XLVS_MH_SLOTS;

	pass->real = usable_at(pass->service, sip_of(pass->key + offset) % XLVS_MH_SLOTS);
	return pass->real != 0;
}

static __always_inline __u32 pick_maglev(const struct xlvs_service *head, __u32 service, const struct flow *w)
{
	struct probe_pass pass = { .service = service, .key = client_key(head, w) };

	pass.first = sip_of(pass.key) % XLVS_MH_SLOTS;
	NOTE(pick, pass.first);
	pass.real = usable_at(service, pass.first);
	if (!pass.real && head->flags & XLVS_SERVICE_SCHED1)
		bpf_loop(XLVS_MH_SLOTS, mh_probe, &pass, 0);
	return pass.real;
}

#endif
