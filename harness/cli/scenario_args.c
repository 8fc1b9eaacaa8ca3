#include "harness/cli/scenario_args.h"

int cb_scenario_args_load(struct cb_scenario **s, const char *path,
	const struct cb_scenario_args *args, struct cb_error *err)
{
	struct cb_scenario_source source = {
		.path = path,
		.profile = args->profile[0] ? args->profile : NULL,
		.sets = args->set.items,
		.n_sets = args->set.n,
		.only = args->only.items,
		.n_only = args->only.n,
	};

	return cb_scenario_load(s, &source, &cb_cli_registry, err);
}
