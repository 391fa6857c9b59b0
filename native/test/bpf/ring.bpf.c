// SPDX-License-Identifier: GPL-2.0
// Writes numbered records into a ring, as many as it is told, and counts those that found no room.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

struct order {
	__u32 first;
	__u32 count;
};

struct record {
	__u32 number;
	__u32 tail[3];
};


static long emit_one(__u32 index, void *context)
{
	struct order *order = context;
	struct record record = { .number = order->first + index };
	__u32 key = 0;

	/* records of 4, 8, 12 and 16 bytes in turn */
	switch (record.number & 3) {
	case 0:
		if (!bpf_ringbuf_output(&ring, &record, 4, 0))
			return 0;
		break;
	case 1:
		if (!bpf_ringbuf_output(&ring, &record, 8, 0))
			return 0;
		break;
	case 2:
		if (!bpf_ringbuf_output(&ring, &record, 12, 0))
			return 0;
		break;
	default:
		if (!bpf_ringbuf_output(&ring, &record, 16, 0))
			return 0;
	}
	__u64 *count = bpf_map_lookup_elem(&lost, &key);
	if (count)
		*count += 1;
	return 0;
}

SEC("syscall")
int emit(struct order *order)
{
	struct order copy = *order;

	bpf_loop(copy.count, emit_one, &copy, 0);
	return 0;
}

char _license[] SEC("license") = "GPL";
