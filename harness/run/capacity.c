#include "harness/run/capacity.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/base/units.h"
#include "harness/run/trial.h"
#include "harness/scenario/capacity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TRY_NS    ((int64_t)(250 * CB_NS_PER_MS))
#define WARMUP_NS ((int64_t)(100 * CB_NS_PER_MS))
#define DRAIN_NS  ((int64_t)(300 * CB_NS_PER_MS))
/* Rates are found within half a percent: 64-fold, halved ten times on a logarithmic scale. */
#define LOWEST_SHARE (1.0 / 64)
#define STEPS        10
/* Below that a try has no ten frames, and says nothing. */
#define LEAST_PPS 40.0
/* How often a try is made that comes out invalid, for time that was stolen above all. */
#define TRIES_MAX 6
/* Frames that the slowest generator leaves to chance. */
#define LIMIT_SHARE 0.95

#define LINES_BYTES_MAX (64u << 20)

/* What disturbs a try makes it fail, never succeed; and what is halved away for one that failed so
 * does not come back. */
static int try_twice(
	cb_capacity_try *try, void *arg, double rate, double *offered_pps, struct cb_error *err)
{
	int yes = try(arg, rate, offered_pps, err);

	return yes ? yes : try(arg, rate, offered_pps, err);
}

/* From *high, which is too much, down to a rate that is sustained; *high follows. */
static int find_low(
	cb_capacity_try *try, void *arg, double *low, double *high, struct cb_error *err)
{
	double offered;

	while (*high > LEAST_PPS) {
		int yes;

		*low = fmax(*high * LOWEST_SHARE, LEAST_PPS);
		yes = try_twice(try, arg, *low, &offered, err);
		if (yes)
			return yes < 0 ? yes : 0;
		*high = *low;
	}
	return cb_error_set(err, CB_ERR_INCONCLUSIVE,
		"frames are lost at %.0f frames/s still: the host is too busy, or the load is too "
		"heavy",
		*high);
}

int cb_capacity_search(cb_capacity_try *try, void *arg, double *sustained_pps, double *offered_pps,
	struct cb_error *err)
{
	double low = 0, high, offered;
	int yes = try(arg, INFINITY, offered_pps, err), rc;

	*sustained_pps = *offered_pps;
	if (yes)
		return yes < 0 ? yes : 0;
	high = *offered_pps;
	rc = find_low(try, arg, &low, &high, err);
	if (rc)
		return rc;
	for (int i = 0; i < STEPS; i++) {
		double rate = sqrt(low * high);

		yes = try_twice(try, arg, rate, &offered, err);
		if (yes < 0)
			return yes;
		if (yes)
			low = rate;
		else
			high = rate;
	}
	*sustained_pps = low;
	return 0;
}

/* A try is a trial of its own, of which nothing is kept but the answer. */
struct trying {
	struct cb_testbed *testbed;
	struct cb_trial_spec spec;
	struct cb_layout layout;
	uint32_t key;
};

/* *share stays NaN without a view; *valid: that nothing but the rate has made it what it is. */
static int try_once(
	struct trying *t, double *share, double *offered_pps, bool *valid, struct cb_error *err)
{
	struct cb_trial_record record;
	int rc;

	cb_trial_record_init(&record);
	rc = cb_trial_run(t->testbed, &t->spec, &t->layout, t->key++, &record, err);
	if (!rc && record.n_views)
		*share = record.views[0].book.captured_share;
	*offered_pps = record.generator.offered_pps;
	*valid = record.state != CB_TRIAL_INVALID;
	cb_trial_record_finish(&record);
	return rc;
}

static int try_rate(void *arg, double pps, double *offered_pps, struct cb_error *err)
{
	struct trying *t = arg;
	double share = NAN;
	bool valid = false;
	int rc = 0;

	t->spec.traffic.rate = isinf(pps) ? CB_RATE_MAX : (int64_t)llround(pps);
	if (t->spec.traffic.rate < 1)
		t->spec.traffic.rate = 1;
	*offered_pps = NAN;
	for (int i = 0; i < TRIES_MAX && !rc && !valid && !(share >= CB_CAPACITY_SHARE); i++)
		rc = try_once(t, &share, offered_pps, &valid, err);
	if (rc)
		return rc;
	cb_debug("capacity: %.0f frames/s offered, %.2f %% captured", *offered_pps, 100 * share);
	return share >= CB_CAPACITY_SHARE;
}

static int prepare(struct trying *t, const struct cb_capacity *c,
	const struct cb_testbed_shape *shape, struct cb_error *err)
{
	t->spec = c->reference;
	t->spec.duration_ns = TRY_NS;
	t->spec.warmup_ns = WARMUP_NS;
	t->spec.drain_ns = DRAIN_NS;
	t->spec.evidence = 1; /* light */
	if (!cb_layout_resolve(&t->spec, shape, &t->layout, err))
		return 0;
	/* a cell that this test-bed has no cores for may have lent its placement */
	cb_text_copy(t->spec.placement, sizeof(t->spec.placement), "auto");
	return cb_layout_resolve(&t->spec, shape, &t->layout, err);
}

/* The least of the ceilings that were calibrated for cells with this capacity; INFINITY: none. */
static void take_ceiling(
	const struct cb_plan *plan, const char *id, const json_t *line, double *least)
{
	const json_t *ceiling = json_object_get(line, "ceiling_pps"), *index;
	size_t i;

	json_array_foreach(json_object_get(line, "cells"), i, index)
	{
		size_t cell = (size_t)json_integer_value(index);

		if (json_is_number(ceiling) && cell < plan->scenario->n_cells &&
			!strcmp(plan->scenario->cells[cell].capacity, id))
			*least = fmin(*least, json_number_value(ceiling));
	}
}

static int least_ceiling(const struct cb_run_directory *d, const struct cb_plan *plan,
	const char *id, double *least, struct cb_error *err)
{
	char path[CB_RUN_PATH_MAX], *text = NULL, *line, *rest = NULL;
	int rc = cb_file_join(path, sizeof(path), d->path, "calibration.jsonl", err);

	*least = INFINITY;
	if (!rc)
		rc = cb_file_read(path, LINES_BYTES_MAX, &text, NULL, err);
	for (line = rc ? NULL : strtok_r(text, "\n", &rest); line;
		line = strtok_r(NULL, "\n", &rest)) {
		json_t *object = cb_json_parse(line, strlen(line), NULL);

		take_ceiling(plan, id, object, least);
		json_decref(object);
	}
	free(text);
	return rc;
}

static bool same_layout(const struct cb_layout *a, const struct cb_layout *b)
{
	return a->receive_mode == b->receive_mode && a->generator == b->generator &&
		a->receive == b->receive && a->n_capture == b->n_capture &&
		memcmp(a->capture, b->capture, sizeof(*a->capture) * (size_t)a->n_capture) == 0;
}

/* Whether a cell before this one with the same capacity has its layout. */
static bool seen(const struct cb_plan *plan, size_t cell)
{
	const struct cb_cell *cells = plan->scenario->cells;

	for (size_t i = 0; i < cell; i++) {
		if (!plan->left_out[i][0] && !strcmp(cells[i].capacity, cells[cell].capacity) &&
			same_layout(&plan->layouts[i], &plan->layouts[cell]))
			return true;
	}
	return false;
}

/*
 * The ceilings are calibrated without a tap. On a link whose receive path runs on the generator's
 * core the tap slows it too, so each layout is tried with the reference's capture at full speed.
 */
static int try_layouts(const struct trying *t, const struct cb_plan *plan, const char *id,
	double *least, struct cb_error *err)
{
	const struct cb_scenario *s = plan->scenario;
	int yes = 0;

	for (size_t i = 0; i < s->n_cells && yes >= 0; i++) {
		struct trying one = *t;
		double offered = INFINITY;

		if (plan->left_out[i][0] || strcmp(s->cells[i].capacity, id) != 0 || seen(plan, i))
			continue;
		one.layout = plan->layouts[i];
		one.spec.receive = s->cells[i].spec.receive;
		one.spec.capture.processes = s->cells[i].spec.capture.processes;
		one.key += (uint32_t)i << 4;
		yes = try_rate(&one, INFINITY, &offered, err);
		*least = fmin(*least, offered);
	}
	return yes < 0 ? yes : 0;
}

static const json_t *find_known(const struct cb_journal *j, const char *id)
{
	const json_t *known;
	size_t i;

	json_array_foreach(j->capacities, i, known)
	{
		const char *name = json_string_value(json_object_get(known, "id"));

		if (name && !strcmp(name, id))
			return known;
	}
	return NULL;
}

static int find_one(struct cb_run_directory *d, struct trying *t, const struct cb_plan *plan,
	const struct cb_capacity *c, struct cb_error *err)
{
	double sustained, offered, ceiling, limit;
	char text[32];
	json_t *event;
	int rc = least_ceiling(d, plan, c->id, &ceiling, err);

	if (!rc)
		rc = try_layouts(t, plan, c->id, &ceiling, err);
	if (!rc)
		rc = cb_capacity_search(try_rate, t, &sustained, &offered, err);
	if (rc)
		return cb_error_prepend(err, "the search for the capacity");
	limit = LIMIT_SHARE * fmin(ceiling, offered);
	cb_info("%lld-byte frames: " CB_REFERENCE_MECHANISM " with " CB_REFERENCE_WAIT
		" and %s sustains %s here",
		(long long)c->reference.traffic.frame_size, c->reference.capture.load,
		cb_unit_human(CB_UNIT_RATE, sustained, text, sizeof(text)));
	event = json_pack("{s:s, s:s, s:f, s:f, s:f, s:I, s:s, s:s}", "event", "capacity", "id",
		c->id, "sustained_pps", sustained, "offered_pps", offered, "limit_pps", limit,
		"frame_size", (json_int_t)c->reference.traffic.frame_size, "load",
		c->reference.capture.load, "placement", t->spec.placement);
	if (!event || json_array_append(d->journal.capacities, event)) {
		json_decref(event);
		return cb_error_memory(err, "a capacity");
	}
	return cb_journal_append(&d->journal, event, err);
}

/* Whether any cell that is measured has this capacity. */
static bool wanted(const struct cb_plan *plan, const char *id)
{
	for (size_t i = 0; i < plan->scenario->n_cells; i++) {
		if (!plan->left_out[i][0] && !strcmp(plan->scenario->cells[i].capacity, id))
			return true;
	}
	return false;
}

int cb_capacities_find(struct cb_run_directory *d, struct cb_testbed *t, const struct cb_plan *plan,
	const struct cb_testbed_shape *shape, uint32_t key, struct cb_error *err)
{
	const struct cb_scenario *s = plan->scenario;
	int rc = 0;

	for (size_t i = 0; i < s->n_capacities && !rc; i++) {
		struct trying trying = {.testbed = t, .key = key + (uint32_t)(i << 8)};

		if (!wanted(plan, s->capacities[i].id) ||
			find_known(&d->journal, s->capacities[i].id))
			continue;
		rc = prepare(&trying, &s->capacities[i], shape, err);
		if (!rc)
			rc = find_one(d, &trying, plan, &s->capacities[i], err);
	}
	if (rc || !s->n_capacities)
		return rc;
	json_object_set(d->run, "capacities", d->journal.capacities);
	return cb_run_directory_write(d, err);
}

int64_t cb_capacity_rate(const struct cb_journal *journal, const struct cb_cell *cell)
{
	const json_t *c = find_known(journal, cell->capacity);
	double sustained = json_number_value(json_object_get(c, "sustained_pps")),
	       limit = json_number_value(json_object_get(c, "limit_pps")), rate;

	if (!cell->spec.traffic.capacity_ppm || !c)
		return cell->spec.traffic.rate;
	rate = fmin(sustained * (double)cell->spec.traffic.capacity_ppm / 1e6, limit);
	return rate < 1 ? 1 : (int64_t)llround(rate);
}
