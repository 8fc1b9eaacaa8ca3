#include "harness/cli/calibrate.h"

#include "harness/base/file.h"
#include "harness/cli/scenario_args.h"
#include "harness/decide/aa.h"
#include "harness/run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The scenario in two variants that set nothing, often enough for all pairs. */
static int load_twice(struct cb_scenario **s, const char *path,
	const struct cb_calibrate_args *args, struct cb_error *err)
{
	struct cb_scenario_args a = {.set = args->set, .only = args->only};
	char repetitions[48];
	int rc;

	memcpy(a.profile, args->profile, sizeof(a.profile));
	if (args->set.n == CB_REPEATS_MAX)
		return cb_error_set(err, CB_ERR_USAGE, "--set is given too often");
	rc = cb_scenario_args_load(s, path, &a, err);
	if (rc)
		return rc;
	snprintf(repetitions, sizeof(repetitions), "repetitions=%lld",
		(long long)(*s)->repetitions * (long long)args->pairs);
	cb_scenario_destroy(*s);
	*s = NULL;
	a.set.items[a.set.n++] = repetitions;
	snprintf(a.variants, sizeof(a.variants), "a=,b=");
	return cb_scenario_args_load(s, path, &a, err);
}

static int measure(const struct cb_invocation *call, const struct cb_calibrate_args *args,
	const char *out, char directory[4096], struct cb_error *err)
{
	const struct cb_run_options o = {.out = out, .command_line = call->command_line};
	struct cb_run_outcome outcome = {0};
	struct cb_scenario *s = NULL;
	int rc = load_twice(&s, call->positional[0], args, err);

	if (!rc)
		cb_scenario_probe(s, &cb_cli_registry);
	if (!rc)
		rc = cb_run(s, &o, &outcome, err);
	if (!rc)
		memcpy(directory, outcome.directory, sizeof(outcome.directory));
	cb_scenario_destroy(s);
	return rc;
}

static int write_json(const char *directory, const json_t *json, struct cb_error *err)
{
	char folder[4096], path[4096];
	char *text = json_dumps(json, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	int rc;

	if (!text)
		return cb_error_memory(err, "calibrate.json");
	rc = cb_file_join(folder, sizeof(folder), directory, "report", err);
	if (!rc)
		rc = cb_file_make_dirs(folder, err);
	if (!rc)
		rc = cb_file_join(path, sizeof(path), folder, "calibrate.json", err);
	if (!rc)
		rc = cb_file_replace(path, text, strlen(text), err);
	free(text);
	return rc;
}

static int print(const struct cb_invocation *call, const struct cb_aa *aa,
	const struct cb_compare *c, const char *directory, struct cb_error *err)
{
	json_t *json = cb_aa_json(aa, c);
	struct cb_text text = {0};
	int rc = json ? write_json(directory, json, err) : cb_error_memory(err, "calibrate.json");

	if (!rc && call->common.json) {
		rc = cb_cli_print_json(json_incref(json), err);
	} else if (!rc) {
		cb_aa_text(aa, c, &text);
		fputs(cb_text_get(&text), stdout);
		printf("\nfor `compare --noise` and `run --noise`: %s/report/calibrate.json\n",
			directory);
	}
	cb_text_finish(&text);
	json_decref(json);
	return rc;
}

int cb_cli_calibrate(const struct cb_invocation *call, const struct cb_compare_args *compare,
	const struct cb_calibrate_args *args, const char *out, struct cb_error *err)
{
	char directory[4096] = "";
	struct cb_compare_source source = {.base = directory};
	struct cb_compare_options o;
	struct cb_compare c = {0};
	struct cb_aa aa;
	struct stat st;
	json_t *noise = NULL;
	int rc = cb_compare_args_options(compare, true, &o, &noise, err);

	if (!rc && call->positional[1])
		rc = cb_error_set(err, CB_ERR_USAGE,
			"--calibrate takes one scenario, or one run, and compares it with itself");
	if (!rc && stat(call->positional[0], &st) == 0 && S_ISDIR(st.st_mode))
		snprintf(directory, sizeof(directory), "%s", call->positional[0]);
	else if (!rc)
		rc = measure(call, args, out, directory, err);
	if (!rc)
		rc = cb_compare_make(&c, &source, &o, &cb_cli_registry, err);
	if (!rc)
		rc = cb_aa_make(&aa, &c, (size_t)args->pairs, err);
	if (!rc)
		rc = print(call, &aa, &c, directory, err);
	cb_compare_finish(&c);
	json_decref(noise);
	return rc;
}
