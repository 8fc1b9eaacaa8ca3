#include "harness/scenario/trial.h"

#include "harness/base/rate.h"
#include "harness/scenario/capacity.h"
#include "harness/scenario/external.h"
#include "harness/scenario/placement.h"

#include <string.h>

const struct cb_schema cb_trial_schema = {.options = cb_trial_options, .prefix = "trial."};

/* The settings below `row`, in the order of the file. */
static size_t settings_of(const struct cb_trial_values *values, size_t row,
	const struct cb_setting *below[CB_TRIAL_ROWS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < values->n_settings; i++) {
		if (values->settings[i]->row == row)
			below[n++] = values->settings[i];
	}
	return n;
}

/* Whether the value is "auto" and nothing else: which member it comes to is settled when all cells
 * are there. */
static bool is_automatic(
	const struct cb_option *option, const struct cb_node *value, size_t n_below)
{
	const char *text = !value               ? option->fallback
		: value->kind == CB_NODE_SCALAR ? value->text
						: NULL;

	return !n_below && text && !strcmp(text, "auto");
}

static int read_member(const struct cb_registry *registry, size_t row,
	const struct cb_trial_values *values, struct cb_trial_spec *spec, json_t *params,
	struct cb_error *err)
{
	const struct cb_setting *below[CB_TRIAL_ROWS_MAX];
	size_t n = settings_of(values, row, below);
	const struct cb_option *option = &cb_trial_options[row];

	if (option->offset == offsetof(struct cb_trial_spec, generator.transmitter))
		spec->generator.automatic = is_automatic(option, values->at[row], n);
	return cb_member_value_read(registry, option, values->at[row], below, n, values->trial,
		(char *)spec + option->offset, params, err);
}

static int decode_row(size_t row, const struct cb_trial_values *values, struct cb_trial_spec *spec,
	struct cb_error *err)
{
	const struct cb_option *option = &cb_trial_options[row];

	if (!values->at[row])
		return cb_option_decode(option, option->fallback, spec, err);
	return cb_schema_decode_row(option, values->at[row], cb_trial_schema.prefix,
		cb_trial_reason(option), spec, err);
}

/* Bits, or a share of a line rate: in frames a second at the frame size that goes with it. */
static int read_rate(const struct cb_option *row, const struct cb_trial_values *values,
	struct cb_trial_spec *spec, struct cb_error *err)
{
	const struct cb_node *rate = values->at[row - cb_trial_options];
	struct cb_trial_spec scratch = {0};
	const char *why = NULL;
	int64_t pps = 0;
	int rc = decode_row(cb_trial_row("traffic.frame_size"), values, &scratch, err);

	if (rc)
		return rc;
	if (cb_rate_parse(rate->text, scratch.traffic.frame_size, &pps, &why))
		return cb_node_error(rate, err, "%s%s: \"%.80s\" is not a rate: %s",
			cb_trial_schema.prefix, row->name, rate->text, why);
	if (pps > row->max)
		return cb_node_error(rate, err,
			"%s%s: \"%.80s\" is %lld frames a second: at most %lld",
			cb_trial_schema.prefix, row->name, rate->text, (long long)pps,
			(long long)row->max);
	spec->traffic.rate = pps;
	return 0;
}

/* A share of what the reference sustains here: 1 when it is none. */
static int read_capacity(const struct cb_option *row, const struct cb_node *value,
	struct cb_trial_spec *spec, struct cb_error *err)
{
	const char *why = NULL;
	int rc;

	spec->traffic.capacity_ppm = 0;
	rc = value && value->kind == CB_NODE_SCALAR
		? cb_capacity_parse(value->text, &spec->traffic.capacity_ppm, &why)
		: 1;
	if (rc == CB_ERR_USAGE)
		return cb_node_error(value, err, "%s%s: \"%.80s\": %s", cb_trial_schema.prefix,
			row->name, value->text, why);
	if (!rc)
		spec->traffic.rate =
			spec->traffic.capacity_ppm * (CB_CAPACITY_NOMINAL_PPS / 1000000);
	return rc;
}

static int read_plain(size_t row, const struct cb_trial_values *values, struct cb_trial_spec *spec,
	struct cb_error *err)
{
	const struct cb_option *option = &cb_trial_options[row];
	const struct cb_node *value = values->at[row];

	if (value && option->offset == offsetof(struct cb_trial_spec, placement))
		return cb_placement_read(value, spec->placement, sizeof(spec->placement), err);
	if (option->offset == offsetof(struct cb_trial_spec, traffic.rate)) {
		int rc = read_capacity(option, value, spec, err);

		if (rc <= 0)
			return rc;
	}
	if (value && option->type == CB_OPT_RATE && value->kind == CB_NODE_SCALAR &&
		(strstr(value->text, "bit") || strchr(value->text, '%')))
		return read_rate(option, values, spec, err);
	return decode_row(row, values, spec, err);
}

/* What the parameter of a plain row is. */
static json_t *value_json(const struct cb_option *option, const struct cb_trial_spec *spec)
{
	char text[80];

	if (option->offset != offsetof(struct cb_trial_spec, traffic.rate) ||
		!spec->traffic.capacity_ppm)
		return cb_option_json(option, spec);
	cb_capacity_format(spec->traffic.capacity_ppm, text, sizeof(text));
	return json_string(text);
}

int cb_trial_read_row(const struct cb_registry *registry, size_t row,
	const struct cb_trial_values *values, struct cb_trial_spec *spec, json_t *params,
	struct cb_error *err)
{
	const struct cb_option *option = &cb_trial_options[row];
	int rc;

	if (cb_external_replaces(values, row))
		return cb_external_read_replaced(registry, row, values, spec, params, err);
	if (option->offset == offsetof(struct cb_trial_spec, capture.external))
		return cb_external_read(registry, values, spec, params, err);
	if (!values->at[row] && !option->fallback)
		return cb_schema_missing(option, values->trial, cb_trial_schema.prefix, err);
	if (option->type == CB_OPT_MEMBER)
		return read_member(registry, row, values, spec, params, err);
	rc = read_plain(row, values, spec, err);
	/* a cell of no variant is what it was before there were any: its id stays */
	if (option->offset == offsetof(struct cb_trial_spec, variant) && !*spec->variant)
		return rc;
	if (!rc && params && json_object_set_new(params, option->name, value_json(option, spec)))
		rc = cb_error_memory(err, "parameters");
	return rc;
}

const struct cb_node *cb_trial_blame(const struct cb_trial_values *values, const char *row)
{
	size_t i = cb_trial_row(row);

	for (size_t s = 0; s < values->n_settings; s++) {
		if (values->settings[s]->row == i)
			return values->settings[s]->value;
	}
	return i != SIZE_MAX && values->at[i] ? values->at[i] : values->trial;
}

int cb_trial_path(const struct cb_node *key, const char *label, char path[CB_PATH_MAX], size_t *row,
	const char **option, struct cb_error *err)
{
	const struct cb_schema schema = {.options = cb_trial_options, .prefix = label};
	const char *text = key->text;

	if (cb_text_starts_with(text, "trial."))
		text += strlen("trial.");
	if (!cb_text_copy(path, CB_PATH_MAX, text))
		return cb_node_error(
			key, err, "%s%.40s...: longer than %d bytes", label, text, CB_PATH_MAX - 1);
	*option = NULL;
	*row = cb_trial_row(path);
	if (*row == SIZE_MAX)
		*row = cb_trial_member_row(path, option);
	if (*row != SIZE_MAX)
		return 0;
	if (cb_schema_is_group(cb_trial_options, path))
		return cb_node_error(key, err,
			"%s%s: is a map: write the whole path, as in traffic.rate", label, path);
	return cb_schema_unknown(&schema, key, path, err);
}
