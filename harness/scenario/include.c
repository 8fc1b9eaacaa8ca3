#include "harness/scenario/include.h"

#include "harness/base/file.h"
#include "harness/scenario/claim.h"
#include "harness/scenario/figure.h"
#include "harness/scenario/part.h"
#include "harness/scenario/variant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct including {
	struct cb_scenario *s;
	struct cb_node_pool *pool;
	const struct cb_registry *registry;
	const struct cb_scenario_source *source;
	struct cb_error *err;
};

/* Relative, and not leading out of the directory: a scenario from elsewhere reads no other files.
 */
static bool below(const char *path)
{
	const char *part = path;

	if (!*path || *path == '/')
		return false;
	while (part) {
		if (!strncmp(part, "..", 2) && (!part[2] || part[2] == '/'))
			return false;
		part = strchr(part, '/');
		part = part ? part + 1 : NULL;
	}
	return true;
}

static int join_path(const struct including *in, const struct cb_node *item, char out[4096])
{
	const char *from = in->source->path ? in->source->path : "", *slash = strrchr(from, '/');
	int n = slash ? (int)(slash - from) + 1 : 0;

	if (!below(item->text))
		return cb_node_error(item, in->err,
			"include: \"%.200s\" must be a path below the directory of this file",
			item->text);
	if (snprintf(out, 4096, "%.*s%s", n, from, item->text) >= 4096)
		return cb_node_error(item, in->err, "include: the path is too long");
	return 0;
}

static int read_file(
	const struct including *in, const struct cb_node *item, const struct cb_node **root)
{
	char path[4096], *text = NULL;
	struct cb_error why = {0};
	size_t size = 0;
	int rc;

	if (in->source->text)
		return cb_node_error(item, in->err,
			"include: this text has no directory: write the scenarios out");
	rc = join_path(in, item, path);
	if (rc)
		return rc;
	if (cb_file_read(path, CB_NODE_TEXT_MAX, &text, &size, &why))
		return cb_node_error(item, in->err, "include: %s", why.text);
	rc = cb_node_parse(in->pool, path, true, text, size, root, in->err);
	free(text);
	return rc;
}

/* The scenario that an item names, with its overlays applied. */
static int resolve(
	const struct including *in, const struct cb_node *item, const struct cb_node **root)
{
	int rc = 0;

	*root = item;
	if (item->kind == CB_NODE_SCALAR && !cb_node_is_null(item))
		rc = read_file(in, item, root);
	if (!rc && (*root)->kind != CB_NODE_MAP)
		rc = cb_node_error(*root, in->err,
			"include: a file's name, or a scenario as a map, is wanted, not %s",
			cb_node_kind_text(*root));
	if (!rc && cb_node_find(*root, "include"))
		rc = cb_node_error(cb_node_find(*root, "include"), in->err,
			"include: a scenario that is included can't include others");
	/* one that is written out has had its profile already, when it is read back */
	if (!rc)
		rc = cb_overlay(in->pool, in->source, CB_OVERLAY_INCLUDED, root, in->err);
	return rc;
}

/* Room for `more` items of `size`; false out of memory. */
static bool grow(void *list, size_t n, size_t more, size_t size)
{
	void *grown = reallocarray(*(void **)list, n + more + 1, size);

	if (grown)
		*(void **)list = grown;
	return grown;
}

/* The cell with these parameters, or NULL. */
static struct cb_cell *find_cell(struct cb_scenario *s, const struct cb_cell *cell)
{
	for (size_t i = 0; i < s->n_cells; i++) {
		if (!strcmp(s->cells[i].id, cell->id) &&
			json_equal(s->cells[i].params, cell->params))
			return &s->cells[i];
	}
	return NULL;
}

static void take_cells(struct cb_scenario *s, struct cb_scenario *part, uint64_t bit)
{
	for (size_t i = 0; i < part->n_cells; i++) {
		struct cb_cell *cell = &part->cells[i], *known = find_cell(s, cell);

		cell->parts = bit;
		if (known) {
			known->parts |= bit;
			json_decref(cell->params);
		} else {
			s->cells[s->n_cells++] = *cell;
		}
	}
	part->n_cells = 0;
}

static void take_axes(struct cb_scenario *s, const struct cb_scenario *part)
{
	for (size_t i = 0; i < part->n_axes; i++) {
		bool known = false;

		for (size_t j = 0; j < s->n_axes && !known; j++)
			known = !strcmp(s->axes[j], part->axes[i]);
		if (!known)
			memcpy(s->axes[s->n_axes++], part->axes[i], sizeof(*s->axes));
	}
}

/* Capacities of parts are the same where their references are. */
static void take_capacities(struct cb_scenario *s, const struct cb_scenario *part)
{
	for (size_t i = 0; i < part->n_capacities; i++) {
		bool known = false;

		for (size_t j = 0; j < s->n_capacities && !known; j++)
			known = !strcmp(s->capacities[j].id, part->capacities[i].id);
		if (!known)
			s->capacities[s->n_capacities++] = part->capacities[i];
	}
}

static int check_ids(
	const struct including *in, const struct cb_scenario *part, const struct cb_node *at)
{
	const struct cb_scenario *s = in->s;

	for (size_t i = 0; i < part->n_figures; i++) {
		for (size_t j = 0; j < s->n_figures; j++) {
			if (!strcmp(s->figures[j].id, part->figures[i].id))
				return cb_node_error(at, in->err,
					"include: a figure \"%s\" is in two of the scenarios",
					s->figures[j].id);
		}
	}
	for (size_t i = 0; i < part->n_claims; i++) {
		for (size_t j = 0; j < s->n_claims; j++) {
			if (!strcmp(s->claims[j].id, part->claims[i].id))
				return cb_node_error(at, in->err,
					"include: a claim \"%s\" is in two of the scenarios",
					s->claims[j].id);
		}
	}
	if (s->n_cells + part->n_cells > CB_CELLS_MAX ||
		s->n_figures + part->n_figures > CB_FIGURES_MAX ||
		s->n_claims + part->n_claims > CB_CLAIMS_MAX)
		return cb_node_error(at, in->err,
			"include: more than %d cells, %d figures or %d claims in all", CB_CELLS_MAX,
			CB_FIGURES_MAX, CB_CLAIMS_MAX);
	return 0;
}

/* Move everything of `part` into the whole. */
static int take(const struct including *in, struct cb_scenario *part, const struct cb_node *at)
{
	struct cb_scenario *s = in->s;
	uint64_t bit = UINT64_C(1) << s->n_parts;
	int rc = check_ids(in, part, at);

	if (!rc)
		rc = cb_variants_take(s, part, at, in->err);
	if (rc)
		return rc;
	if (!grow(&s->cells, s->n_cells, part->n_cells, sizeof(*s->cells)) ||
		!grow(&s->axes, s->n_axes, part->n_axes, sizeof(*s->axes)) ||
		!grow(&s->figures, s->n_figures, part->n_figures, sizeof(*s->figures)) ||
		!grow(&s->claims, s->n_claims, part->n_claims, sizeof(*s->claims)) ||
		!grow(&s->capacities, s->n_capacities, part->n_capacities,
			sizeof(*s->capacities)) ||
		!grow(&s->parts, s->n_parts, 1, sizeof(*s->parts)))
		return cb_error_memory(in->err, "the scenario");
	take_cells(s, part, bit);
	take_axes(s, part);
	take_capacities(s, part);
	for (size_t i = 0; i < part->n_figures; i++) {
		part->figures[i].parts = bit;
		s->figures[s->n_figures++] = part->figures[i];
	}
	for (size_t i = 0; i < part->n_claims; i++) {
		part->claims[i].parts = bit;
		s->claims[s->n_claims++] = part->claims[i];
	}
	s->parts[s->n_parts++] = part->parts[0];
	part->n_figures = part->n_claims = 0;
	return 0;
}

static int read_item(
	const struct including *in, const struct cb_node *item, const struct cb_node **root)
{
	struct cb_scenario *part = calloc(1, sizeof(*part));
	int rc;

	if (!part)
		return cb_error_memory(in->err, "the scenario");
	rc = resolve(in, item, root);
	if (!rc)
		rc = cb_part_read(part, in->pool, in->registry, *root, in->err);
	if (!rc && !cb_host_is_empty(&part->host))
		rc = cb_node_error(cb_node_find(*root, "host"), in->err,
			"host: stands beside include, for all of the run");
	if (!rc)
		rc = take(in, part, item);
	cb_scenario_destroy(part);
	return rc;
}

static int check_root(const struct including *in, const struct cb_node *root)
{
	static const char *const parts[] = {"trial", "vary", "variants", "exclude"};
	const struct cb_node *list = cb_node_find(root, "include");

	if (list->kind != CB_NODE_SEQUENCE || !list->n || list->n > CB_PARTS_MAX)
		return cb_node_error(list, in->err,
			"include: a list of one to %d files is wanted, as in [fig05.yaml]",
			CB_PARTS_MAX);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		const struct cb_node *at = cb_node_find(root, parts[i]);

		if (at)
			return cb_node_error(at, in->err,
				"%s: stands in the scenarios that are included, not beside include",
				parts[i]);
	}
	return 0;
}

int cb_include_read(struct cb_scenario *s, struct cb_node_pool *pool,
	const struct cb_registry *registry, const struct cb_scenario_source *source,
	const struct cb_node **root, struct cb_error *err)
{
	const struct including in = {s, pool, registry, source, err};
	const struct cb_node *list, **items;
	int rc = check_root(&in, *root);

	if (rc)
		return rc;
	list = cb_node_find(*root, "include");
	items = cb_node_alloc(pool, list->n * sizeof(*items));
	if (!items)
		return cb_error_memory(err, "the scenario");
	for (size_t i = 0; i < list->n && !rc; i++)
		rc = read_item(&in, list->items[i], &items[i]);
	if (rc)
		return rc;
	list = cb_node_sequence(pool, list, items, list->n);
	*root = list ? cb_node_set(pool, *root, "include", list) : NULL;
	return *root ? 0 : cb_error_memory(err, "the scenario");
}
