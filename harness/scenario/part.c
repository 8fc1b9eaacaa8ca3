/* One scenario's map -> its cells, figures and claims. */
#include "harness/scenario/part.h"

#include "harness/scenario/claim.h"
#include "harness/scenario/expand.h"
#include "harness/scenario/figure.h"
#include "harness/scenario/variant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A part while it is read. */
struct loading {
	struct cb_node_pool *pool;
	const struct cb_registry *registry;
	const struct cb_node *root, *trial;
	const struct cb_node *bound[CB_TRIAL_ROWS_MAX];
	struct cb_sweep sweep;
	struct cb_exclude *excludes;
	size_t n_excludes;
	struct cb_pattern_budget pattern_budget;
	struct cb_scenario *s;
	struct cb_error *err;
};

/* Root keys with a leading x- belong to the user. */
int cb_part_read_root(struct cb_scenario *s, const struct cb_node *root, struct cb_error *err)
{
	const struct cb_schema schema = {cb_root_options, cb_root_sections, ""};
	struct cb_root_values v;
	int rc = cb_schema_decode(&schema, root, &v, err);

	if (rc)
		return rc;
	if (!cb_schema_is_file_name(v.name))
		return cb_node_error(cb_node_find(root, "name"), err,
			"name: \"%s\" names files: letters, digits, - _ . are allowed", v.name);
	memcpy(s->name, v.name, sizeof(s->name));
	memcpy(s->title, *v.title ? v.title : v.name, *v.title ? sizeof(v.title) : sizeof(v.name));
	memcpy(s->question, v.question, sizeof(s->question));
	memcpy(s->paper_section, v.paper_section, sizeof(s->paper_section));
	s->repetitions = v.repetitions;
	s->retries = v.retries;
	s->order = v.order;
	s->leave_out = v.impossible == 1;
	s->seed = (uint64_t)v.seed;
	s->paper_figure = (int)v.paper_figure;
	return 0;
}

/* What each trial sets itself can't be set for all of them. */
static int check_receive(const struct cb_scenario *s, const json_t *settings, struct cb_error *err)
{
	static const char *const names[] = {"rps", "threaded", "napi_cores"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *place = cb_host_place(settings, names[i]);

		for (size_t k = 0; place && k < s->n_cells; k++)
			if (s->cells[k].spec.receive != CB_RECEIVE_CHOICE_HOST)
				return cb_error_set(err, CB_ERR_USAGE,
					"%s: host.%s: trials with receive: %s set this themselves, "
					"each anew: leave it out here, or set trial.receive: host",
					place, names[i],
					cb_receive_names[s->cells[k].spec.receive]);
	}
	return 0;
}

static bool is_on(const json_t *settings, const char *name)
{
	const char *value =
		json_string_value(json_object_get(json_object_get(settings, name), "value"));

	return value && strcmp(value, "on") == 0;
}

/* Where frames are lost on a veth depends on it. */
static void note_receive(struct cb_trial_spec *spec, const json_t *settings)
{
	if (spec->receive != CB_RECEIVE_CHOICE_HOST)
		return;
	spec->host_threaded = is_on(settings, "threaded");
	spec->napi = is_on(settings, "offload.gro") || is_on(settings, "offload.rx-gro")
		? CB_NAPI_ON
		: CB_NAPI_OFF;
}

static int note_receives(struct cb_scenario *s, struct cb_error *err)
{
	json_t *settings = cb_host_for(&s->host, true, NULL);

	if (!settings)
		return cb_error_memory(err, "settings of hosts");
	for (size_t i = 0; i < s->n_cells; i++)
		note_receive(&s->cells[i].spec, settings);
	for (size_t i = 0; i < s->n_capacities; i++)
		note_receive(&s->capacities[i].reference, settings);
	json_decref(settings);
	return 0;
}

int cb_part_read_host(struct cb_scenario *s, const struct cb_registry *registry,
	const struct cb_node *root, struct cb_error *err)
{
	const struct cb_node *block = cb_node_find(root, "host");
	int rc;

	if (!block)
		return 0;
	rc = cb_host_read(&s->host, registry, block, "host", true, err);
	if (!rc)
		rc = check_receive(s, s->host.all, err);
	if (!rc)
		rc = check_receive(s, s->host.sensors, err);
	if (!rc)
		rc = check_receive(s, s->host.generators, err);
	return rc ? rc : note_receives(s, err);
}

static int read_trial(struct loading *l)
{
	const struct cb_node *trial = cb_node_find(l->root, "trial");
	int rc;

	if (!trial)
		return cb_node_error(l->root, l->err,
			"trial: is missing: what a trial does, with at least traffic.rate and "
			"capture.mechanism");
	l->trial = trial;
	rc = cb_schema_want_map(trial, "trial", l->err);
	return rc ? rc : cb_schema_bind(&cb_trial_schema, trial, l->bound, l->err);
}

static int read_excludes(struct loading *l)
{
	const struct cb_node *list = cb_node_find(l->root, "exclude");
	char label[32];
	int rc = 0;

	if (!list)
		return 0;
	if (list->kind != CB_NODE_SEQUENCE)
		return cb_node_error(list, l->err,
			"exclude: is %s: a list of maps is wanted, as in - {placement: \"A:A\"}",
			cb_node_kind_text(list));
	l->excludes = calloc(list->n + 1, sizeof(*l->excludes));
	if (!l->excludes)
		return cb_error_memory(l->err, "exclude");
	for (size_t i = 0; i < list->n && !rc; i++) {
		struct cb_exclude *e = &l->excludes[l->n_excludes++];

		e->at = list->items[i];
		snprintf(label, sizeof(label), "exclude[%zu]", i);
		rc = cb_pattern_read(
			l->registry, e->at, label, &l->pattern_budget, &e->pattern, l->err);
	}
	return rc;
}

static int read_cells(struct loading *l)
{
	const struct cb_node *vary;
	int rc = cb_variants_read(l->s, l->pool, l->root, &vary, l->err);

	if (!rc)
		rc = cb_sweep_read(&l->sweep, l->pool, l->registry, vary, l->bound, l->err);
	if (!rc)
		rc = read_excludes(l);
	if (!rc)
		rc = cb_expand(l->s,
			&(struct cb_expand_input){
				.registry = l->registry,
				.trial = l->trial,
				.bound = l->bound,
				.sweep = &l->sweep,
				.excludes = l->excludes,
				.n_excludes = l->n_excludes,
			},
			l->err);
	return rc;
}

/* Up to eight values that `path` has among the cells, for an error. */
static void list_values(const struct cb_scenario *s, const char *path, struct cb_text *out)
{
	json_t *seen = json_object();
	size_t n = 0;

	for (size_t i = 0; i < s->n_cells && n <= 8; i++) {
		char *text = json_dumps(
			json_object_get(s->cells[i].params, path), JSON_ENCODE_ANY | JSON_COMPACT);

		if (text && !json_object_get(seen, text)) {
			cb_text_addf(out, "%s%s", n ? ", " : "", n == 8 ? "..." : text);
			json_object_set_new(seen, text, json_true());
			n++;
		}
		free(text);
	}
	json_decref(seen);
}

/* No cell is left: say which path is to blame, if one alone is. */
static int refuse_only(const struct cb_scenario *s, const struct cb_node *only, json_t *pattern,
	struct cb_error *err)
{
	struct cb_text known = {0};
	const char *path;
	json_t *values;

	json_object_foreach(pattern, path, values)
	{
		json_t *one = json_pack("{s:O}", path, values);
		bool any = false;
		int rc;

		for (size_t i = 0; i < s->n_cells && !any; i++)
			any = cb_cell_matches(one, s->cells[i].params);
		json_decref(one);
		if (any)
			continue;
		list_values(s, path, &known);
		rc = cb_node_error(cb_node_find(only, path) ? cb_node_find(only, path) : only, err,
			"only: no cell has this; %s is one of %s", path, cb_text_get(&known));
		cb_text_finish(&known);
		return rc;
	}
	return cb_node_error(only, err, "only: no cell has all of this at once");
}

/* Keeps the cells that `only` asks for. The figures are checked by then, against all cells. */
int cb_part_apply_only(struct cb_scenario *s, const struct cb_registry *registry,
	const struct cb_node *root, struct cb_pattern_budget *budget, struct cb_error *err)
{
	const struct cb_node *only = cb_node_find(root, "only");
	json_t *pattern = NULL;
	size_t kept = 0;
	int rc = 0;

	if (!only)
		return 0;
	rc = cb_pattern_read(registry, only, "only", budget, &pattern, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < s->n_cells; i++)
		kept += cb_cell_matches(pattern, s->cells[i].params);
	if (!kept) {
		rc = refuse_only(s, only, pattern, err);
		goto out;
	}
	kept = 0;
	for (size_t i = 0; i < s->n_cells; i++) {
		if (cb_cell_matches(pattern, s->cells[i].params))
			s->cells[kept++] = s->cells[i];
		else
			json_decref(s->cells[i].params);
	}
	s->n_cells = kept;
	cb_figures_prune(s);
out:
	json_decref(pattern);
	return rc;
}

static int read_lists(struct loading *l)
{
	const struct cb_node *figures = cb_node_find(l->root, "figures"),
			     *claims = cb_node_find(l->root, "claims");
	int rc = 0;

	if (figures)
		rc = cb_figures_read(l->s, l->registry, figures, 1, &l->pattern_budget, l->err);
	if (!rc && claims)
		rc = cb_claims_read(l->s, l->registry, claims, 1, &l->pattern_budget, l->err);
	return rc;
}

static int name_part(struct cb_scenario *s, struct cb_error *err)
{
	s->parts = calloc(1, sizeof(*s->parts));
	if (!s->parts)
		return cb_error_memory(err, "the scenario");
	s->n_parts = 1;
	memcpy(s->parts->name, s->name, sizeof(s->name));
	memcpy(s->parts->title, s->title, sizeof(s->title));
	memcpy(s->parts->question, s->question, sizeof(s->question));
	memcpy(s->parts->paper_section, s->paper_section, sizeof(s->paper_section));
	s->parts->paper_figure = s->paper_figure;
	for (size_t i = 0; i < s->n_cells; i++)
		s->cells[i].parts = 1;
	return 0;
}

int cb_part_read(struct cb_scenario *s, struct cb_node_pool *pool,
	const struct cb_registry *registry, const struct cb_node *root, struct cb_error *err)
{
	struct loading l = {
		.pool = pool,
		.registry = registry,
		.root = root,
		.s = s,
		.err = err,
		.pattern_budget = {CB_PATTERN_VALUES_MAX},
	};
	int rc = cb_part_read_root(s, root, err);

	if (!rc)
		rc = read_trial(&l);
	if (!rc)
		rc = read_cells(&l);
	if (!rc)
		rc = cb_part_read_host(s, registry, root, err);
	if (!rc)
		rc = name_part(s, err);
	if (!rc)
		rc = read_lists(&l);
	if (!rc)
		rc = cb_part_apply_only(s, registry, root, &l.pattern_budget, err);
	for (size_t i = 0; i < l.n_excludes; i++)
		json_decref(l.excludes[i].pattern);
	free(l.excludes);
	return rc;
}
