/* SPDX-License-Identifier: GPL-2.0 */
/*
 * state.h - connection states as IPVS keeps them when only the client's half is
 * seen (DR): net/netfilter/ipvs/ip_vs_proto_tcp.c, input-only table.
 */
#ifndef XLVS_STATE_H
#define XLVS_STATE_H

#include "packet.h"

enum tcp_event {
	EVENT_SYN,
	EVENT_FIN,
	EVENT_ACK,
	EVENT_RST,
	EVENTS = 4,
};

#define NO XLVS_TCP_NONE
#define ES XLVS_TCP_ESTABLISHED
#define SS XLVS_TCP_SYN_SENT
#define SR XLVS_TCP_SYN_RECV
#define FW XLVS_TCP_FIN_WAIT
#define TW XLVS_TCP_TIME_WAIT
#define CL XLVS_TCP_CLOSE
#define CW XLVS_TCP_CLOSE_WAIT
#define LA XLVS_TCP_LAST_ACK
#define LI XLVS_TCP_LISTEN
#define SA XLVS_TCP_SYNACK

/* Row: event; column: state before. 16 columns so that one index reaches a cell. */
static const __u8 tcp_next[EVENTS * 16] = {
	/*	  NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA */
	/* SYN */ SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR, 0, 0, 0, 0, 0,
	/* FIN */ CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW, 0, 0, 0, 0, 0,
	/* ACK */ ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES, 0, 0, 0, 0, 0,
	/* RST */ CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL, 0, 0, 0, 0, 0,
};

#undef NO
#undef ES
#undef SS
#undef SR
#undef FW
#undef TW
#undef CL
#undef CW
#undef LA
#undef LI
#undef SA

/* RST outranks SYN outranks FIN outranks ACK; a segment with none of them closes (IPVS). */
static __always_inline __u32 tcp_step(__u32 state, __u8 flags)
{
	__u32 event;

	if (flags & TCP_RST)
		event = EVENT_RST;
	else if (flags & TCP_SYN)
		event = EVENT_SYN;
	else if (flags & TCP_FIN)
		event = EVENT_FIN;
	else if (flags & TCP_ACK)
		event = EVENT_ACK;
	else
		return XLVS_TCP_CLOSE;
	return tcp_next[masked(event << 4 | (state & 15), EVENTS * 16 - 1)];
}

static __always_inline __u32 state_proto(__u32 state)
{
	return state < XLVS_UDP_NORMAL ? XLVS_TCP : XLVS_UDP;
}

/* Half-open counts as active (IPVS.md section 7). */
static __always_inline bool is_active(__u32 state)
{
	return 1u << (state & 31) & (1u << XLVS_TCP_ESTABLISHED | 1u << XLVS_TCP_SYN_SENT |
				     1u << XLVS_TCP_SYN_RECV | 1u << XLVS_TCP_SYNACK);
}

/* Handshake not finished: what a SYN flood makes. */
static __always_inline bool is_embryonic(__u32 state)
{
	return 1u << (state & 31) & (1u << XLVS_TCP_NONE | 1u << XLVS_TCP_SYN_RECV |
				     1u << XLVS_TCP_SYNACK);
}

#endif
