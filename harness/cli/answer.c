#include "harness/cli/answer.h"

#include <stdio.h>
#include <unistd.h>

int cb_answer_options(const struct cb_answer_args *a, struct cb_stepwise_options *o,
	struct cb_bed **bed, struct cb_error *err)
{
	char path[1200];
	int rc = 0;

	*bed = NULL;
	o->out = a->out[0] ? a->out : NULL;
	o->resume = a->resume[0] ? a->resume : NULL;
	if (o->out && o->resume)
		return cb_error_set(err, CB_ERR_USAGE, "--out and --resume exclude each other");
	snprintf(path, sizeof(path), "%s/testbed.yaml", a->resume);
	if (a->testbed[0])
		rc = cb_bed_load(bed, a->testbed, NULL, err);
	else if (o->resume && access(path, F_OK) == 0)
		rc = cb_bed_load(bed, path, NULL, err);
	o->bed = *bed;
	return rc;
}

int cb_answer_resume(struct cb_scenario **s, const struct cb_answer_args *a,
	const struct cb_scenario_args *overlay, const char *path, struct cb_error *err)
{
	char resolved[1200];

	if (path || overlay->profile[0] || overlay->set.n || overlay->only.n || overlay->seed)
		return cb_error_set(err, CB_ERR_USAGE,
			"--resume takes the scenario as it was started: leave out SCENARIO, "
			"--profile, --set, --only and --seed");
	snprintf(resolved, sizeof(resolved), "%s/scenario.resolved.yaml", a->resume);
	return cb_scenario_args_load(s, resolved, &(struct cb_scenario_args){0}, err);
}

int cb_cli_answer(cb_answer_report *report, const char *directory, bool pictures, bool json,
	struct cb_error *err)
{
	struct cb_error report_err = {0};
	struct cb_text text = {0};
	json_t *result = NULL;
	int rc = report(directory, &cb_cli_registry, pictures, &result, &text, &report_err),
	    printed = 0;

	if (result && json) {
		printed = cb_cli_print_json(json_incref(result), err);
	} else if (result) {
		fputs(cb_text_get(&text), stdout);
		printf("\nresults      %s\n", directory);
	}
	cb_text_finish(&text);
	json_decref(result);
	if (rc)
		*err = report_err;
	return rc ? rc : printed;
}
