/* SPDX-License-Identifier: GPL-2.0 */
/*
 * service.h - directories in the arena: address -> VIP id, (VIP, port) -> service.
 * One cache line per look-up; a directory is replaced by one 64-bit store.
 */
#ifndef XLVS_SERVICE_H
#define XLVS_SERVICE_H

#include "maps.h"
#include "packet.h"

static __always_inline __u32 dir_hash(__u32 key)
{
	__u32 h = key * 0x9e3779b1u;

	return h ^ h >> 15;
}

static __always_inline struct xlvs_line *dir_line(const struct xlvs_dir *where, __u32 key)
{
	__u64 both = READ_ONCE(*(const __u64 *)where);	/* line and mask belong together */

	return at(&tables, (__u32)both + (dir_hash(key) & both >> 32));
}

static __always_inline bool is_vip6(__u32 id, const __be32 *addr)
{
	const struct xlvs_vip *vip = at(&vips, id);
	const __u64 *a, *b = (const __u64 *)addr;

	if (!vip)
		return false;
	a = (const __u64 *)vip->addr;
	return a[0] == b[0] && a[1] == b[1];
}

/* The VIP id of an address, 0 when it is none of ours. */
static __always_inline __u32 find_vip(const __be32 *addr, const int family)
{
	__u32 key = family == XLVS_IPV4 ? addr[0] : addr[0] ^ addr[1] ^ addr[2] ^ addr[3];
	const struct xlvs_line *line = dir_line(&settings.vips[family], key);

	if (!line)
		return 0;
	#pragma unroll
	for (int i = 0; i < XLVS_DIR_WAYS; i++) {
		__u64 entry = line->word[i];
		__u32 id = entry >> 32;

		if (!id)
			return 0;
		if ((__u32)entry == key && (family == XLVS_IPV4 || is_vip6(id, addr)))
			return id;
	}
	return 0;
}

/*
 * The line where the service's region starts, 0 when the VIP does not serve this
 * port. Passed on instead of a pointer, so that functions can be verified apart.
 */
static __always_inline __u32 find_service(__u32 proto, __u32 vip, __be16 port)
{
	const struct xlvs_service_ref *ref;
	const struct xlvs_line *line;
	__u32 key = vip << 16 | port;

	if (proto >= XLVS_PROTOS)
		return 0;
	line = dir_line(&settings.services[proto], key);
	if (!line)
		return 0;
	for (int i = 0; i < XLVS_DIR_WAYS; i++) {
		__u64 entry = line->word[i];

		if (!(entry >> 32))
			return 0;
		if ((__u32)entry == key) {
			ref = at(&services, entry >> 32);
			return ref ? READ_ONCE(ref->line) : 0;
		}
	}
	return 0;
}

static __always_inline const struct xlvs_service *service_at(__u32 line)
{
	return at(&tables, line);
}

#endif
