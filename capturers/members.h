/* The members, one file each; members.c puts them into the arrays. */
#ifndef CB_CAPTURERS_MEMBERS_H
#define CB_CAPTURERS_MEMBERS_H

#include "capturers/capturer.h"

extern const struct cb_mechanism cb_mechanism_recv, cb_mechanism_tpacket1, cb_mechanism_tpacket2,
	cb_mechanism_tpacket3, cb_mechanism_af_xdp, cb_mechanism_pcap, cb_mechanism_io_uring,
	cb_mechanism_pfring, cb_mechanism_null;
extern const struct cb_mechanism cb_mechanism_bpf_ring, cb_mechanism_bpf_buffer;
extern const struct cb_wait cb_wait_poll, cb_wait_spin, cb_wait_sleep, cb_wait_adaptive_sleep,
	cb_wait_yield, cb_wait_batch, cb_wait_busy_poll;
extern const struct cb_load cb_load_discard, cb_load_count, cb_load_work, cb_load_packzip,
	cb_load_write, cb_load_handoff;

#endif
