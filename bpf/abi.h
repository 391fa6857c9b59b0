/* SPDX-License-Identifier: GPL-2.0 */
/*
 * abi.h - every struct, enum and limit that crosses the kernel/user boundary.
 *
 * Nothing else lives here. BTF of abi.bpf.o is turned into src/abi/generated.ts;
 * no struct has hidden padding, no bitfields, no pointers. Packed 64-bit words
 * (connection, template) are described by the *_SHIFT / *_BITS enums below them.
 * Raise XLVS_ABI_VERSION whenever a layout or a meaning changes, and say in
 * src/datapath/migrate/steps.ts how the version before becomes this one: its pinned maps
 * are taken over while they forward. A later version's are refused, never guessed at.
 */
#ifndef XLVS_ABI_H
#define XLVS_ABI_H

#include <linux/types.h>

enum xlvs_abi {
	XLVS_ABI_VERSION = 6,
};

/* Shapes that are part of the layout. Sizes that an operator may choose are in xlvs_config. */
enum xlvs_limit {
	XLVS_LINE_BYTES = 64,		/* one cache line: unit of the arena and of every set */
	XLVS_CONN4_WAYS = 4,
	XLVS_CONN6_WAYS = 4,
	XLVS_TEMPLATE_WAYS = 2,
	XLVS_DIR_WAYS = 8,		/* directory entries in a line */
	XLVS_IDS_PER_LINE = 16,
	XLVS_SHARES_PER_LINE = 8,
	XLVS_SEGMENTS_PER_LINE = 4,
	XLVS_MAX_REALS_PER_SERVICE = 4096,
	XLVS_MAX_TAGS = 2,		/* VLAN tags seen and written */
	XLVS_MAX_EXT_HEADERS = 8,	/* IPv6 extension headers walked, RFC 8200 section 4 */
	XLVS_MARKS_PER_LINE = 4,
	XLVS_SH_BUCKETS = 256,		/* 2^CONFIG_IP_VS_SH_TAB_BITS; dh has as many */
	XLVS_MH_SLOTS = 4093,		/* CONFIG_IP_VS_MH_TAB_INDEX 12 */
	XLVS_NEAR_REALS = 128,		/* lblcr: real servers remembered for one destination */
	XLVS_MAX_PEERS = 64,		/* other directors */
	XLVS_REASONS = 64,		/* rows of xlvs_verdict per interface */
	XLVS_LATENCY_BUCKETS = 14,	/* of handshake times: 250 us * 2^i, and the rest */
	XLVS_TRACE_HEAD = 256,		/* bytes of a frame that a trace keeps at most */
};

enum xlvs_family {
	XLVS_IPV4 = 0,
	XLVS_IPV6 = 1,
};

/* Balanced protocols; index into xlvs_settings.services and .marks. */
enum xlvs_proto {
	XLVS_TCP = 0,
	XLVS_UDP = 1,
	XLVS_SCTP = 2,
	XLVS_PROTOS = 3,
};

enum xlvs_scheduler {
	XLVS_SCHED_NONE = 0,		/* every attempt fails */
	XLVS_SCHED_RR = 1,
	XLVS_SCHED_WRR = 2,
	XLVS_SCHED_WLC = 3,
	XLVS_SCHED_SH = 4,
	XLVS_SCHED_LC = 5,
	XLVS_SCHED_LBLC = 6,
	XLVS_SCHED_LBLCR = 7,
	XLVS_SCHED_DH = 8,
	XLVS_SCHED_SED = 9,
	XLVS_SCHED_NQ = 10,
	XLVS_SCHED_FO = 11,
	XLVS_SCHED_OVF = 12,
	XLVS_SCHED_MH = 13,
	XLVS_SCHED_TWOS = 14,
};

/*
 * Connection states; the number also names the protocol: 0..11 TCP, 12..15 UDP, 16..29 SCTP.
 * TCP numbers are those of the kernel's IP_VS_TCP_S_*, SCTP's of its IP_VS_SCTP_S_* and 16.
 */
enum xlvs_state {
	XLVS_TCP_NONE = 0,
	XLVS_TCP_ESTABLISHED = 1,
	XLVS_TCP_SYN_SENT = 2,
	XLVS_TCP_SYN_RECV = 3,
	XLVS_TCP_FIN_WAIT = 4,
	XLVS_TCP_TIME_WAIT = 5,
	XLVS_TCP_CLOSE = 6,
	XLVS_TCP_CLOSE_WAIT = 7,
	XLVS_TCP_LAST_ACK = 8,
	XLVS_TCP_LISTEN = 9,
	XLVS_TCP_SYNACK = 10,
	XLVS_UDP_NORMAL = 12,
	XLVS_UDP_BEGUN = 13,		/* by an ICMP error (schedule_icmp): 3 s until a datagram comes */
	XLVS_SCTP_NONE = 16,
	XLVS_SCTP_INIT1 = 17,
	XLVS_SCTP_INIT = 18,
	XLVS_SCTP_COOKIE_SENT = 19,
	XLVS_SCTP_COOKIE_REPLIED = 20,
	XLVS_SCTP_COOKIE_WAIT = 21,
	XLVS_SCTP_COOKIE = 22,
	XLVS_SCTP_COOKIE_ECHOED = 23,
	XLVS_SCTP_ESTABLISHED = 24,
	XLVS_SCTP_SHUTDOWN_SENT = 25,
	XLVS_SCTP_SHUTDOWN_RECEIVED = 26,
	XLVS_SCTP_SHUTDOWN_ACK_SENT = 27,
	XLVS_SCTP_REJECTED = 28,
	XLVS_SCTP_CLOSED = 29,
	XLVS_STATES = 32,
};

/*
 * Why a packet ended as it did. The number gives the action:
 * below 32 XDP_PASS, 32..47 forwarded, 48..59 XDP_DROP, 60 and above answered: the
 * director's own ICMP message goes back by XDP_TX.
 * A forwarded packet that leaves by another interface counts in reason + 8.
 */
enum xlvs_reason {
	XLVS_PASS_NOT_IP = 0,		/* ARP, LLDP, ...; more VLAN tags than are read */
	XLVS_PASS_NOT_MY_MAC = 1,	/* destination MAC is not this interface's */
	XLVS_PASS_MALFORMED = 2,	/* lengths lie or headers are cut: the stack judges it */
	XLVS_PASS_NOT_VIP = 3,
	XLVS_PASS_NO_SERVICE = 4,	/* a VIP, but not this port or protocol */
	XLVS_PASS_NO_CONN = 5,		/* TCP without SYN and without a connection */
	XLVS_PASS_PEER = 6,		/* balanced already by another director */
	XLVS_PASS_LOCAL_REAL = 7,	/* the chosen real server is this host */
	XLVS_PASS_ICMP_QUERY = 8,	/* ICMP to a VIP that is not an error about a flow */
	XLVS_PASS_ICMP_NO_FLOW = 9,	/* ICMP error about a flow that is not known */
	XLVS_PASS_FRAGMENT_FIRST_UNSEEN = 10,
	XLVS_PASS_FTP_DATA = 11,	/* client port 20 is never scheduled (IPVS) */
	XLVS_PASS_NOT_ATTACHED = 12,	/* interface unknown to the controller */
	XLVS_PASS_EXT_HEADERS = 13,	/* more IPv6 extension headers than are walked */
	XLVS_PASS_BYPASS = 14,		/* mark service without a usable real server, cache_bypass on */

	XLVS_FORWARD_CONN = 32,		/* known connection */
	XLVS_FORWARD_NEW = 33,		/* scheduled now */
	XLVS_FORWARD_TEMPLATE = 34,	/* new connection, real server from persistence */
	XLVS_FORWARD_UNSTORED = 35,	/* table full here: real server by hash of the flow */
	XLVS_FORWARD_FRAGMENT = 36,	/* later fragment, follows the first */
	XLVS_FORWARD_ICMP = 37,		/* ICMP error about a known flow */
	XLVS_FORWARD_ONE_PACKET = 38,	/* a datagram of a one-packet service: scheduled, not remembered */
	XLVS_FORWARD_IPSEC = 39,	/* AH or ESP, by the client's IKE flow (UDP 500) */
	XLVS_FORWARD_END = 40,
	XLVS_FORWARD_REDIRECTED = 8,	/* added when it leaves by another interface */

	XLVS_DROP_NO_REAL = 48,		/* no usable real server, and no answer within the rate limit */
	XLVS_DROP_REAL_GONE = 49,	/* connection of a removed real server (IPVS: silent) */
	XLVS_DROP_TTL = 50,		/* TTL or hop limit spent, and no answer within the rate limit */
	XLVS_DROP_TRUNCATED = 51,	/* transport header of a VIP's packet is cut */
	XLVS_DROP_NEXTHOP = 52,		/* next hop not resolved: the client's retry will find it */
	XLVS_DROP_REWRITE = 53,		/* no room to change the VLAN tags */
	XLVS_DROP_PORT_DOWN = 54,	/* egress interface is not in the devmap */
	XLVS_DROP_MTU = 55,		/* larger than the next hop takes, and no answer within the rate limit */
	XLVS_DROP_DEFENCE = 56,		/* drop_packet: every n-th that would be scheduled */
	XLVS_DROP_ICMP_FRAGMENT = 57,	/* an ICMPv6 error that is itself a fragment (IPVS) */
	XLVS_DROP_RESET = 58,		/* the drain of its real server is over, and it could not be answered */

	XLVS_ANSWER_NO_REAL = 60,	/* ICMP port unreachable (3/3, 1/4) */
	XLVS_ANSWER_TTL = 61,		/* time exceeded (11/0, 3/0) */
	XLVS_ANSWER_MTU = 62,		/* fragmentation needed (3/4), packet too big (2/0) */
	XLVS_ANSWER_RESET = 63,		/* TCP RST: the drain of its real server is over */
};

enum xlvs_reason_class {
	XLVS_REASON_FORWARD = 32,
	XLVS_REASON_DROP = 48,
	XLVS_REASON_ANSWER = 60,
};

/* ---- the arena: services, schedulers' tables and directories, made of lines ---- */

/* Written by user space only (cursors: datapath). A region is immutable once published. */
struct xlvs_line {
	__u64 word[8];
};

/*
 * A directory: `mask + 1` lines (a power of two) from `line`. Replaced by one
 * 64-bit store. Home line of a key: see dir_hash() in service.h.
 * line 0 = empty directory.
 */
struct xlvs_dir {
	__u32 line;
	__u32 mask;
};

/* key: IPv4 address as in the packet; IPv6: fold of the address; service: vip << 16 | port as in the packet. */
struct xlvs_dir_entry {
	__u32 key;
	__u32 value;			/* VIP id or service id; 0 ends the line */
};

/* The numbers of IP_VS_SVC_F_*, and one of our own. */
enum xlvs_service_flag {
	XLVS_SERVICE_PERSISTENT = 0x01,
	XLVS_SERVICE_ONE_PACKET = 0x04,
	XLVS_SERVICE_SCHED1 = 0x08,	/* sh-fallback, mh-fallback */
	XLVS_SERVICE_SCHED2 = 0x10,	/* sh-port, mh-port */
	XLVS_SERVICE_SCHED3 = 0x20,
	XLVS_SERVICE_UNLIMITED = 0x80,	/* none of its real servers has connection thresholds */
};

/* First line of a service's region. Line + 1 is its cursor, line + 2 on what the scheduler needs. */
struct xlvs_service {
	__u32 id;
	__u32 lines;			/* of the whole region */
	__u16 vip;			/* 0: the service of a mark */
	__be16 port;			/* 0: every port of the VIP that no other service claims */
	__u8 proto;			/* enum xlvs_proto; a mark's service: TCP, as in IPVS's API */
	__u8 scheduler;			/* enum xlvs_scheduler */
	__u8 family;			/* enum xlvs_family */
	__u8 flags;			/* enum xlvs_service_flag */
	__u32 count;			/* entries: ids (sh, dh, mh), segments (rr, wrr), shares (all others) */
	__u32 ids;			/* rr, wrr: line of the first id, relative to the region */
	__u32 persist_seconds;
	__u32 mark;			/* 0: the service of an address */
	__u64 period;			/* rr, wrr: picks until the sequence repeats */
	__be32 persist_mask[4];		/* network part of the client's address */
	__u32 generation;		/* of the configuration that wrote it */
	__u32 epoch;			/* new with every scheduler: what lblc, lblcr remember of an older one is void */
};

/* Second line: the only part of a region that the datapath writes. */
struct xlvs_cursor {
	__u64 next;			/* rr, wrr: index of the next pick, not yet reduced mod period */
	__u64 start;			/* value of `next` when the region was published */
	__u32 position;			/* rr: real server last picked before publication, 0 = head of list */
	__u32 current_weight;		/* wrr: cw at publication */
	__u32 max_weight;		/* wrr: mw */
	__u32 step;			/* wrr: di */
	__u64 pad[4];
};

/* rr, wrr: picks [previous segment's until, until) go round the `count` ids from `first`. */
struct xlvs_segment {
	__u64 until;
	__u32 first;
	__u32 count;
};

/*
 * lc, wlc, sed, nq, lblc, lblcr, twos: in list order; fo, ovf: heaviest first, equal
 * ones in list order. Weight > 0 only.
 */
struct xlvs_share {
	__u32 real;
	__u32 weight;
};

/*
 * Marks of one protocol, sorted, without overlaps; only ranges whose mark has a
 * service. Reached by xlvs_settings.marks: `line`, and in `mask` their number.
 */
struct xlvs_mark_range {
	__u32 first;			/* VIP id << 16 | port in host order, both included */
	__u32 last;
	__u32 service;			/* service id */
	__u32 mark;
};

/* ---- plain arrays ---- */

struct xlvs_vip {			/* index: VIP id, 0 unused */
	__u8 addr[16];			/* IPv4: first four bytes */
	__u8 family;			/* enum xlvs_family */
	__u8 used;
	__u8 pad[6];
};

struct xlvs_service_ref {		/* index: service id, 0 unused */
	__u32 line;			/* current region, 0 = none; one store swaps the service */
	__u32 pad;
};

enum xlvs_real_flag {
	XLVS_REAL_AVAILABLE = 1,	/* linked into its service; without: connections are dropped */
	XLVS_REAL_OVERLOADED = 2,	/* connection thresholds; written by the datapath and the controller, atomically */
	XLVS_REAL_QUIESCED = 4,		/* weight 0 */
	XLVS_REAL_DRAINED = 8,		/* quiesced for good: what opens a connection chooses anew, templates are void */
	XLVS_REAL_MOVING = 16,		/* its drain is over: every flow of it chooses anew */
	XLVS_REAL_RESET = 32,		/* its drain is over: TCP flows of it are answered with RST, others choose anew */
};

struct xlvs_real {			/* index: real id, 0 unused */
	__u32 nexthop;			/* index into nexthops, 0 = unresolved */
	__u32 flags;			/* enum xlvs_real_flag */
	__u32 upper;			/* connections at which it is overloaded, 0 = never */
	__u32 lower;			/* connections below which it is not any more, 0 = upper - upper / 4 */
};

/* Cold twin of xlvs_real: what a restarted controller needs. The datapath reads the weight only (lblc, lblcr). */
struct xlvs_real_info {
	__u8 addr[16];
	__u32 service;			/* service id; kept while in the trash */
	__be16 port;			/* mark services: as configured; else the service's */
	__u8 family;
	__u8 used;			/* 0 free, 1 in its service, 2 trash */
	__u32 weight;
	__u32 last_weight;		/* latest weight that was not 0 */
	__u64 order;			/* larger = nearer the head of the list */
	__u64 trash_since;		/* CLOCK_BOOTTIME seconds when first seen unreferenced, 0 = not */
	__u64 pad[2];
};

/* Cold twin of a service: totals of real servers that are gone, so that counters never go back. */
struct xlvs_service_info {
	__u64 packets;
	__u64 bytes;
	__u64 connections;
	__u64 pad;
};

/*
 * Connections in their real server, one 64-bit word so that a state change is one
 * atomic add: active in the upper half, inactive in the lower.
 */
struct xlvs_load {
	__u32 inactive;
	__u32 active;
};

enum xlvs_nexthop_kind {
	XLVS_NEXTHOP_UNRESOLVED = 0,
	XLVS_NEXTHOP_ETHERNET = 1,
	XLVS_NEXTHOP_LOCAL = 2,		/* this host: XDP_PASS */
};

/* Immutable once a real points at it: a change is a new slot and one store into xlvs_real. */
struct xlvs_nexthop {			/* index: next hop id, 0 = unresolved */
	__u8 dst_mac[6];
	__u8 src_mac[6];
	__u32 ifindex;			/* egress, the device XDP is attached to */
	__u8 kind;			/* enum xlvs_nexthop_kind */
	__u8 tags;			/* VLAN tags to write: 0..2 */
	__u16 pad;
	__be16 tpid[2];			/* outermost first: 0x8100, 0x88a8 */
	__be16 tci[2];
	__u32 mtu;			/* IP bytes, 0 = unknown */
};

struct xlvs_iface {			/* index: ifindex */
	__u8 mac[6];
	__u8 attached;
	__u8 merged;			/* generic mode: frames may be larger than any MTU (GRO) */
	__u32 slot;			/* row block in verdicts, 0.. */
	__u32 pad2;
};

/* Counters. All laid out CPU-major: index = cpu * rows + row; only that CPU writes. */
struct xlvs_verdict {			/* row: iface slot * XLVS_REASONS + reason */
	__u64 packets;
	__u64 bytes;
};

struct xlvs_real_stats {		/* row: real id */
	__u64 packets;
	__u64 bytes;			/* IP length, no link header (IPVS) */
	__u64 connections;
	__u32 retries;			/* SYNs that came again while their connection was half-open */
	__u32 handshakes;		/* half-open connections that the client acknowledged */
};

/*
 * Packets of a service by enum xlvs_reason, whatever interface they leave by. What is forwarded
 * as a settled flow (FORWARD_CONN) is not counted here: its real servers count it.
 */
struct xlvs_service_reasons {		/* row: service id */
	__u64 packets[64];
};

/* Handshake times of a real server: a client's first SYN to its first ACK (latency.h). */
struct xlvs_latency {			/* row: real id */
	__u64 sum;			/* us */
	__u32 bucket[14];
};

struct xlvs_totals {			/* one row per CPU */
	__u64 conns_created;
	__u64 conns_expired;
	__u64 conns_evicted;		/* live ones that made room */
	__u64 conns_unstored;		/* new flows that found no room */
	__u64 templates_created;
	__u64 templates_expired;
	__u64 templates_evicted;
	__u64 templates_unstored;
};

/* ---- connections ---- */

/*
 * data word of a connection, low to high: stamp, state, controlled, real, vip.
 * 0 = empty; vip 0 but not 0 = being written. A change of state or stamp is one
 * compare-and-swap of this word, and only its winner moves the load counters.
 */
enum xlvs_conn_bits {
	XLVS_CONN_STAMP_SHIFT = 0,	/* ticks, modulo 2^24 */
	XLVS_CONN_STAMP_BITS = 24,
	XLVS_CONN_STATE_SHIFT = 24,	/* enum xlvs_state */
	XLVS_CONN_STATE_BITS = 5,
	XLVS_CONN_CONTROLLED_SHIFT = 29, /* made through a persistence template */
	XLVS_CONN_CONTROLLED_BITS = 1,
	XLVS_CONN_REAL_SHIFT = 30,
	XLVS_CONN_REAL_BITS = 18,
	XLVS_CONN_VIP_SHIFT = 48,
	XLVS_CONN_VIP_BITS = 16,
};

struct xlvs_conn4 {
	__be32 client;
	__be16 client_port;
	__be16 virtual_port;
	__u64 data;
};

struct xlvs_conn6 {
	__be32 client[4];
	__be16 client_port;
	__be16 virtual_port;
	__u32 pad;
	__u64 data;
};

struct xlvs_conn4_set {			/* index: set */
	struct xlvs_conn4 way[4];
};

struct xlvs_conn6_set {
	struct xlvs_conn6 way[4];		/* two adjacent lines, filled from the first */
};

/* data word of a template, low to high: stamp, timeout, real. 0 = empty; real 0 but not 0 = being written. */
enum xlvs_template_bits {
	XLVS_TEMPLATE_STAMP_SHIFT = 0,
	XLVS_TEMPLATE_STAMP_BITS = 24,
	XLVS_TEMPLATE_TIMEOUT_SHIFT = 24, /* seconds */
	XLVS_TEMPLATE_TIMEOUT_BITS = 22,
	XLVS_TEMPLATE_REAL_SHIFT = 46,
	XLVS_TEMPLATE_REAL_BITS = 18,
};

enum xlvs_template_control {
	XLVS_TEMPLATE_ASSURED = 0x80000000u, /* one of its connections was ESTABLISHED */
	XLVS_TEMPLATE_NEEDED = 0x40000000u, /* a connection that it controls was met since the last sweep */
	XLVS_TEMPLATE_KIND_SHIFT = 27,	/* 3 bits, enum xlvs_template_kind: part of the key */
	XLVS_TEMPLATE_KIND_BITS = 3,
	XLVS_TEMPLATE_DISABLED = 0x04000000, /* found by its own connections only; another took its place */
	XLVS_TEMPLATE_COUNT_MASK = 0x03ffffff, /* connections it controls */
};

/* Of one protocol, by its number, or of a mark. */
enum xlvs_template_kind {
	XLVS_TEMPLATE_MARK4 = 3,
	XLVS_TEMPLATE_MARK6 = 4,
};

struct xlvs_template {
	__be32 net[4];			/* client address AND mask; IPv4: first word */
	__u16 vip;			/* of a mark: its lower half */
	__be16 virtual_port;		/* 0: any; of a mark: its upper half */
	__u32 control;			/* enum xlvs_template_control */
	__u64 data;
};

struct xlvs_template_set {
	struct xlvs_template way[2];
};

/* First fragments, so that later ones follow (LRU hash). */
struct xlvs_frag_key {
	__be32 src[4];
	__be32 id;			/* IPv4: 16 bits */
	__u16 vip;
	__u8 proto;			/* IPPROTO_* */
	__u8 pad;
};

struct xlvs_frag {
	__u32 real;
	__u32 stamp;			/* ticks */
};

/* lblc, lblcr: real servers near a destination (hash). */
struct xlvs_near_key {
	__u32 service;			/* service id */
	__u32 vip;			/* VIP id */
};

struct xlvs_near {
	__u32 epoch;			/* xlvs_service.epoch */
	__u32 used;			/* ticks: last look-up */
	__u32 changed;			/* ticks: last change of the set */
	__u32 count;			/* places in use, the newest last */
	__u32 members;			/* of them not 0 */
	__u32 pad;
	__u32 real[128];		/* real ids, 0 = taken away; lblc: the first only */
};

/* What is left of the director's own ICMP messages: element 0 for all, the others by client. */
struct xlvs_tokens {
	__u32 stamp;			/* ticks; top bit: in use */
	__u32 left;			/* for all 1/256 of an answer, of a client 1/16 ms */
};

struct xlvs_mac {			/* key of peers */
	__u8 addr[6];
	__u8 pad[2];
};

/* ---- configuration ---- */

/* Fixed for the life of a loaded program (read-only data). */
struct xlvs_config {
	__u64 seed;			/* secret of the flow hash; equal to xlvs_settings.seed */
	__u32 conn4_sets;
	__u32 conn6_sets;
	__u32 template_sets;
	__u32 cpus;			/* possible CPUs */
	__u32 real_rows;		/* rows per CPU in real_stats: max real id + 1 */
	__u32 verdict_rows;		/* rows per CPU in verdicts */
	__u32 manual_clock;		/* 1: time is xlvs_settings.clock (tests) */
	__u32 jiffy_ns;			/* 10^9 / HZ of the running kernel */
	__u32 service_rows;		/* rows per CPU in service_reasons: max service id + 1 */
	__u32 pad;
};

/*
 * net.ipv4.vs.* and what else the kernel lets one tune, under its names: those that
 * the datapath reads or the controller must remember.
 */
enum xlvs_tunable {
	XLVS_TUNE_AM_DROPRATE = 0,
	XLVS_TUNE_AMEMTHRESH = 1,
	XLVS_TUNE_CACHE_BYPASS = 2,
	XLVS_TUNE_CONN_REUSE_MODE = 3,
	XLVS_TUNE_DROP_ENTRY = 4,
	XLVS_TUNE_DROP_PACKET = 5,
	XLVS_TUNE_EXPIRE_NODEST_CONN = 6,
	XLVS_TUNE_EXPIRE_QUIESCENT_TEMPLATE = 7,
	XLVS_TUNE_LBLC_EXPIRATION = 8,	/* s */
	XLVS_TUNE_LBLCR_EXPIRATION = 9,	/* s */
	XLVS_TUNE_RUN_ESTIMATION = 10,
	XLVS_TUNE_SCHEDULE_ICMP = 11,
	XLVS_TUNE_SECURE_TCP = 12,
	XLVS_TUNE_SLOPPY_SCTP = 13,
	XLVS_TUNE_SLOPPY_TCP = 14,
	XLVS_TUNE_IP_UNPRIVILEGED_PORT_START = 15,
	XLVS_TUNE_ICMP_RATELIMIT = 16,	/* ms between answers to one client, 0 = no limit */
	XLVS_TUNE_ICMP_MSGS_PER_SEC = 17, /* answers to all clients, 0 = no limit */
	XLVS_TUNE_ICMP_MSGS_BURST = 18,
	XLVS_TUNE_HANDSHAKE_SAMPLE = 19, /* of new TCP connections one in 2^n is timed */
	XLVS_TUNABLES = 32,
};

/* Changes while packets flow; one instance, pinned, memory-mapped by the controller. */
struct xlvs_settings {
	__u32 abi;			/* XLVS_ABI_VERSION */
	__u32 clock;			/* ticks, when xlvs_config.manual_clock */
	__u64 seed;
	struct xlvs_dir vips[2];	/* by enum xlvs_family */
	struct xlvs_dir services[3];	/* by enum xlvs_proto */
	__u32 timeout[32];		/* ticks, by enum xlvs_state; kernel's defaults from the controller */
	struct xlvs_dir marks[3];	/* by enum xlvs_proto; see xlvs_mark_range */
	__u32 tunable[32];		/* by enum xlvs_tunable, in the kernel's units */
	__u32 fragment_timeout;		/* ticks */
	__u32 next_order;		/* controller's: source of xlvs_real_info.order */
	__u32 secure_tcp;		/* controller's verdict: the defence tables are in force */
	__u32 drop_rate;		/* controller's verdict: drop every n-th, 0 = none */
	__u32 next_epoch;		/* controller's: source of xlvs_service.epoch */
	__u32 trace;			/* controller's: 1 while somebody traces (trace.h) */
	__u32 alone;			/* controller's: 1 while the map of peers is empty */
	__u32 pad[5];
	__s32 drop_counter;		/* datapath's, in a line that nobody else reads: until the next one is dropped */
	__u32 pad2[15];
};

/*
 * A tick is 2^28 ns of jiffies: 0.268 s; 24 bits of them are 52 days. Jiffies, because
 * reading them is a load; every other clock is a call (docs/decisions/0002-jiffies.md).
 */
enum xlvs_clock {
	XLVS_TICK_SHIFT = 28,
	XLVS_TICK_MASK = 0xffffff,
};

enum xlvs_table {
	XLVS_TABLE_CONN4 = 0,
	XLVS_TABLE_CONN6 = 1,
	XLVS_TABLE_TEMPLATE = 2,
};

/* Argument and answer of the sweep program (BPF_PROG_TYPE_SYSCALL context). */
struct xlvs_sweep {
	__u32 table;			/* in: enum xlvs_table */
	__u32 first;			/* in: set */
	__u32 count;			/* in: sets */
	__u32 defend;			/* in: 1 = drop_entry: what is half-open or an idle template goes */
	__u32 now;			/* out: ticks */
	__u32 live;			/* out: ways in use after the sweep */
	__u32 freed;			/* out */
};

/* Answer of the clock program (BPF_PROG_TYPE_SYSCALL context): tells HZ, and the tick of a moment. */
struct xlvs_now {
	__u64 jiffies;
	__u64 monotonic_ns;
};

/* ---- traces: packets that an operator looks at (trace.h) ---- */

enum xlvs_trace_has {			/* criteria of a filter; absent: whatever it is */
	XLVS_TRACE_HAS_FAMILY = 1,
	XLVS_TRACE_HAS_VIP = 2,
	XLVS_TRACE_HAS_L4 = 4,
	XLVS_TRACE_HAS_CLIENT_PORT = 8,
	XLVS_TRACE_HAS_PORT = 16,
	XLVS_TRACE_HAS_REAL = 32,
};

/* One element, memory-mapped. Written while settings.trace is 0, but for `until`. */
struct xlvs_trace_filter {
	__u64 until;			/* CLOCK_MONOTONIC ns: nothing is recorded later, whoever forgot to end it */
	__u64 reasons;			/* bit: enum xlvs_reason */
	__be32 client[4];		/* network; bits outside of the mask are 0 */
	__be32 client_mask[4];
	__be32 vip[4];
	__u8 real[16];			/* address of the real server */
	__be16 client_port;
	__be16 port;			/* virtual port */
	__u32 has;			/* enum xlvs_trace_has */
	__u32 ifindex;			/* 0: any */
	__u32 service;			/* service id, 0: any */
	__u32 sample;			/* one of so many that match but for reason, real and service; 0, 1: each */
	__u32 per_second;		/* records at most, 0: no limit */
	__u32 head;			/* bytes of the frame, XLVS_TRACE_HEAD at most */
	__u8 family;			/* enum xlvs_family */
	__u8 l4;			/* IPPROTO_* */
	__u8 flags_mask;		/* TCP: (flags & mask) == value */
	__u8 flags_value;
	/* The datapath's. */
	__u64 second;			/* that `recorded_in_it` is of */
	__u32 recorded_in_it;
	__u32 drawn;			/* packets that sampling has seen */
	__u64 recorded;
	__u64 limited;			/* more than per_second */
	__u64 lost;			/* the ring buffer was full */
};

/* What the ring buffer `trace_log` holds; `head_bytes` of `head`. */
struct xlvs_trace_record {
	__u64 at;			/* CLOCK_MONOTONIC ns */
	__u32 ifindex;
	__u32 length;			/* of the frame as it arrived */
	__u32 service;			/* service id, 0: none */
	__u32 real;			/* real id, 0: none */
	__u16 cpu;
	__u16 head_bytes;
	__u8 reason;			/* enum xlvs_reason; forwarded by another interface: as by the same */
	__u8 action;			/* enum xdp_action */
	__u8 pad[2];
	__u8 head[256];			/* of the frame as it arrived */
};

/* ---- rehearsals: the same program without effects tells its way (effects.h, rehearse.bpf.c) ---- */

enum xlvs_trail_template {
	XLVS_TRAIL_TEMPLATE_NONE = 0,
	XLVS_TRAIL_TEMPLATE_USED = 1,
	XLVS_TRAIL_TEMPLATE_OVER = 2,	/* its time has passed, and nothing it controls holds it */
	XLVS_TRAIL_TEMPLATE_INVALID = 3, /* its real server takes nothing any more */
};

struct xlvs_trail {			/* one element; zeroed by the controller before each run */
	__u64 conn;			/* data word of the way that holds the flow, 0: none */
	__u64 hash;			/* of the flow */
	__u64 template;			/* data word of the template that was found, 0: none */
	__u64 pick;			/* rr, wrr: index of the pick; sh, dh, mh: slot; as first looked at */
	__u32 now;			/* ticks */
	__u32 service;			/* service id */
	__u32 line;			/* of its region */
	__u32 scheduled;		/* real id that the scheduler chose, 0: none */
	__u32 template_found;		/* enum xlvs_trail_template */
	__u32 real;			/* real id that the packet was meant for */
	__u32 nexthop;			/* index into nexthops; only where it came to be sent */
	__u32 reason;			/* enum xlvs_reason */
	__u32 client[4];
	__be16 client_port;
	__be16 virtual_port;
	__u16 vip;
	__u8 family;
	__u8 proto;			/* enum xlvs_proto */
	__u8 l4;
	__u8 tcp_flags;
	__u8 fragment;			/* 0 no, 1 first, 2 later */
	__u8 about;			/* 0 its own, 1 ICMP error about it, 2 IPsec */
	__u8 expired;			/* the connection's time has passed */
	__u8 gives_way;			/* the packet chooses anew instead of following its connection */
	__u8 by_hash;			/* scheduled by hash of the flow: there was or is no room */
	__u8 stored;			/* a new connection would stand in the table */
	__u8 asked;			/* the scheduler was asked */
	__u8 read;			/* it was read as a packet for a VIP */
	__u8 tags;			/* VLAN tags it arrived with */
	__u8 near;			/* lblc, lblcr: the real server remembered for the destination */
	__u8 pad[4];
};

/* ---- probes: health checks that travel as clients' packets do (probe.bpf.c) ---- */

/* Mark of a probe's socket: these upper bits, and its target's index below. */
enum xlvs_probe_mark {
	XLVS_PROBE_MARK = 0x584c0000,
	XLVS_PROBE_MARK_MASK = 0xffff0000u,
	XLVS_PROBE_TARGETS = 65536,
};

/* Where the probes of one real server are addressed to instead of its own address. */
struct xlvs_probe_target {		/* index: target */
	__u8 vip[16];			/* IPv4: first four bytes */
	__u8 family;			/* enum xlvs_family */
	__u8 used;
	__u8 pad[2];
};

/* What comes back from a VIP belongs to the probe that went there (LRU hash). */
struct xlvs_probe_flow {
	__u8 local[16];
	__u8 vip[16];
	__be16 local_port;		/* ICMP: identifier */
	__be16 remote_port;		/* ICMP: 0 */
	__u8 l4;			/* IPPROTO_* */
	__u8 family;			/* enum xlvs_family */
	__u8 pad[2];
};

struct xlvs_probe_real {
	__u8 addr[16];
};

#endif
