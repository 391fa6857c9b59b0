// SPDX-License-Identifier: GPL-2.0
/*
 * probe.bpf.c - health checks travel as clients' packets do: what a marked socket
 * sends to a real server leaves for the VIP, with the real server's MAC; what comes
 * back from the VIP comes, for the stack, from the real server. (From an address that
 * is its own the stack would take nothing: a martian.)
 */
#include <linux/pkt_cls.h>
#include "probe_packet.h"
#include "probe_socket.h"

/* Controller's. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, XLVS_PROBE_TARGETS);
	__type(key, __u32);
	__type(value, struct xlvs_probe_target);
} probe_targets SEC(".maps");

/* Controller's: VIPs of the targets. What comes from elsewhere is let through after one look. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, XLVS_PROBE_TARGETS);
	__type(key, struct xlvs_probe_real);
	__type(value, __u32);
} probe_vips SEC(".maps");

/* Written by what leaves, read by what comes back. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct xlvs_probe_flow);
	__type(value, struct xlvs_probe_real);
} probe_flows SEC(".maps");

/* What leaves for a VIP, remembered for what comes back. */
static __always_inline bool remember(struct __sk_buff *skb, const struct packet *p, const __u8 *vip)
{
	struct xlvs_probe_flow flow = {};
	struct xlvs_probe_real *real;

	if (!read_ends(skb, p, true, &flow))
		return false;
	__builtin_memcpy(flow.local, p->source, ADDRESS);
	__builtin_memcpy(flow.vip, vip, ADDRESS);
	real = bpf_map_lookup_elem(&probe_flows, &flow);
	if (!real)
		return !bpf_map_update_elem(&probe_flows, &flow, p->dest, BPF_ANY);
	__builtin_memcpy(real->addr, p->dest, ADDRESS);
	return true;
}

/* The real server of a packet of a probe's flow; false: it is none, or nobody waits for it any more. */
static __always_inline bool find_real(struct __sk_buff *skb, const struct packet *p, bool ours, __u8 *addr)
{
	struct xlvs_probe_flow flow = {};
	struct xlvs_probe_real *real;

	if (!read_ends(skb, p, ours, &flow))
		return false;
	__builtin_memcpy(flow.local, ours ? p->source : p->dest, ADDRESS);
	__builtin_memcpy(flow.vip, ours ? p->dest : p->source, ADDRESS);
	real = bpf_map_lookup_elem(&probe_flows, &flow);
	if (!real)
		return false;
	__builtin_memcpy(addr, real->addr, ADDRESS);
	if (p->l4 == IPPROTO_TCP || p->l4 == IPPROTO_UDP)
		return has_socket(skb, &flow, addr);
	bpf_map_delete_elem(&probe_flows, &flow);
	return true;
}

/* A marked packet that cannot be addressed to its VIP goes nowhere: an answer to it would prove nothing. */
SEC("tc")
int xlvs_probe_out(struct __sk_buff *skb)
{
	__u32 index = skb->mark & ~XLVS_PROBE_MARK_MASK;
	struct xlvs_probe_target *target;
	struct packet p;

	if ((skb->mark & XLVS_PROBE_MARK_MASK) != XLVS_PROBE_MARK)
		return TC_ACT_UNSPEC;
	target = bpf_map_lookup_elem(&probe_targets, &index);
	if (!target || !target->used || !read_packet(skb, ETH_HLEN, skb->protocol, &p) ||
	    p.family != target->family)
		return TC_ACT_SHOT;
	if (p.l4 && !remember(skb, &p, target->vip))
		return TC_ACT_SHOT;
	if (!readdress(skb, &p, p.family == XLVS_IPV4 ? offsetof(struct iphdr, daddr) :
							offsetof(struct ipv6hdr, daddr), p.dest, target->vip))
		return TC_ACT_SHOT;
	skb->mark = 0;
	return TC_ACT_UNSPEC;
}

/* An ICMP error, from the real server or from a router on the way, is about a packet that the stack remembers. */
static __always_inline bool mend_error(struct __sk_buff *skb, const struct packet *error, __u8 *real)
{
	struct packet quoted;

	return read_packet(skb, error->rest + ICMP_HEADER, skb->protocol, &quoted) &&
	       bpf_map_lookup_elem(&probe_vips, quoted.dest) && find_real(skb, &quoted, true, real) &&
	       readdress_quoted(skb, error, &quoted, real);
}

SEC("tc")
int xlvs_probe_in(struct __sk_buff *skb)
{
	__u8 real[ADDRESS] = {};
	bool from_vip, found;
	struct packet p;

	if (!read_packet(skb, ETH_HLEN, skb->protocol, &p))
		return TC_ACT_UNSPEC;
	from_vip = bpf_map_lookup_elem(&probe_vips, p.source);
	if (is_error(skb, &p))
		found = mend_error(skb, &p, real);
	else
		found = from_vip && find_real(skb, &p, false, real);
	if (from_vip && found)
		readdress(skb, &p, p.family == XLVS_IPV4 ? offsetof(struct iphdr, saddr) :
							   offsetof(struct ipv6hdr, saddr), p.source, real);
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "GPL";
