// SPDX-License-Identifier: GPL-2.0
// Everything a sound object may have that the others have not: kernel configuration, weak kernel symbols, strings,
// variables without initial value, a function of its own.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int LINUX_KERNEL_VERSION __kconfig;
extern const int no_such_symbol __ksym __weak;

static __u64 runs;
int more SEC(".bss.more");
struct {
	__u32 value;
} zero SEC(".data.zero");

static __noinline int version_plus(int number)
{
	return LINUX_KERNEL_VERSION + number;
}

SEC("xdp")
int everything(struct xdp_md *ctx)
{
	char format[] = "run %d of a test";

	runs++;
	more++;
	zero.value++;
	if (runs > 1000000)
		bpf_trace_printk(format, sizeof(format), (int)runs);
	return &no_such_symbol ? 0 : version_plus(0);
}

char _license[] SEC("license") = "GPL";
