#include "harness/run/describe.h"

#include "harness/base/clock.h"
#include "harness/base/version.h"
#include "harness/record/record.h"

#include <stdio.h>
#include <string.h>

static json_t *shape_json(const struct cb_testbed_shape *s)
{
	json_t *generators = json_array(), *sensors = json_array();

	for (size_t i = 0; i < s->n_generators; i++)
		json_array_append_new(generators, json_string(s->generators[i]));
	for (size_t i = 0; i < s->n_sensors; i++)
		json_array_append_new(sensors, json_string(s->sensors[i].name));
	return json_pack("{s:s, s:o, s:b, s:b, s:b, s:b, s:o, s:o}", "kind",
		s->kind ? s->kind : "local", "cores",
		s->cores < CB_CORES_UNKNOWN ? json_integer(s->cores) : json_null(), "shared",
		s->shared, "inline_receive", s->inline_receive, "rps", s->rps, "threaded",
		s->threaded, "generators", generators, "sensors", sensors);
}

static json_t *plan_json(const struct cb_plan *p)
{
	const struct cb_scenario *s = p->scenario;

	return json_pack("{s:I, s:I, s:I, s:I, s:s}", "trials", (json_int_t)p->n_trials, "cells",
		(json_int_t)s->n_cells, "repetitions", (json_int_t)s->repetitions, "estimated_ns",
		(json_int_t)p->estimated_ns, "order", cb_order_names[s->order]);
}

static json_t *layout_json(const struct cb_layout *l)
{
	json_t *capture = json_array();

	for (int i = 0; capture && i < l->n_capture; i++)
		json_array_append_new(capture, json_integer(l->capture[i]));
	return json_pack("{s:[], s:s, s:i, s:i, s:o, s:s}", "cells", "receive",
		cb_receive_names[l->receive_mode], "generator_core", l->generator, "receive_core",
		l->receive, "capture_cores", capture, "note", l->note);
}

static bool alike(const struct cb_layout *a, const struct cb_layout *b)
{
	return a->receive_mode == b->receive_mode && a->generator == b->generator &&
		a->receive == b->receive && a->n_capture == b->n_capture &&
		memcmp(a->capture, b->capture, sizeof(*a->capture) * (size_t)a->n_capture) == 0 &&
		strcmp(a->note, b->note) == 0;
}

/* The entry of cells that are laid out like this one; NULL: there is none yet. */
static json_t *find_entry(
	const json_t *list, const struct cb_plan *p, const struct cb_layout *layout)
{
	json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry)
	{
		const json_t *first = json_array_get(json_object_get(entry, "cells"), 0);

		if (alike(&p->layouts[json_integer_value(first)], layout))
			return entry;
	}
	return NULL;
}

static json_t *layouts_json(const struct cb_plan *p)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < p->scenario->n_cells; i++) {
		json_t *entry = NULL;

		if (p->left_out[i][0])
			continue;
		entry = find_entry(list, p, &p->layouts[i]);
		if (!entry) {
			entry = layout_json(&p->layouts[i]);
			json_array_append_new(list, entry);
		}
		json_array_append_new(json_object_get(entry, "cells"), json_integer((json_int_t)i));
	}
	return list;
}

/* [{"cells": [...], "why": "..."}]: what this test-bed can't do. */
static json_t *left_out_json(const struct cb_plan *p)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < p->scenario->n_cells; i++) {
		json_t *entry, *found = NULL;
		size_t k;

		if (!p->left_out[i][0])
			continue;
		json_array_foreach(list, k, entry)
		{
			const char *why = json_string_value(json_object_get(entry, "why"));

			if (why && strcmp(why, p->left_out[i]) == 0)
				found = entry;
		}
		if (!found) {
			found = json_pack("{s:[], s:s}", "cells", "why", p->left_out[i]);
			json_array_append_new(list, found);
		}
		json_array_append_new(json_object_get(found, "cells"), json_integer((json_int_t)i));
	}
	return list;
}

json_t *cb_run_describe(
	const struct cb_plan *plan, const struct cb_testbed_shape *shape, const char *command_line)
{
	const struct cb_scenario *s = plan->scenario;
	char seed[24], started[32];

	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)plan->seed);
	cb_time_utc_text(cb_real_ns(), started);
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:{s:s}, s:s, s:s, s:o, s:o, s:o, s:o}",
		"schema", CB_RECORD_SCHEMA, "scenario", s->name, "title", s->title, "question",
		s->question, "started", started, "seed", seed, "tool", "version", CB_VERSION,
		"command_line", command_line ? command_line : "", "status", "running", "testbed",
		shape_json(shape), "plan", plan_json(plan), "layouts", layouts_json(plan),
		"left_out", left_out_json(plan));
}
