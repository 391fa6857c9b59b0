// SPDX-License-Identifier: GPL-2.0
// Packets by the mark of their socket.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} marks SEC(".maps");

SEC("tc")
int on_mark(struct __sk_buff *skb)
{
	__u32 mark = skb->mark;
	__u64 *count = bpf_map_lookup_elem(&marks, &mark), one = 1;

	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&marks, &mark, &one, BPF_NOEXIST);
	return -1; /* TC_ACT_UNSPEC: whatever comes next decides */
}

char _license[] SEC("license") = "GPL";
