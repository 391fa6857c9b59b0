/* SPDX-License-Identifier: GPL-2.0 */
/*
 * connect.h - a packet without a connection: whose it is and whether it may begin one.
 * The slow path, kept out of line so that a known flow's code stays small.
 */
#ifndef XLVS_CONNECT_H
#define XLVS_CONNECT_H

#include "admit.h"


/* Another director sent it: balanced already, do not play ping-pong. */
static __always_inline bool from_peer(const struct flow *w)
{
	struct xlvs_mac mac = w->src_mac;	/* a key on the stack: Linux 6.1 wants it there */

	return !READ_ONCE(settings.alone) && bpf_map_lookup_elem(&peers, &mac);
}

/* Whether a packet without a connection may begin one (IPVS.md section 2). */
static __always_inline bool begins(const struct flow *w, const struct found *room)
{
	if (room->seen && !conn_expired(room->seen, w->now) && is_moved(real_flags(conn_real(room->seen)), w))
		return true;
	if (w->about == ABOUT_ICMP || w->proto == XLVS_UDP)
		return true;
	if (w->proto == XLVS_SCTP)
		return tunable(XLVS_TUNE_SLOPPY_SCTP) ? w->chunk != SCTP_ABORT : w->chunk == SCTP_INIT;
	if (tunable(XLVS_TUNE_SLOPPY_TCP))
		return !(w->tcp_flags & TCP_RST);
	return (w->tcp_flags & (TCP_SYN | TCP_RST)) == TCP_SYN;
}

/* drop_packet: every n-th packet that would be scheduled, the first one included (ip_vs_todrop). */
static __always_inline bool defended(void)
{
	__u32 rate = READ_ONCE(settings.drop_rate);

	if (likely(!rate) || __sync_fetch_and_add(&settings.drop_counter, -1) > 1)
		return false;
	WRITE_ONCE(settings.drop_counter, rate);
	return true;
}

/* What becomes of a packet that finds no usable real server (ip_vs_leave). */
static __always_inline __u32 without_real(const struct xlvs_service *head, const struct flow *w)
{
	if (head->mark && tunable(XLVS_TUNE_CACHE_BYPASS) && w->about != ABOUT_ICMP)
		return XLVS_PASS_BYPASS;
	if (head->port == FTP_PORT && w->virtual_port != FTP_PORT)
		return XLVS_PASS_NO_SERVICE;
	return XLVS_DROP_NO_REAL;
}

/* A service reached by another port than its own has persistence, or nobody to give (IPVS.md section 2). */
static __always_inline bool claims(const struct xlvs_service *head, const struct flow *w)
{
	return head->mark || head->flags & XLVS_SERVICE_PERSISTENT || head->port == w->virtual_port;
}

/* Fills `out`. */
static __always_inline void connect_flow(const struct flow *w, __u64 hash, struct found *room, struct verdict *out)
{
	const struct xlvs_service *head;
	__u32 service;
	bool persistent;

	out->real = 0;
	out->reason = w->about == ABOUT_ICMP ? XLVS_PASS_ICMP_NO_FLOW : XLVS_PASS_NO_SERVICE;
	service = find_service(w->proto, w->vip, w->virtual_port);
	head = service ? service_at(service) : NULL;
	if (!head)
		return;
	persistent = head->flags & XLVS_SERVICE_PERSISTENT;
	if (from_peer(w)) {
		out->reason = XLVS_PASS_PEER;
	} else if (!begins(w, room)) {
		out->reason = XLVS_PASS_NO_CONN;
		if (w->proto == XLVS_TCP)
			resume(service, persistent, w, hash, out);
	} else if (defended()) {
		out->reason = XLVS_DROP_DEFENCE;
	} else if (w->client_port == FTP_DATA_PORT) {
		out->reason = XLVS_PASS_FTP_DATA;
	} else {
		out->reason = XLVS_FORWARD_NEW;
		if (claims(head, w) && head->flags & XLVS_SERVICE_ONE_PACKET && w->proto == XLVS_UDP)
			admit_datagram(service, w, out);
		else if (claims(head, w))
			admit(service, persistent, w, hash, room, out);
	}
	if (is_forwarded(out->reason) && !out->real)
		out->reason = without_real(head, w);
	out->service = head->id;
	NOTE(service, head->id);
	NOTE(line, service);
}

#endif
