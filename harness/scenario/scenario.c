#include "harness/scenario/scenario.h"

#include "harness/base/file.h"
#include "harness/scenario/claim.h"
#include "harness/scenario/figure.h"
#include "harness/scenario/goal.h"
#include "harness/scenario/include.h"
#include "harness/scenario/part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A scenario while it is read. */
struct loading {
	struct cb_node_pool pool;
	const struct cb_registry *registry;
	const struct cb_node *root;
	struct cb_scenario *s;
	struct cb_error *err;
};

static int read_source(struct loading *l, const struct cb_scenario_source *source)
{
	const char *path = source->path ? source->path : "scenario";
	size_t size;
	int rc;

	l->s->path = strdup(path);
	if (source->text) {
		l->s->source = strdup(source->text);
		size = strlen(source->text);
	} else {
		rc = cb_file_read(path, CB_NODE_TEXT_MAX, &l->s->source, &size, l->err);
		if (rc)
			return rc;
	}
	if (!l->s->path || !l->s->source)
		return cb_error_memory(l->err, "the scenario");
	rc = cb_node_parse(&l->pool, path, true, l->s->source, size, &l->root, l->err);
	if (!rc && l->root->kind != CB_NODE_MAP)
		rc = cb_node_error(l->root, l->err, "a scenario is a map of keys, not %s",
			cb_node_kind_text(l->root));
	return rc;
}

static int check_trials(const struct loading *l)
{
	const struct cb_node *at = cb_node_find(l->root, "repetitions");

	if (l->s->n_cells * (size_t)l->s->repetitions <= CB_TRIALS_MAX)
		return 0;
	return cb_node_error(at ? at : l->root, l->err,
		"repetitions: %zu cells times %lld repetitions are more than %d trials",
		l->s->n_cells, (long long)l->s->repetitions, CB_TRIALS_MAX);
}

static int write_resolved(struct loading *l)
{
	struct cb_text text = {0};
	int rc = cb_node_emit(l->root, &text, l->err);

	if (rc)
		cb_text_finish(&text);
	l->s->resolved = text.data;
	return rc;
}

static int read_parts(struct loading *l, const struct cb_scenario_source *source)
{
	struct cb_pattern_budget budget = {CB_PATTERN_VALUES_MAX};
	const struct cb_node *figures, *claims;
	int rc = cb_part_read_root(l->s, l->root, l->err);

	if (!rc)
		rc = cb_include_read(l->s, &l->pool, l->registry, source, &l->root, l->err);
	if (!rc)
		rc = cb_part_read_host(l->s, l->registry, l->root, l->err);
	if (rc)
		return rc;
	figures = cb_node_find(l->root, "figures");
	claims = cb_node_find(l->root, "claims");
	if (figures)
		rc = cb_figures_read(l->s, l->registry, figures, UINT64_MAX, &budget, l->err);
	if (!rc && claims)
		rc = cb_claims_read(l->s, l->registry, claims, UINT64_MAX, &budget, l->err);
	return rc ? rc : cb_part_apply_only(l->s, l->registry, l->root, &budget, l->err);
}

static int load(struct loading *l, const struct cb_scenario_source *source)
{
	int rc = read_source(l, source);
	bool includes = !rc && cb_node_find(l->root, "include");

	if (!rc)
		rc = cb_overlay(&l->pool, source, includes ? CB_OVERLAY_INCLUDER : CB_OVERLAY_ALL,
			&l->root, l->err);
	if (!rc && includes)
		rc = read_parts(l, source);
	else if (!rc)
		rc = cb_part_read(l->s, &l->pool, l->registry, l->root, l->err);
	if (!rc)
		rc = cb_goals_read(l->s, cb_node_find(l->root, "goals"), l->err);
	if (!rc)
		rc = check_trials(l);
	return rc ? rc : write_resolved(l);
}

int cb_scenario_load(struct cb_scenario **s, const struct cb_scenario_source *source,
	const struct cb_registry *registry, struct cb_error *err)
{
	struct cb_error own = {0};
	struct loading l = {.registry = registry, .err = err ? err : &own};
	int rc;

	*s = NULL;
	l.s = calloc(1, sizeof(*l.s));
	if (!l.s)
		return cb_error_memory(err, "the scenario");
	rc = load(&l, source);
	cb_node_pool_finish(&l.pool);
	if (rc)
		cb_scenario_destroy(l.s);
	else
		*s = l.s;
	return rc;
}

void cb_scenario_destroy(struct cb_scenario *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_cells; i++)
		json_decref(s->cells[i].params);
	for (size_t i = 0; i < s->n_figures; i++)
		cb_figure_finish(&s->figures[i]);
	for (size_t i = 0; i < s->n_claims; i++)
		cb_claim_finish(&s->claims[i]);
	cb_host_finish(&s->host);
	free(s->cells);
	free(s->axes);
	free(s->claims);
	free(s->capacities);
	free(s->goals);
	free(s->parts);
	free(s->variant_paths);
	free(s->figures);
	free(s->path);
	free(s->source);
	free(s->resolved);
	free(s);
}
