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

/* The service id of an entry of its protocol's directory, 0 when there is none. */
static __always_inline __u32 listed_service(__u32 proto, __u32 vip, __be16 port)
{
	const struct xlvs_line *line = dir_line(&settings.services[proto], vip << 16 | port);

	if (!line)
		return 0;
	for (int i = 0; i < XLVS_DIR_WAYS; i++) {
		__u64 entry = line->word[i];

		if (!(entry >> 32) || (__u32)entry == (vip << 16 | port))
			return entry >> 32;
	}
	return 0;
}

#define MARK_STEPS 21			/* more ranges than any arena holds */

/* Binary search for the last range that begins at `key` or before: in [low, high). */
struct mark_search {
	__u32 key;
	__u32 line;
	__u32 low;
	__u32 high;
};

static __always_inline const struct xlvs_mark_range *mark_range_at(__u32 first_line, __u32 i)
{
	const struct xlvs_line *line = at(&tables, first_line + i / XLVS_MARKS_PER_LINE);

	return line ? (const struct xlvs_mark_range *)line + i % XLVS_MARKS_PER_LINE : NULL;
}

static int mark_step(__u32 i, struct mark_search *search)
{
	__u32 middle = (search->low + search->high) / 2;
	const struct xlvs_mark_range *range;

	if (search->low + 1 >= search->high)
		return 1;
	range = mark_range_at(search->line, middle);
	if (!range)
		return 1;
	if (range->first <= search->key)
		search->low = middle;
	else
		search->high = middle;
	return 0;
}

/* The service of the mark that the packet's address and port carry, 0 when they carry none. */
static __always_inline __u32 marked_service(__u32 proto, __u32 vip, __u32 port)
{
	__u64 table = READ_ONCE(*(const __u64 *)&settings.marks[proto]);
	struct mark_search search = { .key = vip << 16 | port, .line = table, .high = table >> 32 };
	const struct xlvs_mark_range *range;

	if (likely(!search.high))
		return 0;
	bpf_loop(MARK_STEPS, mark_step, &search, 0);
	range = mark_range_at(search.line, search.low);
	return range && range->first <= search.key && search.key <= range->last ? range->service : 0;
}

#define FTP_PORT bpf_htons(21)
#define FTP_DATA_PORT bpf_htons(20)

/* Ports that a passive FTP connection may have (IPVS.md section 3.3). */
static __always_inline bool may_be_ftp(__u32 proto, __be16 port)
{
	return proto == XLVS_TCP && (port == FTP_DATA_PORT ||
	       masked(bpf_ntohs(port), 0xffff) >= tunable(XLVS_TUNE_IP_UNPRIVILEGED_PORT_START));
}

/*
 * The line where the region of the packet's service starts, 0 when the VIP does not
 * serve this port. IPVS's order: mark, exact port, the port-21 service for what may be
 * FTP, port 0. A line instead of a pointer, so that functions can be verified apart.
 */
__noinline __u32 find_service(__u32 proto, __u32 vip, __u32 port)
{
	const struct xlvs_service_ref *ref;
	__u32 id;

	if (proto >= XLVS_PROTOS)
		return 0;
	id = marked_service(proto, vip, bpf_ntohs(port));
	if (!id)
		id = listed_service(proto, vip, port);
	if (!id && may_be_ftp(proto, port))
		id = listed_service(proto, vip, FTP_PORT);
	if (!id)
		id = listed_service(proto, vip, 0);
	ref = id ? at(&services, id) : NULL;
	return ref ? READ_ONCE(ref->line) : 0;
}

static __always_inline const struct xlvs_service *service_at(__u32 line)
{
	return at(&tables, line);
}

#endif
