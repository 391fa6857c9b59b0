/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rehearse.bpf.c - the datapath's own program, compiled so that it changes nothing and tells
 * its way: what `xlvs explain` runs over the live maps.
 */
#define XLVS_REHEARSAL
#include "xlvs.bpf.c"
