/* SPDX-License-Identifier: GPL-2.0 */
/*
 * effects.h - how the datapath writes to its maps, and how it does not: compiled as the
 * rehearsal (rehearse.bpf.c) it is the same program, takes the same ways, and changes nothing.
 * An atomic operation then answers as if it had been done, and nobody else was there.
 */
#ifndef XLVS_EFFECTS_H
#define XLVS_EFFECTS_H

#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))

#ifndef XLVS_REHEARSAL

#define REHEARSAL 0
#define WRITE_ONCE(x, v) (*(volatile typeof(x) *)&(x) = (v))
/* Counters that one CPU alone writes. */
#define TALLY(x, n) ((x) += (n))
/* What the rehearsal tells of its way (struct xlvs_trail). */
#define NOTE(field, value) ((void)0)

#else

#define REHEARSAL 1
#define WRITE_ONCE(x, v) ((void)&(x), (void)(v))
#define TALLY(x, n) ((void)(n))
#define NOTE(field, value)						\
	do {								\
		struct xlvs_trail *trail = at(&trails, 0);		\
		if (trail)						\
			trail->field = (value);				\
	} while (0)

#define __sync_fetch_and_add(p, n) ((void)(n), READ_ONCE(*(p)))
#define __sync_fetch_and_or(p, bits) ((void)(bits), READ_ONCE(*(p)))
#define __sync_fetch_and_and(p, bits) ((void)(bits), READ_ONCE(*(p)))
#define __sync_lock_test_and_set(p, v) ((void)(v), READ_ONCE(*(p)))
#define __sync_val_compare_and_swap(p, old, new) ((void)(old), (void)(new), READ_ONCE(*(p)))
#define bpf_map_update_elem(map, key, value, flags) ((void)(key), (void)(value), 0l)

#endif

#endif
