#include "harness/base/file.h"
#include "harness/base/units.h"
#include "harness/book/summary.h"
#include "harness/decide/tune_run.h"
#include "harness/decide/tune_words.h"
#include "harness/report/books.h"
#include "harness/report/cells.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SHOWN_MAX 12 /* of the ranking on a terminal; tune.json has all */

/* A report under way. */
struct writing {
	char directory[4096];
	struct cb_report_data data;
	struct cb_report_cells cells;
	const struct cb_registry *registry;
	struct cb_tune tune;
	struct cb_tune_wish wish;
	size_t candidates[CB_TUNE_CANDIDATES_MAX]; /* their cells */
	struct cb_tune_trial *trials;
	size_t n;
	struct cb_tune_rank ranks[CB_TUNE_CANDIDATES_MAX];
	size_t n_ranks;
	struct cb_tune_verdict verdict;
	bool done;
	struct cb_text *text;
};

static int gather(struct writing *w, struct cb_error *err)
{
	int rc = cb_tune_read_request(w->data.run, &w->wish, &w->tune, err);

	w->tune.n_candidates = cb_tune_cells(w->data.scenario, w->data.run, w->candidates);
	w->trials = calloc(w->data.n_trials + 1, sizeof(*w->trials));
	if (!w->trials)
		return cb_error_memory(err, "the report");
	for (size_t i = 0; !rc && i < w->data.n_trials; i++) {
		if (w->data.trials[i].counts)
			w->trials[w->n++] = cb_tune_trial_of(
				&w->data.trials[i].record, w->candidates, w->tune.n_candidates);
	}
	return rc;
}

static int decide(struct writing *w, struct cb_error *err)
{
	struct cb_tune_step step;
	int rc = cb_tune_judge(&w->tune, w->trials, w->n, &w->verdict, err);

	w->n_ranks = cb_tune_ranking(&w->tune, w->trials, w->n, w->ranks);
	w->done = !rc && !cb_tune_next(&w->tune, w->trials, w->n, &step, NULL) && step.done;
	return rc;
}

static const json_t *params_of(const struct writing *w, size_t candidate)
{
	return w->data.scenario->cells[w->candidates[candidate]].params;
}

static void name(const struct writing *w, size_t candidate, struct cb_text *out)
{
	const struct cb_report_cell *cell = cb_report_cell_at(&w->cells, w->candidates[candidate]);

	if (cell)
		cb_report_cell_print(&w->cells, cell, w->registry, out);
}

static json_t *books_json(const struct cb_report_cell *cell)
{
	struct cb_books b;
	json_t *o = json_object();

	cb_books_sum(&b, cell, 0);
	json_object_set_new(o, "trials", json_integer((json_int_t)b.n));
	cb_json_set_count(o, "offered", b.offered);
	cb_json_set_count(o, "unique", b.unique);
	cb_json_set_count(o, "path_dropped", b.path_dropped);
	cb_json_set_count(o, "tap_dropped", b.tap_dropped);
	cb_json_set_count(o, "unread", b.unread);
	cb_json_set_count(o, "unaccounted", b.unaccounted);
	return o;
}

static json_t *ranking_json(const struct writing *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->n_ranks; i++) {
		const struct cb_tune_rank *r = &w->ranks[i];
		size_t cell = w->candidates[r->candidate];
		struct cb_text label = {0};
		json_t *o;

		name(w, r->candidate, &label);
		o = json_pack("{s:I, s:I, s:b, s:s, s:i, s:I, s:o}", "rank", (json_int_t)i + 1,
			"cell", (json_int_t)cell, "default", r->candidate == 0, "settings",
			cb_text_get(&label), "rounds", r->round + 1, "trials",
			(json_int_t)r->trials, "books",
			books_json(cb_report_cell_at(&w->cells, cell)));
		cb_json_set_real(o, "captured_share", r->share);
		cb_json_set_real(o, "cpu_ns_per_frame", r->cost);
		json_array_append_new(list, o);
		cb_text_finish(&label);
	}
	return list;
}

static json_t *verdict_json(const struct writing *w)
{
	const struct cb_tune_verdict *v = &w->verdict;
	json_t *o = json_pack("{s:b, s:s, s:I, s:I}", "finished", w->done, "verdict",
		!w->done             ? "unfinished"
			: !v->better ? "the default is already best"
			: v->by_cost ? "better: captures no less for less CPU time"
				     : "better: captures more",
		"trials", (json_int_t)v->n, "default_trials", (json_int_t)v->n_default);

	if (v->challenger != SIZE_MAX)
		json_object_set_new(
			o, "challenger", json_integer((json_int_t)w->candidates[v->challenger]));
	cb_json_set_real(o, "captured_share", v->share);
	cb_json_set_real(o, "default_captured_share", v->share_default);
	cb_json_set_real(o, "cpu_ns_per_frame", v->cost);
	cb_json_set_real(o, "default_cpu_ns_per_frame", v->cost_default);
	cb_json_set_real(o, "share_p", v->share_test.p);
	cb_json_set_real(o, "cost_p", v->cost_test.p);
	return o;
}

static void print_ranking(const struct writing *w)
{
	cb_text_addf(w->text, "%4s %9s %9s %7s %7s  %s\n", "rank", "captured", "ns/frame", "rounds",
		"trials", "settings");
	for (size_t i = 0; i < w->n_ranks; i++) {
		const struct cb_tune_rank *r = &w->ranks[i];
		struct cb_text label = {0};

		if (i >= SHOWN_MAX && r->candidate != 0)
			continue;
		name(w, r->candidate, &label);
		cb_text_addf(w->text, "%4zu %7.2f %% %9.0f %7d %7zu  %s%s\n", i + 1, 100 * r->share,
			r->cost, r->round + 1, r->trials, cb_text_get(&label),
			r->candidate == 0 ? "  (default)" : "");
		cb_text_finish(&label);
	}
}

/* Where the rate that was asked for was not reached, the answer is one about another. */
static void print_limited(const struct writing *w)
{
	struct cb_report_totals totals;

	cb_report_totals_make(&totals, &w->data);
	if (totals.generator_limited)
		cb_text_addf(w->text,
			"\n%lld of %lld trials were generator-limited: less was offered than asked "
			"for, and the answer is one for what was offered\n",
			(long long)totals.generator_limited, (long long)totals.trials);
}

/* What came a second, the median of all trials; NaN: none tells. */
static double came_pps(const struct writing *w)
{
	double *values = calloc(w->data.n_trials + 1, sizeof(*values)), median;
	size_t n = 0;

	for (size_t i = 0; values && i < w->data.n_trials; i++) {
		double pps = w->data.trials[i].record.generator.offered_pps;

		if (w->data.trials[i].counts && !isnan(pps))
			values[n++] = pps;
	}
	median = n ? cb_summarise(values, n).median : (double)NAN;
	free(values);
	return median;
}

/* Traffic from elsewhere is what it is. */
static void print_traffic(const struct writing *w)
{
	char came[48], asked[48];
	double pps = came_pps(w);

	if (!*w->wish.interface || isnan(pps))
		return;
	cb_unit_human(CB_UNIT_RATE, pps, came, sizeof(came));
	cb_unit_human(CB_UNIT_RATE, (double)w->wish.rate, asked, sizeof(asked));
	cb_text_addf(w->text, "\n%s came to %s (median of the trials); %s were expected\n", came,
		w->wish.interface, asked);
}

static void print_verdict(const struct writing *w)
{
	const struct cb_tune_verdict *v = &w->verdict;
	struct cb_text label = {0};

	if (v->challenger == SIZE_MAX || !w->done) {
		cb_text_add(w->text, "\nnot finished: nothing is decided yet\n");
		return;
	}
	name(w, v->challenger, &label);
	cb_text_addf(w->text,
		"\nFresh trials, in turn: best of the others %.2f %% captured, %.0f ns a frame "
		"(%zu "
		"trials)\n                       the default         %.2f %% captured, %.0f ns a "
		"frame (%zu trials)\n                       captures more: p = %.4f; costs less: p "
		"= %.4f\n",
		100 * v->share, v->cost, v->n, 100 * v->share_default, v->cost_default,
		v->n_default, v->share_test.p, v->cost_test.p);
	if (v->better)
		cb_text_addf(w->text, "Use %s: it captures %s than the default.\n",
			cb_text_get(&label), v->by_cost ? "no less, for less CPU time," : "more");
	else
		cb_text_add(w->text,
			"The default is already best: nothing that was tried is shown "
			"to be better.\n");
	cb_text_finish(&label);
}

static int write_file(
	const struct writing *w, const char *file, const struct cb_text *text, struct cb_error *err)
{
	char path[4200];

	if (text->failed)
		return cb_error_memory(err, file);
	snprintf(path, sizeof(path), "%s/%s", w->directory, file);
	return cb_file_replace(path, cb_text_get(text), text->length, err);
}

static int write_comparison(struct writing *w, struct cb_error *err)
{
	struct cb_text yaml = {0};
	int rc;

	if (w->verdict.challenger == SIZE_MAX)
		return 0;
	cb_tune_comparison(&w->wish, params_of(w, 0), params_of(w, w->verdict.challenger), &yaml);
	rc = write_file(w, "default-vs-best.yaml", &yaml, err);
	cb_text_finish(&yaml);
	cb_text_addf(
		w->text, "\nTo see it again: capbench run %s/default-vs-best.yaml\n", w->directory);
	return rc;
}

static int write_all(struct writing *w, json_t **result, struct cb_error *err)
{
	struct cb_text dump = {0};
	json_t *all;
	char *text;
	size_t chosen = w->done && w->verdict.better ? w->verdict.challenger : 0;
	int rc;

	print_ranking(w);
	print_limited(w);
	print_traffic(w);
	print_verdict(w);
	cb_text_add(w->text, "\nSettings:\n");
	cb_tune_words(params_of(w, chosen), w->text);
	rc = write_comparison(w, err);
	all = json_pack("{s:i, s:O, s:o, s:o, s:I}", "schema", 1, "request",
		json_object_get(w->data.run, "request"), "ranking", ranking_json(w), "comparison",
		verdict_json(w), "use", (json_int_t)w->candidates[chosen]);
	if (*w->wish.interface)
		cb_json_set_real(all, "came_pps", came_pps(w));
	text = all ? json_dumps(all, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;
	cb_text_add(&dump, text ? text : "");
	free(text);
	if (!rc)
		rc = write_file(w, "tune.json", &dump, err);
	if (!rc)
		rc = write_file(w, "tune.txt", w->text, err);
	cb_text_finish(&dump);
	if (result)
		*result = json_incref(all);
	json_decref(all);
	if (!rc && !w->done)
		rc = cb_error_set(err, CB_ERR_INCONCLUSIVE, "the tuning is not finished");
	return rc;
}

int cb_tune_report(const char *directory, const struct cb_registry *registry, bool pictures,
	json_t **result, struct cb_text *text, struct cb_error *err)
{
	struct writing *w = calloc(1, sizeof(*w));
	int rc = w ? cb_report_data_load(&w->data, directory, registry, err)
		   : cb_error_memory(err, "the report");

	if (!w)
		return rc;
	w->registry = registry;
	w->text = text;
	if (!rc && !w->data.scenario)
		rc = cb_error_set(
			err, CB_ERR_USAGE, "%s/scenario.resolved.yaml can't be read", directory);
	if (!rc)
		rc = cb_report_cells_make(&w->cells, &w->data, err);
	if (!rc)
		rc = cb_file_join(w->directory, sizeof(w->directory), directory, "report", err);
	if (!rc)
		rc = cb_file_make_dirs(w->directory, err);
	if (!rc)
		rc = gather(w, err);
	if (!rc)
		rc = decide(w, err);
	if (!rc)
		rc = write_all(w, result, err);
	free(w->trials);
	cb_report_cells_finish(&w->cells);
	cb_report_data_finish(&w->data);
	free(w);
	return rc;
}
