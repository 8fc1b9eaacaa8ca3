#include "harness/scenario/sweep.h"

#include "harness/scenario/scenario.h"

#include <stdio.h>
#include <string.h>

struct reader {
	struct cb_node_pool *pool;
	const struct cb_registry *registry;
	const struct cb_node *const *bound;
	const struct cb_node *map; /* the product that is being read */
	struct cb_error *err;
};

const struct cb_sweep_axis *cb_sweep_find(const struct cb_sweep_block *block, const char *path)
{
	for (size_t i = 0; i < block->n_axes; i++) {
		if (!strcmp(block->axes[i].path, path))
			return &block->axes[i];
	}
	return NULL;
}

/* The member row's value: the first that it takes in this product, or the trial's. */
static const struct cb_node *member_value(const struct reader *r, size_t row)
{
	const struct cb_node *value = cb_node_find(r->map, cb_trial_options[row].name);

	if (value && value->kind == CB_NODE_SEQUENCE && value->n)
		value = value->items[0];
	return value ? value : r->bound[row];
}

/* The row that says the unit of an axis' values; NULL: none does. */
static const struct cb_option *unit_row(const struct reader *r, const struct cb_sweep_axis *axis)
{
	const struct cb_option *row = &cb_trial_options[axis->row];
	const struct cb_axis *members = NULL;
	const struct cb_member *member;
	const struct cb_node *value;

	if (!axis->option)
		return row;
	value = member_value(r, axis->row);
	if (value && value->kind == CB_NODE_MAP)
		value = cb_node_find(value, "name");
	if (value ? value->kind == CB_NODE_SCALAR : row->fallback != NULL)
		members = cb_registry_axis(r->registry, row->axis);
	if (!members)
		return NULL;
	member = cb_member_value_member(members, value ? value->text : row->fallback);
	return member ? cb_option_find(member->options, axis->option) : NULL;
}

/* Whether a map is a value by itself, not a range. */
static bool map_is_value(const struct cb_sweep_axis *axis)
{
	const struct cb_option *row = &cb_trial_options[axis->row];

	return !axis->option &&
		(row->type == CB_OPT_MEMBER ||
			row->offset == offsetof(struct cb_trial_spec, placement) ||
			row->offset == offsetof(struct cb_trial_spec, capture.external));
}

static int read_range(const struct reader *r, struct cb_sweep_axis *axis,
	const struct cb_node *value, const char *label)
{
	const struct cb_option *row = unit_row(r, axis);

	if (!row)
		return cb_node_error(value, r->err,
			"%s: the member has no such option, or is not known; a list of maps under "
			"vary keeps the options of different members apart",
			label);
	return cb_range_read(r->pool, row, value, label, &axis->values, &axis->n, r->err);
}

static int read_values(const struct reader *r, struct cb_sweep_axis *axis,
	const struct cb_node *value, const char *label)
{
	if (value->kind == CB_NODE_MAP && !map_is_value(axis))
		return read_range(r, axis, value, label);
	if (value->kind == CB_NODE_SEQUENCE) {
		if (!value->n)
			return cb_node_error(
				value, r->err, "%s: an empty list: no value, no cell", label);
		axis->values = value->items;
		axis->n = value->n;
		return 0;
	}
	if (cb_node_is_null(value))
		return cb_node_error(value, r->err, "%s: has no value", label);
	axis->values = cb_node_alloc(r->pool, sizeof(*axis->values));
	if (!axis->values)
		return cb_error_memory(r->err, "a sweep");
	axis->values[0] = value;
	axis->n = 1;
	return 0;
}

static int read_axis(const struct reader *r, struct cb_sweep_block *block,
	const struct cb_node *key, const struct cb_node *value)
{
	struct cb_sweep_axis *axis = &block->axes[block->n_axes];
	char path[CB_PATH_MAX], label[2 * CB_PATH_MAX];
	int rc = cb_trial_path(key, "vary.", path, &axis->row, &axis->option, r->err);

	if (rc)
		return rc;
	snprintf(label, sizeof(label), "vary.%s", path);
	if (cb_sweep_find(block, path))
		return cb_node_error(key, r->err, "%s: varies twice", label);
	if (axis->option && !strcmp(axis->option, "name"))
		return cb_node_error(
			key, r->err, "%s: vary %s itself", label, cb_trial_options[axis->row].name);
	memcpy(axis->path, path, sizeof(axis->path));
	if (axis->option) /* into the axis' own copy of the path */
		axis->option = axis->path + strlen(cb_trial_options[axis->row].name) + 1;
	rc = read_values(r, axis, value, label);
	if (!rc)
		block->n_axes++;
	return rc;
}

/* n_cells = the product of the axes; each factor and the product so far are at most CB_CELLS_MAX.
 */
static int count_cells(
	const struct reader *r, struct cb_sweep_block *block, const struct cb_node *at)
{
	block->n_cells = 1;
	for (size_t i = 0; i < block->n_axes; i++) {
		if (block->axes[i].n > CB_CELLS_MAX / block->n_cells)
			return cb_node_error(at, r->err,
				"vary: more than %d cells: fewer values, or a list of smaller maps",
				CB_CELLS_MAX);
		block->n_cells *= block->axes[i].n;
	}
	return 0;
}

static int read_block(
	const struct reader *r, struct cb_sweep_block *block, const struct cb_node *map)
{
	int rc = cb_schema_want_map(map, "vary", r->err);

	if (rc)
		return rc;
	if (map->n > CB_AXES_MAX)
		return cb_node_error(
			map, r->err, "vary: more than %d paths in one map", CB_AXES_MAX);
	block->axes = cb_node_alloc(r->pool, (map->n + 1) * sizeof(*block->axes));
	if (!block->axes)
		return cb_error_memory(r->err, "a sweep");
	for (size_t i = 0; i < map->n && !rc; i++)
		rc = read_axis(r, block, map->keys[i], map->items[i]);
	return rc ? rc : count_cells(r, block, map);
}

/* Room for `n` products; nothing varies is one product without axes. */
static int make_blocks(struct cb_sweep *sweep, const struct reader *r, size_t n)
{
	sweep->blocks = cb_node_alloc(r->pool, n * sizeof(*sweep->blocks));
	if (!sweep->blocks)
		return cb_error_memory(r->err, "a sweep");
	sweep->n_blocks = n;
	sweep->n_cells = 0;
	return 0;
}

int cb_sweep_read(struct cb_sweep *sweep, struct cb_node_pool *pool,
	const struct cb_registry *registry, const struct cb_node *vary,
	const struct cb_node *const *bound, struct cb_error *err)
{
	struct reader r = {.pool = pool, .registry = registry, .bound = bound, .err = err};
	bool list = vary && vary->kind == CB_NODE_SEQUENCE;
	int rc;

	if (list && !vary->n)
		return cb_node_error(vary, err, "vary: an empty list: no cell");
	rc = make_blocks(sweep, &r, list ? vary->n : 1);
	if (!vary && !rc) {
		sweep->blocks[0].n_cells = 1;
		sweep->n_cells = 1;
	}
	for (size_t i = 0; vary && i < sweep->n_blocks && !rc; i++) {
		struct cb_sweep_block *block = &sweep->blocks[i];
		const struct cb_node *map = list ? vary->items[i] : vary;

		r.map = map;
		rc = read_block(&r, block, map);
		if (!rc && block->n_cells > CB_CELLS_MAX - sweep->n_cells)
			rc = cb_node_error(
				map, err, "vary: more than %d cells in all", CB_CELLS_MAX);
		else if (!rc)
			sweep->n_cells += block->n_cells;
	}
	return rc;
}
