// SPDX-License-Identifier: GPL-2.0
// Plain maps, variables in sections, and programs that use them.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 100);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__uint(value_size, 12);
} table SEC(".maps");

const volatile __u32 verdict = XDP_PASS;
volatile __u64 seen;
volatile __u32 step SEC(".data.settings") = 1;

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = ctx->ingress_ifindex;
	__u64 one = 1, *value = bpf_map_lookup_elem(&counts, &key);

	seen += step;
	if (value)
		*value += 1;
	else
		bpf_map_update_elem(&counts, &key, &one, BPF_ANY);
	return verdict;
}

SEC("xdp")
int drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp")
int grow(struct xdp_md *ctx)
{
	if (bpf_xdp_adjust_head(ctx, -4))
		return XDP_ABORTED;
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	if (data + 4 > end)
		return XDP_ABORTED;
	data[0] = data[1] = data[2] = data[3] = 0xee;
	return XDP_TX;
}

SEC("xdp")
int fill(struct xdp_md *ctx)
{
	__u32 key = 5;
	__u32 *value = bpf_map_lookup_elem(&table, &key);

	if (value)
		value[2] = 77;
	return XDP_PASS;
}

struct sum {
	__u32 a, b, result;
};

SEC("syscall")
int add(struct sum *sum)
{
	sum->result = sum->a + sum->b;
	return 9;
}

char _license[] SEC("license") = "GPL";
