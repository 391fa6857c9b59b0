/* SPDX-License-Identifier: GPL-2.0 */
/*
 * leave.h - the end of every walk: a verdict becomes an action. What may not go on is
 * answered where IPVS answers.
 */
#ifndef XLVS_LEAVE_H
#define XLVS_LEAVE_H

#include "reset.h"

#define UNSETTLED (-1)			/* not an action: the short way does not decide this packet */

/* The short way out: what cannot be forwarded as it is starts again, with nothing written. */
static __always_inline int leave_settled(struct frame *f, __u32 real, const int family)
{
	int action = XDP_TX;
	__u32 reason = forward(f, XLVS_FORWARD_CONN, real, family, &action, true);

	if (unlikely(reason == NEXT))
		return UNSETTLED;
	action = finish(f, reason, action);
	if (unlikely(reason != XLVS_FORWARD_CONN))	/* written to already, and then it could not leave */
		count_service(f, &(struct verdict){ .real = real });
	return action;
}

static __always_inline int leave(struct frame *f, const struct flow *w, const struct verdict *v, const int family)
{
	__u32 reason = v->reason;
	int action = XDP_TX;

	if (reason >= XLVS_REASON_FORWARD && reason < XLVS_REASON_DROP)
		reason = forward(f, reason, v->real, family, &action, false);
	if (unlikely(is_answered(reason))) {
		reason = reason == XLVS_DROP_RESET ? answer_with_reset(f->ctx, w) :
			 answer(f->ctx, w, reason, v->real);
		f->data = (void *)(long)f->ctx->data;
		f->end = (void *)(long)f->ctx->data_end;
	}
	return finish(f, reason, action);
}

#endif
