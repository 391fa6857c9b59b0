// SPDX-License-Identifier: GPL-2.0
// Writes numbered records into a perf buffer, as many as its packet says.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
} events SEC(".maps");

struct order {
	__u32 first;
	__u32 count;
};

struct run {
	struct xdp_md *context;
	struct order order;
};

static long emit_one(__u32 index, void *data)
{
	struct run *run = data;
	__u32 record[3] = { run->order.first + index, 7, 7 };

	bpf_perf_event_output(run->context, &events, BPF_F_CURRENT_CPU, record, sizeof(record));
	return 0;
}

SEC("xdp")
int emit(struct xdp_md *context)
{
	void *data = (void *)(long)context->data;
	void *end = (void *)(long)context->data_end;
	struct run run = { .context = context };

	if (data + sizeof(run.order) > end)
		return XDP_DROP;
	__builtin_memcpy(&run.order, data, sizeof(run.order));
	bpf_loop(run.order.count, emit_one, &run, 0);
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
