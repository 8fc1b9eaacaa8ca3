/* `plan`: what a scenario would do, without doing it. */
#include "harness/base/units.h"
#include "harness/cli/scenario_args.h"
#include "harness/testbed/testbed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct args {
	struct cb_scenario_args scenario;
	char testbed[1024];
	bool cells;
};

static const struct cb_option options[] = {
	CB_SCENARIO_OPTION_ROWS(struct args, scenario),
	{.name = "testbed",
		CB_OPTION_TEXT_AT(struct args, testbed),
		.fallback = "",
		.metavar = "FILE",
		.help = "Plan for the hosts of this file; none of them is touched"},
	{.name = "cells",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct args, cells),
		.fallback = "false",
		.help = "List every cell with its layout"},
	CB_OPTION_END,
};

static const struct cb_repeat_row repeats[] = {
	CB_SCENARIO_REPEAT_ROWS(struct args, scenario),
	{.name = NULL},
};

static json_t *layout_json(const struct cb_layout *l)
{
	json_t *capture = json_array(), *generators = json_array();

	for (int i = 0; i < l->n_generators; i++)
		json_array_append_new(generators, json_integer(l->generators[i]));
	for (int i = 0; i < l->n_capture; i++)
		json_array_append_new(capture, json_integer(l->capture[i]));
	return json_pack("{s:i, s:o, s:i, s:o, s:s}", "generator", l->generator, "generators",
		generators, "receive", l->receive, "capture", capture, "note", l->note);
}

static json_t *plan_json(const struct cb_plan *p)
{
	const struct cb_scenario *s = p->scenario;
	json_t *cells = json_array();

	for (size_t i = 0; i < s->n_cells; i++)
		json_array_append_new(cells,
			json_pack("{s:I, s:s, s:O, s:s, s:o}", "cell", (json_int_t)i, "id",
				s->cells[i].id, "params", s->cells[i].params, "transmitter_why",
				s->cells[i].spec.generator.why, "layout",
				layout_json(&p->layouts[i])));
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:i, s:I, s:o}", "scenario", s->name,
		"cells_count", (json_int_t)s->n_cells, "trials", (json_int_t)p->n_trials,
		"repetitions", (json_int_t)s->repetitions, "estimated_ns",
		(json_int_t)p->estimated_ns, "cores_needed", p->cores_needed, "seed",
		(json_int_t)p->seed, "cells", cells);
}

/* The values of the axes that vary: what tells this cell from the others. */
static void print_cell(const struct cb_plan *p, size_t i)
{
	const struct cb_scenario *s = p->scenario;
	const struct cb_layout *l = &p->layouts[i];

	printf("%5zu  %s ", i, s->cells[i].id);
	for (size_t a = 0; a < s->n_axes; a++) {
		char *value = json_dumps(json_object_get(s->cells[i].params, s->axes[a]),
			JSON_ENCODE_ANY | JSON_COMPACT);

		printf(" %s=%s", s->axes[a], value ? value : "-");
		free(value);
	}
	printf("  generator@%d receive@%d capture@%d%s%s\n", l->generator, l->receive,
		l->n_capture ? l->capture[0] : -1, l->note[0] ? "  # " : "", l->note);
}

static void print_notes(const struct cb_plan *p)
{
	const char *last = "";

	for (size_t i = 0; i < p->scenario->n_cells; i++) {
		const char *note = p->layouts[i].note;

		if (note[0] && strcmp(note, last) != 0) {
			printf("note       %s\n", note);
			last = note;
		}
	}
}

/* All cells in which it was chosen have the same. */
static void print_transmitter(const struct cb_plan *p)
{
	for (size_t i = 0; i < p->scenario->n_cells; i++) {
		if (*p->scenario->cells[i].spec.generator.why) {
			printf("transmitter %s\n", p->scenario->cells[i].spec.generator.why);
			return;
		}
	}
}

/* Each reason once, with how many cells it concerns. */
static void print_left_out(const struct cb_plan *p)
{
	for (size_t i = 0; i < p->scenario->n_cells; i++) {
		size_t n = 0, first = i;

		for (size_t k = 0; p->left_out[i][0] && k < p->scenario->n_cells; k++) {
			if (strcmp(p->left_out[k], p->left_out[i]) != 0)
				continue;
			first = k < first ? k : first;
			n++;
		}
		if (n && first == i)
			printf("left out   %zu cell%s: %s\n", n, n == 1 ? "" : "s", p->left_out[i]);
	}
}

/* Those that are measured; what is left out is told below. */
static void print_cells(const struct cb_plan *p)
{
	size_t left_out = 0;

	for (size_t i = 0; i < p->scenario->n_cells; i++)
		left_out += p->left_out[i][0] != '\0';
	printf("cells      %zu", p->scenario->n_cells - left_out);
	if (left_out)
		printf(" (of %zu)", p->scenario->n_cells);
	printf("\n");
}

static void print_plan(const struct cb_plan *p, bool cells)
{
	char time[32];

	cb_unit_human(CB_UNIT_TIME, (double)p->estimated_ns, time, sizeof(time));
	printf("scenario   %s: %s\n", p->scenario->name, p->scenario->title);
	print_cells(p);
	printf("trials     %zu (%lld repetitions)\n", p->n_trials,
		(long long)p->scenario->repetitions);
	printf("time       about %s\n", time);
	printf("cores      %d needed\n", p->cores_needed);
	printf("order      %s, seed %llu\n", cb_order_names[p->scenario->order],
		(unsigned long long)p->seed);
	print_transmitter(p);
	print_left_out(p);
	if (!cells)
		print_notes(p);
	for (size_t i = 0; cells && i < p->scenario->n_cells; i++)
		print_cell(p, i);
}

static int run(const struct cb_invocation *call, struct cb_error *err)
{
	const struct args *a = call->args;
	struct cb_testbed_shape shape;
	struct cb_scenario *s = NULL;
	struct cb_bed *bed = NULL;
	struct cb_plan *p = NULL;
	int r;

	r = cb_scenario_args_load(&s, call->positional[0], &a->scenario, err);
	if (!r)
		r = a->testbed[0] ? cb_bed_load(&bed, a->testbed, NULL, err) : 0;
	/* What can run on other hosts shows there. */
	if (!r && !bed)
		cb_scenario_probe(s, &cb_cli_registry);
	if (!r)
		r = cb_testbed_shape(&shape, bed, err);
	if (!r)
		r = cb_plan_make(&p, s, &shape, (uint64_t)a->scenario.seed, err);
	if (!r && call->common.json)
		r = cb_cli_print_json(plan_json(p), err);
	else if (!r)
		print_plan(p, a->cells);
	cb_plan_destroy(p);
	cb_bed_destroy(bed);
	cb_scenario_destroy(s);
	return r;
}

static const char *const examples[] = {
	"capbench plan scenarios/quick.yaml",
	"capbench plan scenarios/quick.yaml --set repetitions=5 --cells",
	NULL,
};

const struct cb_verb cb_verb_plan = {
	.name = "plan",
	.help = "Check a scenario and show what it would do",
	.description = "Reads a scenario, checks every combination, and prints cells, trials, "
		       "estimated time and the cores needed, without sending a frame.",
	.positional = {{.metavar = "SCENARIO", .help = "a YAML file"}},
	.options = options,
	.repeats = repeats,
	.args_size = sizeof(struct args),
	.examples = examples,
	.run = run,
};
