#include "harness/run/cores.h"

#include <stdio.h>
#include <string.h>

static bool is_there(
	const struct cb_testbed_end *end, const char *role, int core, struct cb_error *err)
{
	int real = cb_testbed_core(end, core);

	if (real < 0 || (real < CB_CORES_UNKNOWN && cb_testbed_has_core(end, real)))
		return true;
	cb_error_set(err, CB_ERR_IMPOSSIBLE,
		"placement: %s on core %d: %s has no such core (%d are there); name those to be "
		"used as `cores` of this host in the test-bed file",
		role, real < CB_CORES_UNKNOWN ? real : core, end->name,
		end->n_cores ? end->n_cores : (int)end->n_usable);
	return false;
}

bool cb_cores_are_there(const struct cb_testbed *t, const struct cb_trial_spec *spec,
	const struct cb_layout *layout, struct cb_error *err)
{
	for (size_t i = 0; i < t->n_generators; i++)
		if (!is_there(&t->generators[i], "generator", layout->generator, err))
			return false;
	for (size_t i = 0; i < t->n_sensors; i++) {
		const struct cb_testbed_end *s = &t->sensors[i];

		if (*spec->sensor && strcmp(spec->sensor, "all") != 0 &&
			strcmp(spec->sensor, s->name) != 0)
			continue;
		if (!is_there(s, "receive", layout->receive, err))
			return false;
		for (int k = 0; k < layout->n_capture; k++)
			if (!is_there(s, "capture", layout->capture[k], err))
				return false;
	}
	return true;
}
