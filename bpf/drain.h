/* SPDX-License-Identifier: GPL-2.0 */
/*
 * drain.h - what a real server that is being emptied means for its flows. IPVS knows
 * weight 0 only; a drain goes on from there: what opens a connection never stays, and
 * at its end no flow does.
 */
#ifndef XLVS_DRAIN_H
#define XLVS_DRAIN_H

#include "load.h"

#define REAL_EMPTIES (XLVS_REAL_MOVING | XLVS_REAL_RESET)

/* A client that gives up is told on: its RST goes where the flow went. */
static __always_inline bool gives_up(const struct flow *w)
{
	return w->proto == XLVS_TCP && w->tcp_flags & TCP_RST;
}

/* The drain is over, and the flow is one that is answered with RST. */
static __always_inline bool is_reset(__u32 flags, const struct flow *w)
{
	return flags & XLVS_REAL_RESET && w->proto == XLVS_TCP && w->about == ABOUT_OWN && !opens(w) && !gives_up(w);
}

/* The drain is over, and the flow goes on with another real server. */
static __always_inline bool is_moved(__u32 flags, const struct flow *w)
{
	return flags & REAL_EMPTIES && w->about == ABOUT_OWN && !gives_up(w);
}

/* The packet chooses anew instead of following its flow to this real server. */
static __always_inline bool drain_parts(__u32 flags, const struct flow *w)
{
	return flags & XLVS_REAL_DRAINED && (opens(w) || is_moved(flags, w));
}

#endif
