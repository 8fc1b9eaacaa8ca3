#include "capturers/members.h"

/* In the order in which `list` shows them. */
static const struct cb_mechanism *const mechanisms[] = {
#ifdef CB_LINUX_MEMBERS
	&cb_mechanism_recv,
	&cb_mechanism_io_uring,
	&cb_mechanism_tpacket1,
	&cb_mechanism_tpacket2,
	&cb_mechanism_tpacket3,
	&cb_mechanism_af_xdp,
	&cb_mechanism_bpf_ring,
	&cb_mechanism_bpf_buffer,
	&cb_mechanism_pfring,
#endif
	&cb_mechanism_pcap,
	&cb_mechanism_null,
};

static const struct cb_wait *const waits[] = {
	&cb_wait_poll,
	&cb_wait_spin,
	&cb_wait_sleep,
	&cb_wait_adaptive_sleep,
	&cb_wait_yield,
#ifdef CB_LINUX_MEMBERS
	&cb_wait_batch,
	&cb_wait_busy_poll,
#endif
};

static const struct cb_load *const loads[] = {
	&cb_load_discard,
	&cb_load_count,
	&cb_load_work,
	&cb_load_packzip,
	&cb_load_write,
	&cb_load_handoff,
};

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

const struct cb_member *cb_mechanism_at(size_t i)
{
	return i < LENGTH(mechanisms) ? &mechanisms[i]->member : NULL;
}

const struct cb_member *cb_wait_at(size_t i)
{
	return i < LENGTH(waits) ? &waits[i]->member : NULL;
}

const struct cb_member *cb_load_at(size_t i)
{
	return i < LENGTH(loads) ? &loads[i]->member : NULL;
}

const struct cb_axis cb_mechanism_axis = {"mechanism", "mechanisms", cb_mechanism_at};
const struct cb_axis cb_wait_axis = {"wait", "waits", cb_wait_at};
const struct cb_axis cb_load_axis = {"load", "loads", cb_load_at};
