/* SPDX-License-Identifier: GPL-2.0 */
/*
 * maps.h - all maps: who writes, who reads, what evicts.
 *
 * Where max_entries is 1, the controller sets the size before it loads. Arrays are
 * memory-mapped by the controller, so publishing a service or reading every counter
 * costs no system call.
 */
#ifndef XLVS_MAPS_H
#define XLVS_MAPS_H

#include "flow.h"

#define XLVS_ARRAY(name, value_type, entries)			\
	struct {						\
		__uint(type, BPF_MAP_TYPE_ARRAY);		\
		__uint(max_entries, entries);			\
		__uint(map_flags, BPF_F_MMAPABLE);		\
		__type(key, __u32);				\
		__type(value, value_type);			\
	} name SEC(".maps")

/* Written by the controller, read per packet. */
XLVS_ARRAY(ifaces, struct xlvs_iface, 1);
XLVS_ARRAY(vips, struct xlvs_vip, 1);
XLVS_ARRAY(reals, struct xlvs_real, 1);
XLVS_ARRAY(nexthops, struct xlvs_nexthop, 1);

/* Written by the controller (cursors: datapath), read per new connection. */
XLVS_ARRAY(services, struct xlvs_service_ref, 1);
XLVS_ARRAY(tables, struct xlvs_line, 1);

/* Written by the datapath and the sweep; a full set evicts by the rules of conn.h, persist.h. */
XLVS_ARRAY(conns4, struct xlvs_conn4_set, 1);
XLVS_ARRAY(conns6, struct xlvs_conn6_set, 1);
XLVS_ARRAY(templates, struct xlvs_template_set, 1);

/* By real id: connections and templates it has. Atomic adds on state changes only. */
XLVS_ARRAY(loads, struct xlvs_load, 1);
XLVS_ARRAY(persistents, __u32, 1);

/* Counters, CPU-major: each CPU adds to its own rows, the controller sums. */
XLVS_ARRAY(verdicts, struct xlvs_verdict, 1);
XLVS_ARRAY(real_stats, struct xlvs_real_stats, 1);
XLVS_ARRAY(totals, struct xlvs_totals, 1);
XLVS_ARRAY(service_reasons, struct xlvs_service_reasons, 1);
XLVS_ARRAY(latencies, struct xlvs_latency, 1);

/* Controller's own memory, kept with the pins; of it the datapath reads weights only (near.h). */
XLVS_ARRAY(real_info, struct xlvs_real_info, 1);
XLVS_ARRAY(service_info, struct xlvs_service_info, 1);

/* When a flow last found no room, by the top bits of its hash (stamp + 1, 0 = never). */
#define XLVS_OVERFLOW_BITS 16
XLVS_ARRAY(overflow, __u32, 1 << XLVS_OVERFLOW_BITS);

/* First fragments, written and read by the datapath; the kernel evicts the least recently used. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct xlvs_frag_key);
	__type(value, struct xlvs_frag);
} frags SEC(".maps");

/* What lblc and lblcr remember, by service and VIP. A hash that is full remembers nothing new, as IPVS's does. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct xlvs_near_key);
	__type(value, struct xlvs_near);
} near SEC(".maps");

/* What a new element of `near` is made of: too large for the stack, never written. */
XLVS_ARRAY(near_blank, struct xlvs_near, 1);

/* When a handshake began, by the flow's hash: its upper half, and us below (latency.h). A later one writes over it. */
#define XLVS_HANDSHAKE_BITS 15
XLVS_ARRAY(handshakes, __u64, 1 << XLVS_HANDSHAKE_BITS);

/* Rate limit of the director's own answers: element 0 for all, the others by client. */
#define XLVS_TOKEN_BITS 12
XLVS_ARRAY(tokens, struct xlvs_tokens, 1 + (1 << XLVS_TOKEN_BITS));

/* Where the datapath writes while it judges a packet; nothing stays. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct desk);
} desks SEC(".maps");

#ifdef XLVS_REHEARSAL
/* What the rehearsal tells, and where it writes what it may not write elsewhere. */
XLVS_ARRAY(trails, struct xlvs_trail, 1);
XLVS_ARRAY(near_copies, struct xlvs_near, 1);
#endif

/* MACs of other directors; controller writes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, XLVS_MAX_PEERS);
	__type(key, struct xlvs_mac);
	__type(value, __u32);
} peers SEC(".maps");

/* Egress interfaces by ifindex; controller writes. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u32);
} tx_ports SEC(".maps");

/* An element of an array map whose index is in range by construction; NULL only for the verifier. */
static __always_inline void *at(void *map, __u32 index)
{
	return bpf_map_lookup_elem(map, &index);
}

#endif
