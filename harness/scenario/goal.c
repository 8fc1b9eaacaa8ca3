#include "harness/scenario/goal.h"

#include "harness/scenario/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE (60 * INT64_C(1000000000))

const char *const cb_goal_kind_names[] = {"rate", "burst", NULL};

#define GOAL(key, field) .name = (key), .offset = offsetof(struct cb_goal, field)

const struct cb_option cb_goal_options[] = {
	{.name = "name",
		CB_OPTION_TEXT_AT(struct cb_goal, name),
		.fallback = NULL,
		.help = "Names the result: letters, digits, - _ ."},
	{GOAL("kind", kind), .type = CB_OPT_ENUM, .fallback = "rate", .choices = cb_goal_kind_names,
		.help = "What is looked for: the highest rate, or the longest burst of frames back "
			"to back (RFC 9004)"},
	{GOAL("loss", loss), .type = CB_OPT_RATIO, .fallback = "0", .min = 0, .max = 999999,
		.help = "Share of the frames that a trial may lose"},
	{GOAL("exceed", exceed), .type = CB_OPT_RATIO, .fallback = "50%", .min = 0, .max = 999999,
		.help = "Share of the trials of one load that may lose more"},
	{GOAL("width", width), .type = CB_OPT_RATIO, .fallback = "1%", .min = 100, .max = 1000000,
		.help = "How far apart the ends of the result may be"},
	{GOAL("initial", initial_ns), .type = CB_OPT_TIME, .fallback = "0", .min = 0,
		.max = 60 * MINUTE, .help = "Length of the first trials; 0: a fifth of final"},
	{GOAL("final", final_ns), .type = CB_OPT_TIME, .fallback = "0", .min = 0,
		.max = 60 * MINUTE,
		.help = "Length of the trials that decide; 0: the trial's duration"},
	{GOAL("trials", trials), .type = CB_OPT_COUNT, .fallback = "5", .min = 1, .max = 1000,
		.help = "How many of those decide over a load, at most: a majority that can't "
			"change any more is enough"},
	{GOAL("rate", rate), .type = CB_OPT_RATE, .fallback = "max", .min = 1, .max = 1000000000,
		.help = "Of a burst's frames; max: 95 % of what the generator can"},
	{GOAL("longest", longest_ns), .type = CB_OPT_TIME, .fallback = "2s", .min = 1000000,
		.max = 60 * MINUTE, .help = "The longest burst to try"},
	CB_OPTION_END,
};

static int check(const struct cb_scenario *s, const struct cb_node *map, const char *label,
	const struct cb_goal *g, struct cb_error *err)
{
	const struct cb_node *initial = cb_node_find(map, "initial"),
			     *name = cb_node_find(map, "name");

	if (!cb_schema_is_file_name(g->name))
		return cb_node_error(name, err,
			"%s.name: \"%s\" names a result: letters, digits, - _ . are allowed", label,
			g->name);
	for (const struct cb_goal *other = s->goals; other != g; other++) {
		if (!strcmp(other->name, g->name))
			return cb_node_error(
				name, err, "%s.name: \"%s\" is there twice", label, g->name);
	}
	if (g->initial_ns && g->final_ns && g->initial_ns > g->final_ns)
		return cb_node_error(initial, err,
			"%s.initial: the first trials may not be longer than the final ones",
			label);
	return 0;
}

static int read_goal(const struct cb_scenario *s, const struct cb_node *map, size_t i,
	struct cb_goal *goal, struct cb_error *err)
{
	char label[32], prefix[40];
	const struct cb_schema schema = {cb_goal_options, NULL, prefix};
	int rc;

	snprintf(label, sizeof(label), "goals[%zu]", i);
	snprintf(prefix, sizeof(prefix), "%s.", label);
	rc = cb_schema_want_map(map, label, err);
	if (!rc)
		rc = cb_schema_decode(&schema, map, goal, err);
	return rc ? rc : check(s, map, label, goal, err);
}

static void use_defaults(struct cb_scenario *s)
{
	static const struct {
		const char *name;
		int64_t loss;
	} goals[] = {{"throughput", 0}, {"pdr", 5000}};

	for (; s->n_goals < 2; s->n_goals++) {
		struct cb_goal *g = &s->goals[s->n_goals];

		cb_option_defaults(cb_goal_options, g);
		cb_text_copy(g->name, sizeof(g->name), goals[s->n_goals].name);
		g->loss = goals[s->n_goals].loss;
	}
}

int cb_goals_read(struct cb_scenario *s, const struct cb_node *goals, struct cb_error *err)
{
	size_t n = goals ? goals->n : 2;
	int rc = 0;

	if (goals && (goals->kind != CB_NODE_SEQUENCE || !n || n > CB_GOALS_MAX))
		return cb_node_error(goals, err,
			"goals: a list of one to %d goals is wanted, as in [{name: throughput, "
			"loss: 0}]",
			CB_GOALS_MAX);
	s->goals = calloc(n, sizeof(*s->goals));
	if (!s->goals)
		return cb_error_memory(err, "goals");
	if (!goals)
		use_defaults(s);
	for (size_t i = 0; goals && i < n && !rc; i++)
		rc = read_goal(s, goals->items[i], i, &s->goals[s->n_goals++], err);
	return rc;
}
