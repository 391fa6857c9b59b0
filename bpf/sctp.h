/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sctp.h - the part of an SCTP packet that IPVS looks at (RFC 9260 section 3): the
 * common header and its first chunk. net/netfilter/ipvs/ip_vs_proto_sctp.c.
 */
#ifndef XLVS_SCTP_H
#define XLVS_SCTP_H

#include "flow.h"

struct sctp_chunk {
	__u8 type;
	__u8 flags;
	__be16 length;
};

struct sctp_start {
	__be16 source;
	__be16 dest;
	__be32 tag;
	__be32 checksum;
	struct sctp_chunk chunk;
};

enum sctp_chunk_type {
	CHUNK_ABORT = 6,
	CHUNK_COOKIE_ECHO = 10,
	CHUNK_COOKIE_ACK = 11,
	CHUNK_TYPES = 16,
};

/* By chunk type; SACK, HEARTBEAT, ECN and what is not known count as DATA. */
static const __u8 sctp_events[CHUNK_TYPES] = {
	SCTP_DATA, SCTP_INIT, SCTP_INIT_ACK, SCTP_DATA, SCTP_DATA, SCTP_DATA, SCTP_ABORT,
	SCTP_SHUTDOWN, SCTP_SHUTDOWN_ACK, SCTP_ERROR, SCTP_COOKIE_ECHO, SCTP_COOKIE_ACK,
	SCTP_DATA, SCTP_DATA, SCTP_SHUTDOWN_COMPLETE, SCTP_DATA,
};

/* A COOKIE-ECHO or COOKIE-ACK that an ABORT follows counts as the ABORT. */
static __always_inline bool abort_follows(struct frame *f, void *chunk, __u32 length)
{
	struct sctp_chunk next;
	__u32 offset = chunk - f->data + ((length + 3) & ~3u);

	return length >= sizeof(next) && !bpf_xdp_load_bytes(f->ctx, offset, &next, sizeof(next)) &&
	       next.type == CHUNK_ABORT;
}

static __always_inline __u32 parse_sctp(struct frame *f, struct flow *w, void *l4)
{
	struct sctp_start *sctp = l4;
	__u8 type;

	if ((void *)(sctp + 1) > f->end || l4 + sizeof(*sctp) > f->ip + f->bytes)
		return XLVS_DROP_TRUNCATED;
	w->client_port = sctp->source;
	w->virtual_port = sctp->dest;
	w->proto = XLVS_SCTP;
	type = sctp->chunk.type;
	w->chunk = type < CHUNK_TYPES ? sctp_events[type & (CHUNK_TYPES - 1)] : SCTP_DATA;
	if ((type == CHUNK_COOKIE_ECHO || type == CHUNK_COOKIE_ACK) &&
	    abort_follows(f, &sctp->chunk, masked(bpf_ntohs(sctp->chunk.length), 0xffff)))
		w->chunk = SCTP_ABORT;
	return NEXT;
}

#endif
