// SPDX-License-Identifier: GPL-2.0
// Reports every IPv4 packet through a ring buffer, and counts the reports that found no room in it.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct report {
	__be32 source;
	__u16 length;
	__u8 protocol;
	__u8 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} reports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

SEC("xdp")
int report(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	struct report *report = bpf_ringbuf_reserve(&reports, sizeof(*report), 0);
	if (!report) {
		__u32 key = 0;
		__u64 *count = bpf_map_lookup_elem(&lost, &key);
		if (count)
			*count += 1;
		return XDP_PASS;
	}
	report->source = ip->saddr;
	report->length = end - data;
	report->protocol = ip->protocol;
	report->pad = 0;
	bpf_ringbuf_submit(report, 0);
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
