#include "harness/testbed/testbed.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* Cores 0 .. n-1 that this process may use: layouts number cores from 0, without gaps. */
static int usable_cores(int *n, struct cb_error *err)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set))
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "sched_getaffinity");
	for (*n = 0; *n < CPU_SETSIZE && CPU_ISSET(*n, &set);)
		++*n;
	if (*n == 0)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"core 0 may not be used here: start capbench without taskset or with cores "
			"that begin at 0");
	return 0;
}

int cb_testbed_shape(struct cb_testbed_shape *shape, const struct cb_bed *bed, struct cb_error *err)
{
	bool root = geteuid() == 0;
	int cores, r;

	if (bed && !*bed->here) {
		cb_bed_shape(bed, shape);
		return 0;
	}
	r = usable_cores(&cores, err);
	if (r)
		return r;
	if (bed) {
		*shape = (struct cb_testbed_shape){.kind = "here",
			.cores = cores,
			.rps = root,
			.rps_places = true,
			.threaded = root,
			.sensors = {{"sensor", cores}},
			.n_sensors = 1};
		return 0;
	}
	*shape = (struct cb_testbed_shape){
		.cores = cores,
		.shared = true,
		.inline_receive = true,
		.rps = root && access("/sys/class/net/lo/queues/rx-0/rps_cpus", F_OK) == 0,
		.threaded = root && access("/sys/class/net/lo/threaded", F_OK) == 0,
		.kind = "local",
		.sensors = {{"sensor", cores}},
		.n_sensors = 1,
		.generators = {"generator"},
		.n_generators = 1,
	};
	return 0;
}
