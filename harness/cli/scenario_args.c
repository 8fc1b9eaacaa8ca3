#include "harness/cli/scenario_args.h"

#include "harness/scenario/variant_text.h"

int cb_scenario_args_load(struct cb_scenario **s, const char *path,
	const struct cb_scenario_args *args, struct cb_error *err)
{
	const char *sets[CB_REPEATS_MAX + 1];
	struct cb_text variants = {0};
	struct cb_scenario_source source = {
		.path = path,
		.profile = args->profile[0] ? args->profile : NULL,
		.sets = sets,
		.only = args->only.items,
		.n_only = args->only.n,
	};
	int rc = args->variants[0] ? cb_variants_overlay(args->variants, &variants, err) : 0;

	if (args->variants[0])
		sets[source.n_sets++] = cb_text_get(&variants);
	for (size_t i = 0; i < args->set.n; i++)
		sets[source.n_sets++] = args->set.items[i];
	if (!rc)
		rc = cb_scenario_load(s, &source, &cb_cli_registry, err);
	cb_text_finish(&variants);
	return rc;
}
