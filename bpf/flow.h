/* SPDX-License-Identifier: GPL-2.0 */
/*
 * flow.h - what is known of a packet while it walks: the frame it came in, the flow
 * it belongs to, and what was decided.
 */
#ifndef XLVS_FLOW_H
#define XLVS_FLOW_H

#include "config.h"

#define NEXT 255			/* not a reason: go on with the next step */

enum tcp_flag {				/* byte 13 of the TCP header */
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_ACK = 0x10,
};

enum sctp_event {			/* ip_vs_proto_sctp.c: what a chunk is to the state machine */
	SCTP_DATA,
	SCTP_INIT,
	SCTP_INIT_ACK,
	SCTP_COOKIE_ECHO,
	SCTP_COOKIE_ACK,
	SCTP_SHUTDOWN,
	SCTP_SHUTDOWN_ACK,
	SCTP_SHUTDOWN_COMPLETE,
	SCTP_ERROR,
	SCTP_ABORT,
	SCTP_EVENTS,
};

/* A frame while it walks: what the link layer said and where the IP header starts. */
struct frame {
	struct xdp_md *ctx;
	void *data, *end;		/* read once: a reloaded pointer has no checked range */
	const struct xlvs_iface *iface;
	__u32 cpu;
	__u32 tags;
	__u32 bytes;			/* of the IP packet */
	__be16 ethertype;
	void *ip;
	__u32 reason;			/* of its end */
	__be32 virtual[4];		/* destination address */
};

/* A packet's identity; for an ICMP error, that of the flow it is about. */
struct flow {
	__be32 client[4];
	__be16 client_port;
	__be16 virtual_port;
	__u16 vip;
	__u8 family;			/* enum xlvs_family */
	__u8 proto;			/* enum xlvs_proto */
	__u8 l4;			/* IPPROTO_* */
	__u8 tcp_flags;
	__u8 fragment;			/* enum fragment */
	__u8 about;			/* enum about */
	__u8 chunk;			/* enum sctp_event of the first chunk */
	__u8 tags;			/* VLAN tags in front of the packet */
	__be32 fragment_id;
	__u32 now;
	__u32 cpu;
	__u32 bytes;			/* of the IP packet */
	struct xlvs_mac src_mac;
};

/* What the packet has to do with the flow. */
enum about {
	ABOUT_OWN,			/* it is one of its packets */
	ABOUT_ICMP,			/* an ICMP error about it */
	ABOUT_IPSEC,			/* AH or ESP: the flow is the client's IKE flow */
};

enum fragment {
	FRAGMENT_NONE,
	FRAGMENT_FIRST,
	FRAGMENT_LATER,
};

/* What became of a packet: a reason, and the real server when it goes to one. */
struct verdict {
	__u32 reason;
	__u32 real;
	__u32 service;			/* service id where one was looked up, else that of the real server */
};

static __always_inline bool is_forwarded(__u32 reason)
{
	return reason >= XLVS_REASON_FORWARD && reason < XLVS_REASON_DROP;
}

/* A way of a connection table: what its data word held when it was read, and where it is. No pointer: see service.h. */
struct found {
	__u64 seen;
	__u32 set;
	__u32 way;
};

/* The identity of a flow's persistence template. */
struct template_key {
	__u64 net[2];
	__u32 vip_port;
	__u32 kind;			/* at its place in xlvs_template.control */
};

/* What a packet's whole story is written on: one for each CPU, because stacks are 512 bytes deep. */
struct desk {
	struct flow flow;
	struct verdict verdict;
	struct found way;
	__u64 hash;
	struct template_key template;
};

#endif
