/* SPDX-License-Identifier: GPL-2.0 */
/*
 * leave.h - the end of every walk: a verdict becomes an action. What may not go on is
 * answered where IPVS answers.
 */
#ifndef XLVS_LEAVE_H
#define XLVS_LEAVE_H

#include "reset.h"

#define UNSETTLED (-1)			/* not an action: the short way does not decide this packet */

/* The short way out: what cannot be forwarded as it is goes the long one, with nothing written. */
static __always_inline int leave_short(struct frame *f, const struct verdict *v, const int family)
{
	int action = XDP_TX;
	__u32 reason = forward(f, v->reason, v->real, family, &action, true);

	if (unlikely(reason == NEXT))
		return UNSETTLED;
	action = finish(f, reason, action);
	if (v->reason != XLVS_FORWARD_CONN || unlikely(reason != XLVS_FORWARD_CONN))
		count_service(f->cpu, reason, v->real, v->service);
	return action;
}

static __always_inline int leave(struct frame *f, const struct flow *w, const struct verdict *v, const int family)
{
	__u32 reason = v->reason;
	int action = XDP_TX;

	if (is_forwarded(reason))
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
