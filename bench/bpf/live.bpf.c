/* SPDX-License-Identifier: GPL-2.0 */
/*
 * live.bpf.c - what `make bench-live` needs around a director: frames made on several CPUs
 * at once, the cheapest things a director can do, and a sink. Every CPU has a lane of
 * its own, so that the rig shares no cache line and contention is the director's.
 */
#include "frame.h"
#include <bpf/bpf_core_read.h>

/* Of the kernel's own, what is read: ns for which a thread was ready and had no CPU. */
struct sched_info {
	unsigned long long run_delay;
} __attribute__((preserve_access_index));

struct task_struct {
	int pid;
	struct sched_info sched_info;
} __attribute__((preserve_access_index));

#define LANES 256
#define BATCH 64

/* By CPU. Two cache lines: processors fetch them in pairs. User space writes all of it before a round. */
struct lane {
	__u64 sent;			/* frames */
	__u32 first;			/* flows first .. first + flows - 1 take turns */
	__u32 flows;
	__u32 ifindex;			/* where frames are sent */
	__be16 port;
	__u16 pad;
	__u32 ready;			/* user space: the round this CPU's sender is ready for */
	__u32 round;
	__u32 packets;			/* whole batches, when a round is timed */
	__u32 together;			/* the round is over when the first CPU has sent its packets */
	__u64 start;			/* of the first frame, ns of bpf_ktime_get_ns */
	__u64 until;			/* end of the last frame of a batch */
	__u64 stopped;			/* frames that ended on this CPU: dropped by the director, */
	__u64 returned;			/* back with MACs swapped, */
	__u64 delivered;		/* or on their way to a real server */
	__u64 delay;			/* the sender's run_delay at the start */
	__u64 waited;			/* what came to it until the last batch */
	__u64 deferred;			/* batches that ended in another thread, which is ksoftirqd */
	int pid;			/* the sender's */
} __attribute__((aligned(128)));

/* The last round that is over: written once a round, by whoever sends its last batch. */
struct over {
	__u32 round;
} __attribute__((aligned(128)));

struct lane lanes[LANES] SEC(".data.lanes");
struct over over SEC(".data.over");
/* What `line` writes: one word that all CPUs want. */
struct wanted {
	__u64 packets;
} __attribute__((aligned(128)));

struct wanted wanted SEC(".data.wanted");
struct addresses addresses SEC(".data.addresses");

static __always_inline struct lane *my_lane(void)
{
	return &lanes[bpf_get_smp_processor_id() & (LANES - 1)];
}

static __always_inline void begin(struct lane *lane)
{
	const struct task_struct *me = (void *)bpf_get_current_task();

	lane->pid = BPF_CORE_READ(me, pid);
	lane->delay = BPF_CORE_READ(me, sched_info.run_delay);
	lane->start = bpf_ktime_get_ns();
}

/* A batch is at its end; so is, as a rule, the soft interrupt that its sender is in. */
static __always_inline void end_batch(struct lane *lane)
{
	const struct task_struct *me = (void *)bpf_get_current_task();

	lane->until = bpf_ktime_get_ns();
	if (BPF_CORE_READ(me, pid) == lane->pid)
		lane->waited = BPF_CORE_READ(me, sched_info.run_delay) - lane->delay;
	else
		lane->deferred++;
}

/* Looked at between batches: no CPU goes on alone when the other has done its share. */
static __always_inline bool is_over(struct lane *lane)
{
	if (lane->sent % BATCH)
		return false;
	if (lane->together && *(volatile __u32 *)&over.round == lane->round)
		return true;
	if (!lane->sent)
		begin(lane);
	if (lane->together && lane->sent + BATCH >= lane->packets)
		*(volatile __u32 *)&over.round = lane->round;
	return false;
}

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct lane *lane = my_lane();
	__u32 flow;

	if (is_over(lane))
		return XDP_DROP;
	flow = lane->first + (__u32)lane->sent++ % lane->flows;
	if (!write_frame(data, end, &addresses, flow, lane->port))
		return XDP_ABORTED;
	return bpf_redirect(lane->ifindex, 0);
}

static __always_inline int end_of(struct lane *lane, __u64 *count)
{
	if (++*count % BATCH == 0)
		end_batch(lane);
	return XDP_DROP;
}

/* On the director that takes nothing: what it costs to get a frame as far as this. */
SEC("xdp")
int stop(struct xdp_md *ctx)
{
	struct lane *lane = my_lane();

	return frame_for(ctx, addresses.vip) ? end_of(lane, &lane->stopped) : XDP_DROP;
}

SEC("xdp")
int swap(struct xdp_md *ctx)
{
	return send_back(ctx);
}

/* The same, and an atomic add to a cache line of all CPUs. */
SEC("xdp")
int line(struct xdp_md *ctx)
{
	__sync_fetch_and_add(&wanted.packets, 1);
	return send_back(ctx);
}

/* On the client: 02:bb:... is a real server's MAC, 02:aa:... the client's own. */
SEC("xdp")
int sink(struct xdp_md *ctx)
{
	const struct ethhdr *eth = frame_for(ctx, addresses.vip);
	struct lane *lane = my_lane();

	if (!eth)
		return XDP_DROP;
	if (eth->h_dest[1] == 0xbb)
		return end_of(lane, &lane->delivered);
	return eth->h_dest[1] == 0xaa ? end_of(lane, &lane->returned) : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
