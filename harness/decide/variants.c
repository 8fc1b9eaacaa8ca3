#include "harness/decide/variants.h"

#include "harness/base/file.h"
#include "harness/base/log.h"

#include <stdio.h>
#include <string.h>

/* Something found on sound trials: fresh ones can tell more. */
static bool is_suspect(const struct cb_compare *c, const struct cb_compared *x)
{
	return x->judged.changed && json_array_size(c->reasons) == 0 &&
		(x->again || x->outcome == CB_OUTCOME_SUSPECT ||
			x->outcome == CB_OUTCOME_CONFIRMED);
}

static size_t count_suspects(const struct cb_compare *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += is_suspect(c, &c->list[i]);
	return n;
}

/* The fresh trials are there, all of them. */
static bool confirmed_already(const struct cb_compare *c)
{
	const struct cb_compare_run *fresh = &c->fresh[CB_COMPARE_BASE];

	return fresh->there &&
		strcmp(cb_report_data_run_text(&fresh->data, "status"), "complete") == 0;
}

static bool in_suspect_curve(const struct cb_compare *c, const char *id)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct cb_match_curve *curve = c->list[i].curve;

		for (size_t k = 0; is_suspect(c, &c->list[i]) && k < curve->n; k++) {
			if (!strcmp(curve->points[k].base->id, id) ||
				!strcmp(curve->points[k].cand->id, id))
				return true;
		}
	}
	return false;
}

/* The scenario as it was run, with more repetitions, and only the cells of suspected curves. */
static int load_again(struct cb_scenario **again, const struct cb_scenario *s,
	const struct cb_compare *c, const char *directory, const struct cb_registry *registry,
	struct cb_error *err)
{
	char path[4096], set[48];
	const char *const sets[] = {set};
	struct cb_scenario_source source = {.path = path, .sets = sets, .n_sets = 1};
	long long fresh = s->repetitions > CB_VARIANTS_FRESH ? s->repetitions : CB_VARIANTS_FRESH;
	int rc = cb_file_join(path, sizeof(path), directory, "scenario.resolved.yaml", err);

	snprintf(set, sizeof(set), "repetitions=%lld", fresh);
	if (!rc)
		rc = cb_scenario_load(again, &source, registry, err);
	for (size_t i = 0; !rc && i < (*again)->n_cells; i++) {
		struct cb_cell *cell = &(*again)->cells[i];

		if (!in_suspect_curve(c, cell->id))
			snprintf(cell->why_not, sizeof(cell->why_not),
				"its curve showed no change: it is not measured again");
	}
	return rc;
}

static int measure_again(const struct cb_scenario *s, const struct cb_run_options *run,
	const struct cb_compare *c, const char *directory, const struct cb_registry *registry,
	struct cb_error *err)
{
	struct cb_run_options options = *run;
	struct cb_run_outcome outcome;
	struct cb_scenario *again = NULL;
	char path[4096];
	int rc = load_again(&again, s, c, directory, registry, err);

	if (!rc)
		rc = cb_file_join(path, sizeof(path), directory, "confirm", err);
	options.resume = c->fresh[CB_COMPARE_BASE].there ? path : NULL;
	options.out = options.resume ? NULL : path;
	if (!rc && !run->quiet)
		cb_info("%zu of %zu curves look changed: they are measured again, %lld fresh "
			"trials of each cell",
			count_suspects(c), c->n, (long long)again->repetitions);
	if (!rc) {
		rc = cb_run(again, &options, &outcome, err);
		if (rc)
			cb_error_prepend(err, "measuring again");
	}
	cb_scenario_destroy(again);
	return rc;
}

int cb_variants_run(const struct cb_scenario *s, const struct cb_run_options *run,
	const struct cb_compare_options *compare, const struct cb_registry *registry,
	struct cb_run_outcome *outcome, struct cb_compare *c, struct cb_error *err)
{
	struct cb_compare_source source = {.base = outcome->directory};
	int rc = cb_run(s, run, outcome, err);

	*c = (struct cb_compare){.n = 0};
	if (!rc)
		rc = cb_compare_make(c, &source, compare, registry, err);
	if (rc || !count_suspects(c) || confirmed_already(c))
		return rc;
	rc = measure_again(s, run, c, outcome->directory, registry, err);
	if (rc)
		return rc;
	cb_compare_finish(c);
	return cb_compare_make(c, &source, compare, registry, err);
}
