/* SPDX-License-Identifier: GPL-2.0 */
/*
 * state.h - connection states as IPVS keeps them when only the client's half is
 * seen (DR): the input-only tables of net/netfilter/ipvs/ip_vs_proto_{tcp,sctp}.c.
 */
#ifndef XLVS_STATE_H
#define XLVS_STATE_H

#include "packet.h"

enum tcp_event {
	EVENT_SYN,
	EVENT_FIN,
	EVENT_ACK,
	EVENT_RST,
	EVENT_SYN_SECURED,		/* secure_tcp: SYN goes another way */
	EVENT_ROWS = 8,
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
static const __u8 tcp_next[EVENT_ROWS * 16] = {
	/*	  NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA */
	/* SYN */ SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR, 0, 0, 0, 0, 0,
	/* FIN */ CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW, 0, 0, 0, 0, 0,
	/* ACK */ ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES, 0, 0, 0, 0, 0,
	/* RST */ CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL, 0, 0, 0, 0, 0,
	/* SYN */ SA, ES, ES, SR, SA, SA, SA, SA, SA, SA, SA, 0, 0, 0, 0, 0,
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
		event = READ_ONCE(settings.secure_tcp) ? EVENT_SYN_SECURED : EVENT_SYN;
	else if (flags & TCP_FIN)
		event = EVENT_FIN;
	else if (flags & TCP_ACK)
		event = EVENT_ACK;
	else
		return XLVS_TCP_CLOSE;
	return tcp_next[masked(event << 4 | (state & 15), EVENT_ROWS * 16 - 1)];
}

#define NO 0
#define I1 1
#define IN 2
#define CS 3
#define CR 4
#define CW 5
#define CO 6
#define CE 7
#define ES 8
#define SS 9
#define SR 10
#define SA 11
#define RJ 12
#define CL 13

/* Row: event; column: state before, less XLVS_SCTP_NONE. */
static const __u8 sctp_next[16 * 16] = {
	/*	     NO  I1  IN  CS  CR  CW  CO  CE  ES  SS  SR  SA  RJ  CL */
	/* data   */ ES, I1, IN, CS, CR, ES, CO, CE, ES, SS, SR, SA, RJ, CL, 0, 0,
	/* init   */ I1, IN, IN, IN, IN, IN, CO, CE, ES, SS, SR, SA, IN, IN, 0, 0,
	/* i-ack  */ CE, CE, CE, CE, CE, CE, CO, CE, ES, SS, SR, SA, RJ, CL, 0, 0,
	/* echo   */ ES, ES, ES, ES, ES, ES, CO, CE, ES, SS, SR, SA, RJ, CL, 0, 0,
	/* c-ack  */ ES, I1, IN, ES, ES, CW, ES, ES, ES, SS, SR, SA, RJ, CL, 0, 0,
	/* shut   */ SR, I1, IN, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL, 0, 0,
	/* s-ack  */ CL, IN, IN, CS, CR, CW, CO, CE, CL, CL, SR, CL, RJ, CL, 0, 0,
	/* s-comp */ CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, CL, CL, RJ, CL, 0, 0,
	/* error  */ CL, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL, 0, 0,
	/* abort  */ CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL, 0, 0,
};

#undef NO
#undef I1
#undef IN
#undef CS
#undef CR
#undef CW
#undef CO
#undef CE
#undef ES
#undef SS
#undef SR
#undef SA
#undef RJ
#undef CL

static __always_inline __u32 sctp_step(__u32 state, __u8 event)
{
	return XLVS_SCTP_NONE + sctp_next[masked(event << 4 | (state & 15), 16 * 16 - 1)];
}

static __always_inline __u32 state_proto(__u32 state)
{
	return state < XLVS_UDP_NORMAL ? XLVS_TCP : state < XLVS_SCTP_NONE ? XLVS_UDP : XLVS_SCTP;
}

/* Half-open counts as active (IPVS.md section 7). */
static __always_inline bool is_active(__u32 state)
{
	return 1u << (state & 31) & (1u << XLVS_TCP_ESTABLISHED | 1u << XLVS_TCP_SYN_SENT |
				     1u << XLVS_TCP_SYN_RECV | 1u << XLVS_TCP_SYNACK |
				     1u << XLVS_SCTP_ESTABLISHED);
}

/* Handshake not finished: what a SYN flood makes. */
static __always_inline bool is_embryonic(__u32 state)
{
	return 1u << (state & 31) & (1u << XLVS_TCP_NONE | 1u << XLVS_TCP_SYN_RECV |
				     1u << XLVS_TCP_SYNACK | 1u << XLVS_UDP_BEGUN |
				     1u << XLVS_SCTP_NONE | 1u << XLVS_SCTP_INIT1 | 1u << XLVS_SCTP_INIT);
}

/* TCP whose SYN was seen, and not yet the client's ACK. */
static __always_inline bool is_opening(__u32 state)
{
	return state == XLVS_TCP_SYN_RECV || state == XLVS_TCP_SYNACK;
}

/* A connection that gets there makes its template ASSURED. */
static __always_inline bool assures(__u32 state)
{
	return state == XLVS_TCP_ESTABLISHED || state == XLVS_SCTP_ESTABLISHED;
}

/* The packet opens a connection, whatever else it says (IPVS.md section 2.5). */
static __always_inline bool opens(const struct flow *w)
{
	if (w->about == ABOUT_ICMP)
		return false;
	return w->proto == XLVS_TCP ? w->tcp_flags & TCP_SYN : w->proto == XLVS_SCTP && w->chunk == SCTP_INIT;
}

#endif
