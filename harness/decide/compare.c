#include "harness/decide/compare.h"

#include "harness/base/file.h"
#include "harness/decide/compared.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_run(struct cb_compare_run *run, const char *directory,
	const struct cb_registry *registry, struct cb_error *err)
{
	int rc = cb_report_data_load(&run->data, directory, registry, err);

	run->there = true;
	if (!rc)
		rc = cb_report_cells_make(&run->cells, &run->data, err);
	return rc;
}

const struct cb_compare_run *cb_compare_side(const struct cb_compare *c, int side)
{
	return c->runs[side].there ? &c->runs[side] : &c->runs[CB_COMPARE_BASE];
}

static const struct cb_compare_run *fresh_side(const struct cb_compare *c, int side)
{
	return c->fresh[side].there ? &c->fresh[side] : &c->fresh[CB_COMPARE_BASE];
}

/* The trials that were made again stand below a run with variants. */
static bool has_confirmation(const char *directory, char path[4096])
{
	char file[4096];

	return !cb_file_join(path, 4096, directory, "confirm", NULL) &&
		!cb_file_join(file, sizeof(file), path, "run.json", NULL) && !access(file, F_OK);
}

static int read_runs(
	struct cb_compare *c, const struct cb_compare_source *source, struct cb_error *err)
{
	const char *fresh_base = source->fresh_base;
	char confirmation[4096];
	int rc = read_run(&c->runs[CB_COMPARE_BASE], source->base, c->registry, err);

	if (!source->cand && !fresh_base && has_confirmation(source->base, confirmation))
		fresh_base = confirmation;
	if (!rc && source->cand)
		rc = read_run(&c->runs[CB_COMPARE_CAND], source->cand, c->registry, err);
	if (!rc && fresh_base)
		rc = read_run(&c->fresh[CB_COMPARE_BASE], fresh_base, c->registry, err);
	if (!rc && source->fresh_cand)
		rc = read_run(&c->fresh[CB_COMPARE_CAND], source->fresh_cand, c->registry, err);
	return rc;
}

/* The sides' names: those of the variants, where they are two of one run. */
static int name_sides(
	struct cb_compare *c, const struct cb_compare_source *source, struct cb_error *err)
{
	const struct cb_scenario *s = c->runs[CB_COMPARE_BASE].data.scenario;

	c->labels[CB_COMPARE_BASE] = "base";
	c->labels[CB_COMPARE_CAND] = "candidate";
	if (source->cand)
		return 0;
	if (!s || s->n_variants != 2)
		return cb_error_set(err, CB_ERR_USAGE,
			"%s holds no variants: name the candidate's run directory, too",
			source->base);
	for (int side = 0; side < 2; side++)
		c->labels[side] = c->variants[side] = s->variants[side].name;
	return 0;
}

static int find_measures(struct cb_compare *c, struct cb_error *err)
{
	const struct cb_compare_options *o = &c->options;
	int rc = 0;

	for (size_t i = 0; i < o->n_metrics && !rc; i++)
		rc = cb_measure_find(&c->measures[c->n_measures++], o->metrics[i], err);
	for (size_t i = 0; !o->n_metrics && cb_measure_defaults[i] && !rc; i++)
		rc = cb_measure_find(&c->measures[c->n_measures++], cb_measure_defaults[i], err);
	return rc;
}

/* What the variants set apart differs on purpose. */
static void across_variants(const struct cb_compare *c, struct cb_match_input *in)
{
	const struct cb_scenario *s = c->runs[CB_COMPARE_BASE].data.scenario;

	if (!c->variants[CB_COMPARE_BASE] || !s)
		return;
	in->across[in->n_across++] = "variant";
	for (size_t i = 0; i < s->n_variant_paths && in->n_across < CB_MATCH_ACROSS_MAX; i++)
		in->across[in->n_across++] = s->variant_paths[i];
}

static struct cb_match_input match_input(const struct cb_compare *c)
{
	struct cb_match_input in = {.base = &cb_compare_side(c, CB_COMPARE_BASE)->cells,
		.cand = &cb_compare_side(c, CB_COMPARE_CAND)->cells,
		.base_variant = c->variants[CB_COMPARE_BASE],
		.cand_variant = c->variants[CB_COMPARE_CAND],
		.n_across = c->options.n_across,
		.along = c->options.along,
		.scenario = c->runs[CB_COMPARE_BASE].data.scenario,
		.registry = c->registry};

	memcpy(in.across, c->options.across, sizeof(in.across));
	across_variants(c, &in);
	return in;
}

static void say_unmatched(struct cb_compare *c, const struct cb_match_input *in)
{
	struct cb_text differences = {0};

	cb_match_differences(in, &differences);
	if (c->match.n == 0)
		cb_compared_say(c->reasons,
			"no cell of the base is in the candidate%s%s; what differs on purpose is "
			"named by --across",
			differences.length ? ": they differ in " : "", cb_text_get(&differences));
	else if (c->match.base_only)
		cb_compared_say(c->reasons,
			"%zu cell%s of the base %s not in the candidate: what was not measured "
			"can't pass",
			c->match.base_only, c->match.base_only == 1 ? "" : "s",
			c->match.base_only == 1 ? "is" : "are");
	if (c->match.n && c->match.cand_only)
		cb_compared_say(c->notes, "%zu cell%s of the candidate %s not in the base",
			c->match.cand_only, c->match.cand_only == 1 ? "" : "s",
			c->match.cand_only == 1 ? "is" : "are");
	cb_text_finish(&differences);
}

static int match_cells(struct cb_compare *c, struct cb_error *err)
{
	struct cb_match_input in = match_input(c);
	int rc = cb_match_make(&c->match, &in, err);

	if (rc)
		return rc;
	say_unmatched(c, &in);
	if (!c->fresh[CB_COMPARE_BASE].there)
		return 0;
	in.base = &fresh_side(c, CB_COMPARE_BASE)->cells;
	in.cand = &fresh_side(c, CB_COMPARE_CAND)->cells;
	in.along = c->match.along[0] ? c->match.along : NULL;
	return cb_match_make(&c->match_fresh, &in, err);
}

/* One pair of runs; what differs is appended to c->environment. */
static int compare_places(struct cb_compare *c, const struct cb_compare_run *base,
	const struct cb_compare_run *cand, struct cb_error *err)
{
	const char *fact = NULL;
	json_t *list, *entry;
	size_t i;

	if (base == cand)
		return 0;
	list = cb_environment_compare(&base->data, &cand->data, &c->options.accepted);
	if (!list || json_array_extend(c->environment, list)) {
		json_decref(list);
		return cb_error_memory(err, "a comparison");
	}
	if (!cb_environment_known(&base->data) || !cb_environment_known(&cand->data))
		cb_compared_say(c->reasons,
			"where a run was measured is not known: it has no facts about its hosts");
	json_array_foreach(list, i, entry)
	{
		if (!fact && json_is_true(json_object_get(entry, "stops")))
			fact = json_string_value(json_object_get(entry, "fact"));
	}
	if (fact)
		cb_compared_say(c->reasons,
			"the environments differ (%s%s): what is seen may be theirs; --accept FACT "
			"where it is on purpose",
			fact, cb_environment_stops(list) > 1 ? ", ..." : "");
	json_decref(list);
	return 0;
}

static int compare_environments(struct cb_compare *c, struct cb_error *err)
{
	const struct cb_compare_run *base = cb_compare_side(c, CB_COMPARE_BASE);
	int rc;

	c->environment = json_array();
	if (!c->environment)
		return cb_error_memory(err, "a comparison");
	rc = compare_places(c, base, cb_compare_side(c, CB_COMPARE_CAND), err);
	for (int side = 0; side < 2 && !rc; side++) {
		if (c->fresh[side].there)
			rc = compare_places(c, base, &c->fresh[side], err);
	}
	return rc;
}

/* A metric that nobody asked for by name, and neither side has. */
static bool dispensable(const struct cb_compare *c, const struct cb_compared *x)
{
	return !c->options.n_metrics && !cb_compared_has_values(x) && x->curve->n;
}

static int take_all(struct cb_compare *c, struct cb_error *err)
{
	int rc = 0;

	c->list = calloc(c->n_measures * c->match.n + 1, sizeof(*c->list));
	if (!c->list)
		return cb_error_memory(err, "a comparison");
	for (size_t m = 0; m < c->n_measures && !rc; m++) {
		for (size_t i = 0; i < c->match.n && !rc; i++) {
			struct cb_compared *x = &c->list[c->n];

			rc = cb_compared_take(x, c, &c->match.curves[i], &c->measures[m], err);
			c->n++;
			if (rc || !dispensable(c, x))
				continue;
			cb_compared_say(c->notes, "%s is not compared: neither side has it%s%s",
				x->measure->metric->label, x->curve->label[0] ? " for " : "",
				x->curve->label);
			cb_compared_finish(x);
			c->n--;
		}
	}
	return rc;
}

/* Judged together: the more curves, the more must be shown. */
static int judge_together(
	struct cb_compare *c, struct cb_compared *const *list, size_t n, struct cb_error *err)
{
	struct cb_judged **judged = calloc(n + 1, sizeof(*judged));
	int rc = 0;

	if (!judged)
		return cb_error_memory(err, "a comparison");
	for (size_t i = 0; i < n && !rc; i++) {
		judged[i] = &list[i]->judged;
		rc = cb_judge_curve(judged[i], &c->options.rules, err);
		if (!rc)
			rc = cb_judge_describe(judged[i], &c->options.rules, err);
	}
	if (!rc && cb_judge_all(judged, n, &c->options.rules))
		rc = cb_error_memory(err, "a comparison");
	free(judged);
	return rc;
}

/* The curve of the fresh trials that has a cell of this one. */
static const struct cb_match_curve *fresh_curve(
	const struct cb_compare *c, const struct cb_match_curve *curve)
{
	for (size_t i = 0; i < c->match_fresh.n; i++) {
		const struct cb_match_curve *fresh = &c->match_fresh.curves[i];

		for (size_t k = 0; k < curve->n; k++) {
			if (json_equal(
				    fresh->points[0].base->params, curve->points[k].base->params))
				return fresh;
		}
	}
	return NULL;
}

static int take_again(struct cb_compare *c, struct cb_compared *x, struct cb_error *err)
{
	const struct cb_match_curve *curve = fresh_curve(c, x->curve);

	if (!curve || !x->judged.changed || json_array_size(x->reasons))
		return 0;
	x->again = calloc(1, sizeof(*x->again));
	if (!x->again)
		return cb_error_memory(err, "a comparison");
	return cb_compared_take(x->again, c, curve, x->measure, err);
}

static int judge_again(struct cb_compare *c, struct cb_error *err)
{
	struct cb_compared **list = calloc(c->n + 1, sizeof(*list));
	size_t n = 0;
	int rc = 0;

	if (!list)
		return cb_error_memory(err, "a comparison");
	for (size_t i = 0; i < c->n && !rc; i++) {
		rc = take_again(c, &c->list[i], err);
		if (!rc && c->list[i].again)
			list[n++] = c->list[i].again;
	}
	if (!rc)
		rc = judge_together(c, list, n, err);
	free(list);
	return rc;
}

static int judge(struct cb_compare *c, struct cb_error *err)
{
	struct cb_compared **list = calloc(c->n + 1, sizeof(*list));
	int rc;

	if (!list)
		return cb_error_memory(err, "a comparison");
	for (size_t i = 0; i < c->n; i++)
		list[i] = &c->list[i];
	rc = judge_together(c, list, c->n, err);
	free(list);
	if (!rc)
		rc = judge_again(c, err);
	return rc;
}

static void decide(struct cb_compare *c)
{
	c->outcome = json_array_size(c->reasons) ? CB_OUTCOME_UNCLEAR : CB_OUTCOME_SAME;
	if (!c->n && !json_array_size(c->reasons)) {
		cb_compared_say(c->reasons, "nothing could be compared");
		c->outcome = CB_OUTCOME_UNCLEAR;
	}
	for (size_t i = 0; i < c->n; i++) {
		cb_compared_decide(&c->list[i], c, c->n);
		c->outcome = cb_outcome_worst(c->outcome, c->list[i].outcome);
	}
}

int cb_compare_make(struct cb_compare *c, const struct cb_compare_source *source,
	const struct cb_compare_options *options, const struct cb_registry *registry,
	struct cb_error *err)
{
	int rc;

	*c = (struct cb_compare){.options = *options, .registry = registry};
	c->reasons = json_array();
	c->notes = json_array();
	if (!c->reasons || !c->notes)
		return cb_error_memory(err, "a comparison");
	rc = find_measures(c, err);
	if (!rc)
		rc = read_runs(c, source, err);
	if (!rc)
		rc = name_sides(c, source, err);
	if (!rc)
		rc = match_cells(c, err);
	if (!rc)
		rc = compare_environments(c, err);
	if (!rc)
		rc = take_all(c, err);
	if (!rc)
		rc = judge(c, err);
	if (!rc)
		decide(c);
	return rc;
}

static void finish_run(struct cb_compare_run *run)
{
	if (!run->there)
		return;
	cb_report_cells_finish(&run->cells);
	cb_report_data_finish(&run->data);
	run->there = false;
}

void cb_compare_finish(struct cb_compare *c)
{
	for (size_t i = 0; i < c->n; i++)
		cb_compared_finish(&c->list[i]);
	free(c->list);
	cb_match_finish(&c->match);
	cb_match_finish(&c->match_fresh);
	for (int side = 0; side < 2; side++) {
		finish_run(&c->runs[side]);
		finish_run(&c->fresh[side]);
	}
	json_decref(c->environment);
	json_decref(c->reasons);
	json_decref(c->notes);
	*c = (struct cb_compare){.n = 0};
}
