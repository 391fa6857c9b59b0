// SPDX-License-Identifier: GPL-2.0
// Counts packets and bytes by IPv4 source address, on each CPU without locks.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct source {
	__be32 address;
};

struct traffic {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct source);
	__type(value, struct traffic);
} sources SEC(".maps");

SEC("xdp")
int count(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	struct source source = { .address = ip->saddr };
	struct traffic first = { .packets = 1, .bytes = end - data };
	struct traffic *sum = bpf_map_lookup_elem(&sources, &source);
	if (!sum) {
		bpf_map_update_elem(&sources, &source, &first, BPF_NOEXIST);
		return XDP_PASS;
	}
	sum->packets += 1;
	sum->bytes += end - data;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
