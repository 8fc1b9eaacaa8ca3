/* `list`: what can be chosen on each axis, and whether it can run here; and what figures can show.
 */
#include "harness/base/text.h"
#include "harness/cli/list_settings.h"
#include "harness/cli/verb.h"
#include "harness/report/metric.h"

#include <stdio.h>
#include <string.h>

static json_t *option_json(const struct cb_option *o)
{
	struct cb_text metavar = {0};
	json_t *j;

	cb_option_metavar(o, &metavar);
	j = json_pack("{s:s, s:s, s:s?, s:s}", "name", o->name, "value", cb_text_get(&metavar),
		"default", o->fallback, "help", o->help);
	cb_text_finish(&metavar);
	return j;
}

static json_t *member_json(const struct cb_member *m)
{
	struct cb_error why = {0};
	json_t *options = json_array(), *j;
	bool can = !m->probe || m->probe(&why) == 0;

	for (const struct cb_option *o = m->options; o && o->name; o++)
		json_array_append_new(options, option_json(o));
	j = json_pack("{s:s, s:s, s:s?, s:b, s:o}", "name", m->name, "help", m->help, "paper",
		m->paper, "can_run", can, "options", options);
	if (j && !can)
		json_object_set_new(j, "why_not", json_string(why.text));
	return j;
}

#define METRICS "metrics"

static json_t *metrics_json(void)
{
	json_t *list = json_array();

	for (const struct cb_metric *m = cb_metrics; m->name; m++)
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:s}", "name", m->name, "label", m->label,
				"unit", m->unit, "help", m->help));
	return list;
}

static json_t *axes_json(const char *only)
{
	json_t *all = json_object();

	for (const struct cb_axis *axis = cb_cli_registry.axes; axis->name; axis++) {
		json_t *members = json_array();

		for (size_t i = 0; axis->at(i); i++)
			json_array_append_new(members, member_json(axis->at(i)));
		if (!only || strcmp(only, axis->plural) == 0)
			json_object_set(all, axis->plural, members);
		json_decref(members);
	}
	if (!only || strcmp(only, METRICS) == 0)
		json_object_set_new(all, METRICS, metrics_json());
	if (!only || strcmp(only, CB_LIST_SETTINGS) == 0)
		json_object_set_new(all, CB_LIST_SETTINGS, cb_list_settings_json());
	return all;
}

static void print_option(const struct cb_option *o)
{
	struct cb_text left = {0};

	cb_text_addf(&left, "%s=", o->name);
	cb_option_metavar(o, &left);
	printf("      %-24s %s [%s]\n", cb_text_get(&left), o->help,
		o->fallback ? o->fallback : "required");
	cb_text_finish(&left);
}

static void print_member(const struct cb_member *m)
{
	struct cb_error why = {0};

	printf("  %-12s %s\n", m->name, m->help);
	if (m->paper)
		printf("               stands for %s\n", m->paper);
	if (m->probe && m->probe(&why))
		printf("               can't run here: %s\n", why.text);
	for (const struct cb_option *o = m->options; o && o->name; o++)
		print_option(o);
}

static void print_metrics(void)
{
	puts(METRICS);
	for (const struct cb_metric *m = cb_metrics; m->name; m++)
		printf("  %-28s %s%s%s%s\n", m->name, m->help, m->unit[0] ? " [" : "", m->unit,
			m->unit[0] ? "]" : "");
}

static int check_axis(const char *name, struct cb_error *err)
{
	const char *names[16], *near;
	size_t n = 0;

	for (const struct cb_axis *axis = cb_cli_registry.axes; axis->name; axis++) {
		if (strcmp(axis->plural, name) == 0)
			return 0;
		names[n++] = axis->plural;
	}
	names[n++] = METRICS;
	names[n++] = CB_LIST_SETTINGS;
	if (strcmp(name, METRICS) == 0 || strcmp(name, CB_LIST_SETTINGS) == 0)
		return 0;
	near = cb_text_nearest(name, names, n);
	return cb_error_set(err, CB_ERR_USAGE,
		"\"%s\" is none of arrivals, sizes, payloads, frames, transmitters, mechanisms, "
		"waits, "
		"loads, externals, metrics, settings%s%s%s",
		name, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static int run(const struct cb_invocation *call, struct cb_error *err)
{
	const char *only = call->positional[0];

	if (only && check_axis(only, err))
		return err->code;
	if (call->common.json)
		return cb_cli_print_json(axes_json(only), err);
	for (const struct cb_axis *axis = cb_cli_registry.axes; axis->name; axis++) {
		if (only && strcmp(only, axis->plural) != 0)
			continue;
		printf("%s\n", axis->plural);
		for (size_t i = 0; axis->at(i); i++)
			print_member(axis->at(i));
		putchar('\n');
	}
	if (!only || strcmp(only, METRICS) == 0)
		print_metrics();
	if (!only)
		putchar('\n');
	if (!only || strcmp(only, CB_LIST_SETTINGS) == 0)
		cb_list_settings_print();
	return 0;
}

static const char *const examples[] = {"capbench list mechanisms", "capbench list --json", NULL};

const struct cb_verb cb_verb_list = {
	.name = "list",
	.help = "Show arrivals, sizes, payloads, frames, transmitters, mechanisms, waits, loads, "
		"external programs, metrics and settings of hosts",
	.description =
		"Shows what can be chosen on each axis, with options and defaults, and whether it "
		"can run here or why not. An option is written behind the name: "
		"tpacket3:block=1MiB. Metrics are what a figure can have as its y, and what is "
		"in summary.json for each cell. Settings are what host: of a scenario or a "
		"test-bed "
		"file may set on the machines.",
	.positional = {{.metavar = "AXIS",
		.help = "arrivals, sizes, payloads, frames, transmitters, mechanisms, waits, "
			"loads, "
			"externals, metrics or settings; all when left out",
		.optional = true}},
	.examples = examples,
	.run = run,
};
