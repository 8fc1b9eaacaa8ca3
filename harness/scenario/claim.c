#include "harness/scenario/claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct cb_scenario *s;
	const struct cb_registry *registry;
	uint64_t parts;
	const struct cb_node *map; /* the claim, then its expectation */
	char label[96];            /* "claims[0].expect" */
	struct cb_pattern_budget *budget;
	struct cb_error *err;
};

/* What stands behind the key of a kind. */
enum shape { ARMS, PATH, METRIC };
static const enum shape shapes[] = {
	[CB_EXPECT_GREATER] = ARMS,
	[CB_EXPECT_LESS] = ARMS,
	[CB_EXPECT_AT_LEAST] = ARMS,
	[CB_EXPECT_EQUIVALENT] = ARMS,
	[CB_EXPECT_MOST] = ARMS,
	[CB_EXPECT_LEAST] = ARMS,
	[CB_EXPECT_SPREADS] = ARMS,
	[CB_EXPECT_RISES] = PATH,
	[CB_EXPECT_FALLS] = PATH,
	[CB_EXPECT_RISES_WITH] = METRIC,
	[CB_EXPECT_FALLS_WITH] = METRIC,
};

void cb_claim_finish(struct cb_claim *c)
{
	for (size_t i = 0; i < c->n_expectations; i++) {
		struct cb_expectation *e = &c->expectations[i];

		for (size_t a = 0; a < e->n_arms; a++)
			json_decref(e->arms[a].pattern);
		json_decref(e->where);
	}
	c->n_expectations = 0;
}

static int check_metric(const struct reader *r, const char *key, const char *name)
{
	const struct cb_node *at = cb_node_find(r->map, key);
	const char *near;
	size_t n;

	for (n = 0; cb_metric_names[n]; n++) {
		if (!strcmp(cb_metric_names[n], name))
			return 0;
	}
	near = cb_text_nearest(name, cb_metric_names, n);
	return cb_node_error(at ? at : r->map, r->err, "%s.%s: \"%.60s\" is no metric%s%s%s",
		r->label, key, name, near ? "; did you mean \"" : "", near ? near : "",
		near ? "\"?" : " (capbench list metrics)");
}

static int read_path(
	const struct reader *r, const char *key, const struct cb_node *value, char out[64])
{
	char prefix[160];
	const char *option;
	size_t row;

	snprintf(prefix, sizeof(prefix), "%s.%s: ", r->label, key);
	if (value->kind != CB_NODE_SCALAR || cb_node_is_null(value))
		return cb_node_error(value, r->err,
			"%sa parameter's path is wanted, as in traffic.rate", prefix);
	return cb_trial_path(value, prefix, out, &row, &option, r->err);
}

static int read_pattern(
	const struct reader *r, const struct cb_node *map, const char *label, json_t **pattern)
{
	return cb_claim_pattern_read(
		r->s, r->registry, map, label, r->parts, r->budget, pattern, r->err);
}

/* `label` and `take` stand among an arm's paths. */
static int read_arm_words(const struct reader *r, const struct cb_node *map, const char *label,
	struct cb_claim_arm *arm)
{
	const struct cb_node *name = cb_node_find(map, "label"), *take = cb_node_find(map, "take");

	if (name &&
		(name->kind != CB_NODE_SCALAR || cb_node_is_null(name) ||
			!cb_text_copy(arm->label, sizeof(arm->label), name->text)))
		return cb_node_error(name, r->err, "%s.label: at most %zu bytes of text", label,
			sizeof(arm->label) - 1);
	if (take && (take->kind != CB_NODE_SCALAR || strcmp(take->text, "best") != 0))
		return cb_node_error(take, r->err,
			"%s.take: \"best\" is all there is: of several cells at one point the best",
			label);
	arm->best = take != NULL;
	return 0;
}

static int read_arm(const struct reader *r, const struct cb_node *map, const char *label,
	struct cb_claim_arm *arm)
{
	struct cb_node_pool pool = {0};
	const struct cb_node *paths;
	int rc = cb_schema_want_map(map, label, r->err);

	if (!rc)
		rc = read_arm_words(r, map, label, arm);
	if (rc)
		return rc;
	paths = cb_node_set(&pool, map, "label", NULL);
	if (paths)
		paths = cb_node_set(&pool, paths, "take", NULL);
	rc = paths ? read_pattern(r, paths, label, &arm->pattern)
		   : cb_error_memory(r->err, "a claim");
	cb_node_pool_finish(&pool);
	return rc;
}

static int read_arms(const struct reader *r, const char *key, const struct cb_node *list,
	struct cb_expectation *e)
{
	char label[160];
	int rc = 0;

	if (list->kind != CB_NODE_SEQUENCE || list->n < 2 || list->n > CB_CLAIM_ARMS_MAX)
		return cb_node_error(list, r->err,
			"%s.%s: a list of two to %d maps is wanted, as in [{placement: \"A:A\"}, "
			"{placement: \"A:B\"}]",
			r->label, key, CB_CLAIM_ARMS_MAX);
	for (size_t i = 0; i < list->n && !rc; i++) {
		snprintf(label, sizeof(label), "%s.%s[%zu]", r->label, key, i);
		rc = read_arm(r, list->items[i], label, &e->arms[i]);
		e->n_arms += !rc;
	}
	return rc;
}

/* The one key that says what is expected. */
static int find_kind(const struct reader *r, struct cb_expectation *e)
{
	const struct cb_node *second = NULL;
	int found = -1;

	for (int k = 0; cb_expect_names[k]; k++) {
		const struct cb_node *value = cb_node_find(r->map, cb_expect_names[k]);

		if (value && found >= 0)
			second = value;
		else if (value)
			found = k;
	}
	if (second)
		return cb_node_error(second, r->err,
			"%s: one expectation at a time: write a list of them", r->label);
	if (found < 0)
		return cb_node_error(r->map, r->err,
			"%s: nothing is expected: greater, less, at_least, equivalent, most, "
			"least, "
			"spreads, rises, falls, rises_with or falls_with",
			r->label);
	e->kind = found;
	return 0;
}

static int read_kind(const struct reader *r, struct cb_expectation *e)
{
	const char *key = cb_expect_names[e->kind];
	const struct cb_node *value = cb_node_find(r->map, key);

	if (shapes[e->kind] == ARMS)
		return read_arms(r, key, value, e);
	if (shapes[e->kind] == PATH)
		return read_path(r, key, value, e->along);
	if (value->kind != CB_NODE_SCALAR || !cb_text_copy(e->with, sizeof(e->with), value->text))
		return cb_node_error(value, r->err, "%s.%s: a metric is wanted", r->label, key);
	return check_metric(r, key, e->with);
}

static int read_keys(const struct reader *r, struct cb_expectation *e)
{
	char prefix[100], label[128];
	const struct cb_schema schema = {cb_expectation_options, cb_expectation_sections, prefix};
	const struct cb_node *where = cb_node_find(r->map, "where"),
			     *along = cb_node_find(r->map, "along");
	int rc;

	snprintf(prefix, sizeof(prefix), "%s.", r->label);
	snprintf(label, sizeof(label), "%s.where", r->label);
	rc = cb_schema_decode(&schema, r->map, e, r->err);
	if (!rc)
		rc = check_metric(r, "metric", e->metric);
	if (!rc && *e->at_ceiling)
		rc = check_metric(r, "at_ceiling", e->at_ceiling);
	if (!rc && along)
		rc = read_path(r, "along", along, e->along);
	if (!rc && where)
		rc = read_pattern(r, where, label, &e->where);
	return rc;
}

/* Whether the cell is one of those that the arm is made of; `arm` NULL: of the expectation. */
static bool belongs(const struct reader *r, const struct cb_expectation *e,
	const struct cb_claim_arm *arm, const struct cb_cell *cell)
{
	return cell->parts & r->parts && cb_cell_matches(e->where, cell->params) &&
		(!arm || cb_cell_matches(arm->pattern, cell->params));
}

/* The points of an arm as keys of a new object; NULL out of memory. *n: its cells. */
static json_t *points_of(const struct reader *r, const struct cb_expectation *e,
	const struct cb_claim_arm *arm, size_t *n)
{
	json_t *points = json_object();

	*n = 0;
	for (size_t i = 0; points && i < r->s->n_cells; i++) {
		const struct cb_cell *cell = &r->s->cells[i];
		struct cb_text key = {0};

		if (!belongs(r, e, arm, cell))
			continue;
		(*n)++;
		cb_expectation_stratum(e, cell->params, &key);
		json_object_set_new(points, cb_text_get(&key), json_true());
		cb_text_finish(&key);
	}
	return points;
}

/* Each arm has cells, and at least one point in common with the first. */
static int check_arm(const struct reader *r, const struct cb_expectation *e, size_t arm)
{
	size_t n, n_first, shared = 0;
	json_t *first = points_of(r, e, &e->arms[0], &n_first), *other = NULL, *value;
	const char *key;
	int rc = 0;

	if (first)
		other = points_of(r, e, &e->arms[arm], &n);
	if (!other) {
		json_decref(first);
		return cb_error_memory(r->err, "a claim");
	}
	json_object_foreach(other, key, value) shared += json_object_get(first, key) != NULL;
	if (!n)
		rc = cb_node_error(r->map, r->err, "%s.%s[%zu]: no cell has all of this", r->label,
			cb_expect_names[e->kind], arm);
	else if (!shared)
		rc = cb_node_error(r->map, r->err,
			"%s.%s[%zu]: no cell of this differs from one of the first in nothing but "
			"what is named here: name more, or pick with where",
			r->label, cb_expect_names[e->kind], arm);
	json_decref(first);
	json_decref(other);
	return rc;
}

static int check_cells(const struct reader *r, const struct cb_expectation *e)
{
	json_t *points;
	size_t n;
	int rc = 0;

	for (size_t a = 0; a < e->n_arms && !rc; a++)
		rc = check_arm(r, e, a);
	if (rc || e->n_arms)
		return rc;
	points = points_of(r, e, NULL, &n);
	json_decref(points);
	if (!n)
		rc = cb_node_error(r->map, r->err, "%s.where: no cell has all of this", r->label);
	return rc;
}

static int read_expectation(const struct reader *r, struct cb_expectation *e)
{
	int rc = cb_schema_want_map(r->map, r->label, r->err);

	if (!rc)
		rc = read_keys(r, e);
	if (!rc)
		rc = find_kind(r, e);
	if (!rc)
		rc = read_kind(r, e);
	return rc ? rc : check_cells(r, e);
}

static int read_expectations(
	struct reader *r, const struct cb_node *expect, const char *label, struct cb_claim *c)
{
	bool list = expect->kind == CB_NODE_SEQUENCE;
	size_t n = list ? expect->n : 1;
	int rc = 0;

	if (!n || n > CB_CLAIM_EXPECTATIONS_MAX)
		return cb_node_error(expect, r->err, "%s.expect: one to %d expectations", label,
			CB_CLAIM_EXPECTATIONS_MAX);
	for (size_t i = 0; i < n && !rc; i++) {
		r->map = list ? expect->items[i] : expect;
		snprintf(r->label, sizeof(r->label), list ? "%s.expect[%zu]" : "%s.expect", label,
			i);
		rc = read_expectation(r, &c->expectations[c->n_expectations++]);
	}
	return rc;
}

static int check_claim(
	const struct reader *r, const struct cb_node *map, const char *label, struct cb_claim *c)
{
	bool known = !*c->figure;

	for (size_t i = 0; c != &r->s->claims[i]; i++) {
		if (!strcmp(r->s->claims[i].id, c->id))
			return cb_node_error(cb_node_find(map, "id"), r->err,
				"%s.id: \"%s\" is there twice", label, c->id);
	}
	for (size_t i = 0; i < r->s->n_figures && !known; i++)
		known = r->s->figures[i].parts & r->parts &&
			!strcmp(r->s->figures[i].id, c->figure);
	if (!known)
		return cb_node_error(cb_node_find(map, "figure"), r->err,
			"%s.figure: there is no figure \"%s\" here", label, c->figure);
	if (cb_node_find(map, "expect") || c->needs_cores || c->needs_sensors || c->needs_nic)
		return 0;
	return cb_node_error(map, r->err,
		"%s.expect: is missing: what must hold of the measurements (or needs: what it "
		"would take)",
		label);
}

static int read_claim(struct reader *r, const struct cb_node *map, size_t i, struct cb_claim *c)
{
	char prefix[48], label[32];
	const struct cb_schema schema = {cb_claim_options, cb_claim_sections, prefix};
	const struct cb_node *expect;
	int rc;

	snprintf(label, sizeof(label), "claims[%zu]", i);
	snprintf(prefix, sizeof(prefix), "%s.", label);
	c->parts = r->parts;
	rc = cb_schema_want_map(map, label, r->err);
	if (!rc)
		rc = cb_schema_decode(&schema, map, c, r->err);
	if (!rc)
		rc = check_claim(r, map, label, c);
	expect = rc ? NULL : cb_node_find(map, "expect");
	return expect ? read_expectations(r, expect, label, c) : rc;
}

int cb_claims_read(struct cb_scenario *s, const struct cb_registry *registry,
	const struct cb_node *claims, uint64_t parts, struct cb_pattern_budget *budget,
	struct cb_error *err)
{
	struct reader r = {
		.s = s, .registry = registry, .parts = parts, .budget = budget, .err = err};
	struct cb_claim *more;
	int rc = 0;

	if (claims->kind != CB_NODE_SEQUENCE)
		return cb_node_error(claims, err, "claims: is %s: a list of claims is wanted",
			cb_node_kind_text(claims));
	if (claims->n > CB_CLAIMS_MAX - s->n_claims)
		return cb_node_error(claims, err, "claims: at most %d", CB_CLAIMS_MAX);
	more = reallocarray(s->claims, s->n_claims + claims->n + 1, sizeof(*more));
	if (!more)
		return cb_error_memory(err, "claims");
	s->claims = more;
	memset(more + s->n_claims, 0, (claims->n + 1) * sizeof(*more));
	for (size_t i = 0; i < claims->n && !rc; i++)
		rc = read_claim(&r, claims->items[i], i, &s->claims[s->n_claims++]);
	return rc;
}
