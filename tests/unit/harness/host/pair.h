/* For tests: "va", a veth interface that is up, and its other end "vb". */
#ifndef CB_TESTS_PAIR_H
#define CB_TESTS_PAIR_H

#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/net/link.h"

#include "tests/unit/cmocka.h"

/* 0, or -1 after saying why. queues: of both ends, 0: as the kernel makes them. */
static inline int pair_make(uint32_t queues)
{
	const struct cb_veth_spec spec = {.name = "va",
		.peer = "vb",
		.mac = {2, 0, 0, 0, 0, 1},
		.peer_mac = {2, 0, 0, 0, 0, 2},
		.queues = queues};
	struct cb_error err = {0};

	if (!cb_link_create_veth(&spec, &err) && !cb_link_up("va", &err))
		return 0;
	print_error("%s\n", err.text);
	return -1;
}

/* The other end up as well, and both with a carrier. */
static inline int pair_run(void)
{
	struct cb_error err = {0};

	if (!cb_link_up("vb", &err) &&
		!cb_link_wait_running("va", cb_deadline_in(5 * CB_NS_PER_SEC), &err))
		return 0;
	print_error("%s\n", err.text);
	return -1;
}

static inline int pair_remove(void)
{
	return cb_link_delete("va", NULL);
}

#endif
