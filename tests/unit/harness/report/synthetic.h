/*
 * Run directories with made-up results, for the tests of the report: the files that a run leaves,
 * written through the records' own writer.
 */
#ifndef CB_TESTS_REPORT_SYNTHETIC_H
#define CB_TESTS_REPORT_SYNTHETIC_H

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/record/record.h"
#include "harness/scenario/scenario.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/harness/base/check.h"
#include "tests/unit/harness/report/members.h"

#define UNUSED __attribute__((unused))

#define SYNTHETIC_NOTE "one core does <everything>" /* of the layouts */

/* A run directory being made. */
struct synthetic {
	char directory[256];
	struct cb_scenario *scenario; /* NULL: the directory has none */
	struct cb_text trials;
	int64_t n_trials;
};

static UNUSED void synthetic_write(const struct synthetic *s, const char *name, const char *text)
{
	const char *slash = strrchr(name, '/');
	char path[512];

	if (!slash)
		slash = name;
	snprintf(path, sizeof(path), "%s/%.*s", s->directory, (int)(slash - name), name);
	assert_int_equal(cb_file_make_dirs(path, NULL), 0);
	snprintf(path, sizeof(path), "%s/%s", s->directory, name);
	assert_int_equal(cb_file_replace(path, text, text ? strlen(text) : 0, NULL), 0);
}

static UNUSED char *synthetic_read(const struct synthetic *s, const char *name)
{
	struct cb_error err = {0};
	char path[512], *text = NULL;

	snprintf(path, sizeof(path), "%s/%s", s->directory, name);
	if (cb_file_read(path, 64u << 20, &text, NULL, &err))
		fail_msg("%s", err.text);
	return text;
}

static UNUSED bool synthetic_has(const struct synthetic *s, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", s->directory, name);
	return access(path, F_OK) == 0;
}

/* `yaml` NULL: a directory without a scenario. */
static UNUSED void synthetic_open(struct synthetic *s, const char *yaml)
{
	struct cb_scenario_source source = {.path = "test.yaml", .text = yaml};
	struct cb_error err = {0};

	memset(s, 0, sizeof(*s));
	snprintf(s->directory, sizeof(s->directory), "/tmp/capbench-report-XXXXXX");
	assert_non_null(mkdtemp(s->directory));
	if (yaml && cb_scenario_load(&s->scenario, &source, &test_registry, &err))
		fail_msg("%s", err.text);
	if (yaml)
		synthetic_write(s, "scenario.resolved.yaml", s->scenario->resolved);
}

static UNUSED int synthetic_remove(
	const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

static UNUSED void synthetic_close(struct synthetic *s)
{
	nftw(s->directory, synthetic_remove, 16, FTW_DEPTH | FTW_PHYS);
	cb_scenario_destroy(s->scenario);
	cb_text_finish(&s->trials);
}

/* What the books of a made-up trial say; the rest follows from it. */
struct synthetic_trial {
	int64_t trial, cell, repetition, attempt;
	double pps, share; /* offered over the window; captured of it */
	int64_t views;     /* 0: one */
	int64_t buffer_frames;
	enum cb_trial_state state;
	const char *reason; /* NULL: none */
};

static UNUSED void synthetic_view(
	struct cb_trial_record *r, const struct synthetic_trial *t, struct cb_view_record *v)
{
	const struct cb_generator_book *g = &r->generator.book;
	int64_t lost = (int64_t)llround((double)g->window_offered * (1 - t->share));

	cb_view_record_init(v);
	v->book = (struct cb_view_book){.received = g->offered - lost,
		.unique = g->offered - lost,
		.tap_dropped = lost,
		.window_unique = g->window_offered - lost};
	cb_ledger_settle(g, &r->path, &v->book);
	v->elapsed_ns = r->generator.elapsed_ns;
	v->cpu_ns = v->book.received * 350;
	v->wakeups = v->book.received / 20;
	v->syscalls = v->book.received / 20;
	v->batches = v->book.received / 16;
	v->context_switches_voluntary = v->wakeups;
	v->context_switches_involuntary = 3;
	v->buffer_frames = t->buffer_frames;
	cb_text_copy(v->mechanism, sizeof(v->mechanism), "recv");
}

/* One second, after 0.2 s of warm-up at the same rate. To be finished by the caller. */
static UNUSED void synthetic_record(
	const struct synthetic *s, const struct synthetic_trial *t, struct cb_trial_record *r)
{
	size_t n = t->views ? (size_t)t->views : 1;

	cb_trial_record_init(r);
	r->trial = t->trial;
	r->cell = t->cell;
	r->repetition = t->repetition;
	r->attempt = t->attempt ? t->attempt : 1;
	r->state = t->state;
	if (t->reason)
		json_array_append_new(r->reasons, json_string(t->reason));
	if (s->scenario) {
		json_decref(r->params);
		r->params = json_deep_copy(s->scenario->cells[t->cell].params);
		cb_text_copy(r->cell_id, sizeof(r->cell_id), s->scenario->cells[t->cell].id);
	}
	cb_text_copy(r->started, sizeof(r->started), "2026-11-21T21:40:05Z");
	r->path = (struct cb_path_book){0};
	r->generator.book.window_offered = llround(t->pps);
	r->generator.book.offered = llround(t->pps * 1.2);
	r->generator.book.intended = r->generator.book.offered;
	r->generator.unoffered = 0;
	r->generator.offered_pps = t->pps;
	r->generator.window_elapsed_ns = (int64_t)CB_NS_PER_SEC;
	r->generator.elapsed_ns = (int64_t)(CB_NS_PER_SEC * 12 / 10);
	r->generator.cpu_ns = r->generator.elapsed_ns * 9 / 10;
	r->generator.lateness_p99_ns = 4200;
	r->evidence.receive_softirq_ns = r->generator.book.offered * 410;
	r->evidence.softnet_squeezed = 2;
	r->evidence.steal_share = 0.001;
	r->views = calloc(n, sizeof(*r->views));
	assert_non_null(r->views);
	for (r->n_views = 0; r->n_views < n; r->n_views++)
		synthetic_view(r, t, &r->views[r->n_views]);
}

static UNUSED void synthetic_add_record(struct synthetic *s, const struct cb_trial_record *r)
{
	json_t *json = cb_trial_record_json(r);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	assert_non_null(text);
	if (text) /* the compiler doesn't know that the assertion has seen to it */
		cb_text_addf(&s->trials, "%s\n", text);
	s->n_trials++;
	free(text);
	json_decref(json);
}

static UNUSED void synthetic_add(struct synthetic *s, const struct synthetic_trial *t)
{
	struct cb_trial_record r;

	synthetic_record(s, t, &r);
	synthetic_add_record(s, &r);
	cb_trial_record_finish(&r);
}

/* `planned` trials, of which those added were made. */
static UNUSED void synthetic_save(struct synthetic *s, int64_t planned, const char *title)
{
	json_t *run = json_pack(
		"{s:i, s:s, s:s, s:s, s:s, s:{s:s}, s:s, s:s, s:{s:I, s:I, s:I}, "
		"s:{s:i}, s:{s:[s]}, s:[{s:[i], s:s}, {s:[i, i], s:s}, {s:[i], s:s}]}",
		"schema", 1, "scenario", s->scenario ? s->scenario->name : "synthetic", "title",
		title, "started", "2026-11-21T21:40:05Z", "seed", "42", "tool", "version", "1.2.3",
		"command_line", "capbench run scenarios/quick.yaml", "status", "complete", "plan",
		"trials", (json_int_t)planned, "cells", (json_int_t)1, "repetitions", (json_int_t)1,
		"evidence", "softirq_cost_ns", 61, "testbed", "missing",
		"RPS: needs root, so A:A cannot be had", "layouts", "cells", 0, "note",
		SYNTHETIC_NOTE, "cells", 1, 99, "note", SYNTHETIC_NOTE, "cells", 1, "note", "");
	char *text = run ? json_dumps(run, JSON_INDENT(1)) : NULL;

	assert_non_null(text);
	synthetic_write(s, "run.json", text);
	synthetic_write(s, "trials.jsonl", cb_text_get(&s->trials));
	synthetic_write(s, "calibration.jsonl", "");
	synthetic_write(s, "hosts/local/facts.json",
		"{\"cpu\": {\"model\": \"Test CPU\", \"online\": 2, \"hypervisor\": true}, "
		"\"kernel\": "
		"{\"release\": \"6.1.0\"}, \"boot_id\": \"b\"}\n");
	free(text);
	json_decref(run);
}

#endif
