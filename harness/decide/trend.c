#include "harness/decide/trend.h"

#include "harness/base/file.h"
#include "harness/decide/compared.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is read once for all runs. */
struct reading {
	struct cb_trend *t;
	const struct cb_compare_options *options;
	const struct cb_registry *registry;
	struct cb_compare_run last; /* the run whose curves are followed */
	struct cb_match curves;     /* of the last run against itself */
};

static bool has_run(const char *directory)
{
	char path[4096];

	return !cb_file_join(path, sizeof(path), directory, "run.json", NULL) &&
		access(path, F_OK) == 0;
}

static int add_run(struct cb_trend *t, const char *directory, bool found, struct cb_error *err)
{
	struct cb_trend_run *more;

	if (t->n_runs == CB_TREND_RUNS_MAX)
		return cb_error_set(err, CB_ERR_USAGE, "more than %d runs", CB_TREND_RUNS_MAX);
	more = reallocarray(t->runs, t->n_runs + 1, sizeof(*more));
	if (!more)
		return cb_error_memory(err, "a trend");
	t->runs = more;
	memset(&more[t->n_runs], 0, sizeof(*more));
	if (!cb_text_copy(more[t->n_runs].directory, sizeof(more->directory), directory))
		return cb_error_set(err, CB_ERR_USAGE, "%s: the name is too long", directory);
	more[t->n_runs++].found = found;
	return 0;
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A run, or a folder of runs. */
static int list_runs(struct cb_trend *t, const char *directory, struct cb_error *err)
{
	struct dirent **entries = NULL;
	size_t before = t->n_runs;
	int n, rc = 0;

	if (has_run(directory))
		return add_run(t, directory, false, err);
	n = scandir(directory, &entries, not_hidden, alphasort);
	for (int i = 0; i < n; i++) {
		char path[4096];

		if (!rc && !cb_file_join(path, sizeof(path), directory, entries[i]->d_name, NULL) &&
			has_run(path))
			rc = add_run(t, path, true, err);
		free(entries[i]);
	}
	free(entries);
	if (!rc && t->n_runs == before)
		rc = cb_error_set(err, CB_ERR_USAGE,
			"%s is neither a run directory nor a folder of such (results/<scenario>)",
			directory);
	return rc;
}

static int read_head(struct cb_trend_run *run, struct cb_error *err)
{
	char path[4096], *text = NULL;
	size_t size;
	json_t *json;
	int rc = cb_file_join(path, sizeof(path), run->directory, "run.json", err);

	if (!rc)
		rc = cb_file_read(path, 16U << 20, &text, &size, err);
	if (rc)
		return rc;
	json = cb_json_parse(text, size, err);
	free(text);
	if (!json)
		return cb_error_prepend(err, "%s", path);
	rc = cb_json_text(json, "started", run->started, sizeof(run->started), err);
	if (!rc)
		rc = cb_json_text(json, "scenario", run->scenario, sizeof(run->scenario), err);
	json_decref(json);
	return rc ? cb_error_prepend(err, "%s", path) : 0;
}

static int by_start(const void *a, const void *b)
{
	const struct cb_trend_run *x = a, *y = b;
	int by = strcmp(x->started, y->started);

	return by ? by : strcmp(x->directory, y->directory);
}

/* A folder may hold runs of several scenarios: those of the newest run's are followed, and whatever
 * was named. */
static void leave_others(struct cb_trend *t)
{
	size_t kept = 0, all = t->n_runs;
	char name[sizeof(t->runs->scenario)];

	snprintf(name, sizeof(name), "%s", t->runs[all - 1].scenario);
	for (size_t i = 0; i < all; i++) {
		if (!t->runs[i].found || !strcmp(t->runs[i].scenario, name))
			t->runs[kept++] = t->runs[i];
	}
	t->n_runs = kept;
	if (kept < all)
		cb_compared_say(t->notes, "%zu run%s of other scenarios than %s: left out",
			all - kept, all - kept == 1 ? "" : "s", name);
}

static int read_run(struct cb_compare_run *run, const char *directory,
	const struct cb_registry *registry, struct cb_error *err)
{
	int rc = cb_report_data_load(&run->data, directory, registry, err);

	run->there = true;
	return rc ? rc : cb_report_cells_make(&run->cells, &run->data, err);
}

static void finish_run(struct cb_compare_run *run)
{
	if (!run->there)
		return;
	cb_report_cells_finish(&run->cells);
	cb_report_data_finish(&run->data);
	*run = (struct cb_compare_run){.there = false};
}

static struct cb_match_input match_input(const struct reading *r,
	const struct cb_report_cells *base, const struct cb_report_cells *cand)
{
	struct cb_match_input in = {.base = base,
		.cand = cand,
		.n_across = r->options->n_across,
		.along = r->options->along,
		.scenario = r->last.data.scenario,
		.registry = r->registry};

	memcpy(in.across, r->options->across, sizeof(in.across));
	return in;
}

static int make_series(struct reading *r, struct cb_error *err)
{
	struct cb_trend *t = r->t;

	t->series = calloc(t->n_measures * r->curves.n + 1, sizeof(*t->series));
	if (!t->series)
		return cb_error_memory(err, "a trend");
	for (size_t m = 0; m < t->n_measures; m++) {
		for (size_t i = 0; i < r->curves.n; i++) {
			double *levels = calloc(t->n_runs + 1, sizeof(*levels));
			struct cb_trend_series *s = &t->series[t->n++];

			*s = (struct cb_trend_series){.measure = &t->measures[m],
				.label = strdup(r->curves.curves[i].label),
				.levels = levels};
			if (!s->label || !levels)
				return cb_error_memory(err, "a trend");
			for (size_t k = 0; k < t->n_runs; k++)
				levels[k] = NAN;
		}
	}
	return 0;
}

/* The cell of `run` that is matched to this cell of the last run; NULL: none. */
static const struct cb_report_cell *partner(
	const struct cb_match *match, const struct cb_report_cell *of)
{
	for (size_t i = 0; i < match->n; i++) {
		for (size_t k = 0; k < match->curves[i].n; k++) {
			if (match->curves[i].points[k].base == of)
				return match->curves[i].points[k].cand;
		}
	}
	return NULL;
}

static double level_of(const struct cb_measure *m, const struct cb_match_curve *curve,
	const struct cb_match *match)
{
	double sum = 0;

	for (size_t k = 0; k < curve->n; k++) {
		const struct cb_report_cell *cell = partner(match, curve->points[k].base);
		struct cb_summary s = {.n = 0};

		if (cell)
			s = cb_report_cell_summary(cell, m->metric);
		if (!s.n)
			return NAN;
		sum += m->ratio ? log(s.median) : s.median;
	}
	sum /= (double)curve->n;
	return m->ratio ? exp(sum) : sum;
}

static int add_levels(struct reading *r, size_t nth, struct cb_error *err)
{
	struct cb_trend *t = r->t;
	struct cb_compare_run run = {.there = false};
	struct cb_match match = {.n = 0};
	struct cb_match_input in;
	int rc = read_run(&run, t->runs[nth].directory, r->registry, err);

	if (!rc) {
		in = match_input(r, &r->last.cells, &run.cells);
		rc = cb_match_make(&match, &in, err);
	}
	for (size_t i = 0; i < t->n && !rc; i++) {
		const struct cb_trend_series *s = &t->series[i];

		if (s->measure && s->levels)
			s->levels[nth] =
				level_of(s->measure, &r->curves.curves[i % r->curves.n], &match);
	}
	if (!rc && match.base_only)
		cb_compared_say(t->notes,
			"%s lacks %zu cells of the last run: its curves have gaps",
			t->runs[nth].directory, match.base_only);
	cb_match_finish(&match);
	finish_run(&run);
	return rc;
}

static int find_measures(
	struct cb_trend *t, const struct cb_compare_options *o, struct cb_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < o->n_metrics && !rc; i++)
		rc = cb_measure_find(&t->measures[t->n_measures++], o->metrics[i], err);
	for (size_t i = 0; !o->n_metrics && cb_measure_defaults[i] && !rc; i++)
		rc = cb_measure_find(&t->measures[t->n_measures++], cb_measure_defaults[i], err);
	return rc;
}

static int find_changes(struct cb_trend *t, struct cb_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < t->n && !rc; i++)
		rc = cb_changes_find(t->series[i].levels, t->n_runs, CB_TREND_ALPHA, t->seed,
			&t->series[i].changes, &t->series[i].n_changes, err);
	if (!rc && t->n_runs < CB_CHANGES_LEAST)
		cb_compared_say(t->notes,
			"%zu runs are too few to tell a change from chance: from %d on changes are "
			"marked",
			t->n_runs, CB_CHANGES_LEAST);
	return rc;
}

static int read_all(struct reading *r, struct cb_error *err)
{
	struct cb_trend *t = r->t;
	struct cb_match_input in;
	int rc = read_run(&r->last, t->runs[t->n_runs - 1].directory, r->registry, err);

	if (rc)
		return rc;
	snprintf(t->title, sizeof(t->title), "%s", cb_report_data_title(&r->last.data));
	in = match_input(r, &r->last.cells, &r->last.cells);
	rc = cb_match_make(&r->curves, &in, err);
	if (!rc)
		rc = make_series(r, err);
	for (size_t i = 0; i < t->n_runs && !rc; i++)
		rc = add_levels(r, i, err);
	return rc;
}

int cb_trend_make(struct cb_trend *t, const char *const *directories, size_t n,
	const struct cb_compare_options *options, const struct cb_registry *registry,
	struct cb_error *err)
{
	struct reading r = {.t = t, .options = options, .registry = registry};
	int rc;

	*t = (struct cb_trend){.seed = options->rules.seed, .notes = json_array()};
	if (!t->notes)
		return cb_error_memory(err, "a trend");
	rc = find_measures(t, options, err);
	for (size_t i = 0; i < n && !rc; i++)
		rc = list_runs(t, directories[i], err);
	for (size_t i = 0; i < t->n_runs && !rc; i++)
		rc = read_head(&t->runs[i], err);
	if (!rc) {
		qsort(t->runs, t->n_runs, sizeof(*t->runs), by_start);
		leave_others(t);
	}
	if (!rc && t->n_runs < 2)
		rc = cb_error_set(err, CB_ERR_INCONCLUSIVE,
			"a trend takes two runs and more: name them, or the folder that they are "
			"in");
	if (!rc)
		rc = read_all(&r, err);
	if (!rc)
		rc = find_changes(t, err);
	cb_match_finish(&r.curves);
	finish_run(&r.last);
	return rc;
}

void cb_trend_finish(struct cb_trend *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->series[i].label);
		free(t->series[i].levels);
		free(t->series[i].changes);
	}
	free(t->series);
	free(t->runs);
	json_decref(t->notes);
	*t = (struct cb_trend){.n = 0};
}
