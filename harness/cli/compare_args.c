#include "harness/cli/compare_args.h"

#include "harness/base/file.h"
#include "harness/decide/compare_page.h"

#include <stdio.h>
#include <stdlib.h>

#define NOISE_BYTES_MAX (16u << 20)

const char *const cb_compare_format_names[] = {"text", "markdown", "junit", NULL};

static int read_noise(const char *path, bool beside, json_t **noise, struct cb_error *err)
{
	char *text = NULL;
	json_t *file;
	size_t size;
	int rc = cb_file_read(path, NOISE_BYTES_MAX, &text, &size, err);

	if (rc)
		return cb_error_prepend(err, "--noise");
	file = cb_json_parse(text, size, err);
	free(text);
	*noise = json_incref(json_object_get(file, beside ? "noise" : "noise_apart"));
	json_decref(file);
	if (json_is_object(*noise))
		return 0;
	json_decref(*noise);
	*noise = NULL;
	return cb_error_set(err, CB_ERR_USAGE,
		"--noise %s: is not what `capbench compare --calibrate` writes (calibrate.json)",
		path);
}

int cb_compare_args_options(const struct cb_compare_args *args, bool beside,
	struct cb_compare_options *options, json_t **noise, struct cb_error *err)
{
	int rc = 0;

	*noise = NULL;
	*options = (struct cb_compare_options){.improvements = args->improvements,
		.floor_share = (double)args->floor_share / 1e6,
		.floor_ratio = (double)args->floor_ratio / 1e6,
		.rules = CB_JUDGE_RULES};
	options->rules.alpha = (double)args->alpha / 1e6;
	options->rules.alpha_alone = options->rules.alpha * options->rules.alpha;
	if (args->metrics.n > CB_COMPARE_METRICS_MAX)
		return cb_error_set(err, CB_ERR_USAGE, "--metric is given more than %d times",
			CB_COMPARE_METRICS_MAX);
	for (size_t i = 0; i < args->metrics.n; i++)
		options->metrics[options->n_metrics++] = args->metrics.items[i];
	if (args->noise[0])
		rc = read_noise(args->noise, beside, noise, err);
	options->noise = *noise;
	return rc;
}

int cb_compare_args_print(const struct cb_compare *c, const struct cb_compare_args *args,
	const struct cb_common *common, struct cb_error *err)
{
	struct cb_text out = {0};

	if (common->json)
		return cb_cli_print_json(cb_compare_json(c), err);
	if (args->format == CB_COMPARE_MARKDOWN)
		cb_compare_markdown(c, &out);
	else if (args->format == CB_COMPARE_JUNIT)
		cb_compare_junit(c, &out);
	else
		cb_compare_text(c, common->verbose, &out);
	fputs(cb_text_get(&out), stdout);
	cb_text_finish(&out);
	return 0;
}

int cb_compare_args_gate(const struct cb_compare *c, struct cb_error *err)
{
	struct cb_text line = {0};
	int code = cb_outcome_code(c->outcome);

	if (!code)
		return 0;
	cb_compare_headline(c, &line);
	cb_error_set(err, code, "%s", cb_text_get(&line));
	cb_text_finish(&line);
	return code;
}
