#include "harness/scenario/expand.h"

#include "harness/scenario/capacity.h"
#include "harness/scenario/transmitter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Open addressing over the ids of cells; twice CB_CELLS_MAX and more, so it never fills up. */
#define SEEN_SLOTS 32768

struct expansion {
	const struct cb_expand_input *in;
	struct cb_scenario *s;
	size_t seen[SEEN_SLOTS]; /* index of a cell, plus 1 */
	struct cb_error *err;
};

/* What the cells of one product have in common. */
struct product {
	const struct cb_sweep_block *block;
	struct cb_trial_values values;
	struct cb_setting settings[CB_AXES_MAX];
	bool touched[CB_TRIAL_ROWS_MAX]; /* rows that an axis sets, or sets something below */
	struct cb_trial_spec spec;
	json_t *params; /* of rows that are not touched */
};

static int touch(struct product *p, const struct cb_registry *registry, struct cb_error *err)
{
	struct cb_trial_spec scratch = {0};
	int rc = 0;

	for (size_t a = 0; a < p->block->n_axes; a++)
		p->touched[p->block->axes[a].row] = true;
	/* a rate may be given in terms of the frame size */
	if (p->touched[cb_trial_row("traffic.frame_size")])
		p->touched[cb_trial_row("traffic.rate")] = true;
	/* a program stands in the place of others */
	if (p->touched[cb_trial_row("capture.external")])
		p->touched[cb_trial_row("capture.mechanism")] =
			p->touched[cb_trial_row("capture.wait")] =
				p->touched[cb_trial_row("capture.load")] = true;
	/* a value that is swept over must be right all the same, unless only its options vary */
	for (size_t a = 0; a < p->block->n_axes && !rc; a++) {
		const struct cb_sweep_axis *axis = &p->block->axes[a];

		if (!axis->option && p->values.at[axis->row])
			rc = cb_trial_read_row(
				registry, axis->row, &p->values, &scratch, NULL, err);
	}
	return rc;
}

/* On error p->params is to be freed all the same. */
static int product_begin(struct product *p, const struct cb_expand_input *in,
	const struct cb_sweep_block *block, struct cb_error *err)
{
	int rc;

	*p = (struct product){.block = block, .values = {.trial = in->trial}};
	memcpy(p->values.at, in->bound, sizeof(p->values.at));
	p->params = json_object();
	if (!p->params)
		return cb_error_memory(err, "parameters");
	rc = touch(p, in->registry, err);
	for (size_t row = 0; cb_trial_options[row].name && !rc; row++) {
		if (!p->touched[row])
			rc = cb_trial_read_row(
				in->registry, row, &p->values, &p->spec, p->params, err);
	}
	return rc;
}

/* Put the values of the index-th combination in place. */
static void choose(struct product *p, size_t index)
{
	p->values.n_settings = 0;
	for (size_t a = p->block->n_axes; a > 0; a--) {
		const struct cb_sweep_axis *axis = &p->block->axes[a - 1];
		const struct cb_node *value = axis->values[index % axis->n];
		struct cb_setting *setting = &p->settings[a - 1];

		index /= axis->n;
		if (!axis->option) {
			p->values.at[axis->row] = value;
			continue;
		}
		*setting = (struct cb_setting){axis->row, axis->option, value};
		p->values.settings[p->values.n_settings++] = setting;
	}
}

static int hash_bytes(const char *bytes, size_t n, void *arg)
{
	uint64_t *hash = arg; /* FNV-1a (Fowler, Noll, Vo), 64 bits */

	for (size_t i = 0; i < n; i++)
		*hash = (*hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
	return 0;
}

static uint64_t hash_params(const json_t *params)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	json_dump_callback(params, hash_bytes, &hash, JSON_SORT_KEYS | JSON_COMPACT);
	return hash;
}

static void place_cell(struct cb_cell *cell, const struct product *p)
{
	const struct cb_node *placement = p->values.at[cb_trial_row("placement")];

	if (!placement)
		return;
	cell->placement_line = placement->line;
	cell->placement_column = placement->line ? placement->column : 0;
}

/* Read the combination that choose() put in place. On error cell->params is to be freed. */
static int read_cell(const struct expansion *x, const struct product *p, struct cb_cell *cell)
{
	int rc = 0;

	cell->spec = p->spec;
	cell->params = json_copy(p->params);
	if (!cell->params)
		return cb_error_memory(x->err, "parameters");
	for (size_t row = 0; cb_trial_options[row].name && !rc; row++) {
		if (p->touched[row])
			rc = cb_trial_read_row(x->in->registry, row, &p->values, &cell->spec,
				cell->params, x->err);
	}
	place_cell(cell, p);
	return rc;
}

/* Whether a cell with these parameters is there; if not, `next` is put down as the one that is. */
static bool seen_before(
	struct expansion *x, uint64_t hash, const json_t *params, bool automatic, size_t next)
{
	size_t slot = hash % SEEN_SLOTS;

	for (; x->seen[slot]; slot = (slot + 1) % SEEN_SLOTS) {
		struct cb_cell *cell = &x->s->cells[x->seen[slot] - 1];

		if (!json_equal(cell->params, params))
			continue;
		/* once it was named: it stays what it is */
		cell->spec.generator.automatic &= automatic;
		return true;
	}
	x->seen[slot] = next + 1;
	return false;
}

static bool excluded(const struct cb_expand_input *in, const json_t *params)
{
	bool any = false;

	/* all of them, so that each knows whether it ever matched */
	for (size_t i = 0; i < in->n_excludes; i++) {
		if (!cb_cell_matches(in->excludes[i].pattern, params))
			continue;
		in->excludes[i].matched++;
		any = true;
	}
	return any;
}

/* Keeps the cell, or frees its parameters. */
static int keep(struct expansion *x, const struct product *p, struct cb_cell *cell)
{
	struct cb_scenario *s = x->s;
	uint64_t hash;
	int rc;

	if (excluded(x->in, cell->params))
		goto drop;
	rc = cb_trial_check(x->in->registry, &p->values, &cell->spec, x->err);
	if (rc) {
		json_decref(cell->params);
		return rc;
	}
	hash = hash_params(cell->params);
	if (seen_before(x, hash, cell->params, cell->spec.generator.automatic, s->n_cells))
		goto drop;
	s->cells[s->n_cells++] = *cell;
	return 0;
drop:
	json_decref(cell->params);
	return 0;
}

static int expand_product(struct expansion *x, const struct cb_sweep_block *block)
{
	struct product p;
	int rc = product_begin(&p, x->in, block, x->err);

	for (size_t i = 0; i < block->n_cells && !rc; i++) {
		struct cb_cell cell = {0};

		choose(&p, i);
		rc = read_cell(x, &p, &cell);
		if (rc)
			json_decref(cell.params);
		else
			rc = keep(x, &p, &cell);
	}
	json_decref(p.params);
	return rc;
}

static bool axis_known(const struct cb_scenario *s, const char *path)
{
	for (size_t i = 0; i < s->n_axes; i++) {
		if (!strcmp(s->axes[i], path))
			return true;
	}
	return false;
}

/* The paths of all products, each once, in the order of the file. */
static int list_axes(struct cb_scenario *s, const struct cb_sweep *sweep, struct cb_error *err)
{
	/* a path is a row or an option of a member row; the products together name few */
	size_t capacity = 0;

	for (size_t b = 0; b < sweep->n_blocks; b++) {
		for (size_t a = 0; a < sweep->blocks[b].n_axes; a++) {
			const char *path = sweep->blocks[b].axes[a].path;

			if (axis_known(s, path))
				continue;
			if (s->n_axes == capacity) {
				void *grown = realloc(s->axes, (capacity + 16) * sizeof(*s->axes));

				if (!grown)
					return cb_error_memory(err, "axes");
				s->axes = grown;
				capacity += 16;
			}
			memcpy(s->axes[s->n_axes++], path, sizeof(*s->axes));
		}
	}
	return 0;
}

static int check_excludes(
	const struct cb_scenario *s, const struct cb_expand_input *in, struct cb_error *err)
{
	for (size_t i = 0; i < in->n_excludes; i++) {
		if (!in->excludes[i].matched)
			return cb_node_error(in->excludes[i].at, err,
				"exclude: matches no cell: is a path or value mistyped?");
	}
	if (!s->n_cells)
		return cb_node_error(
			in->excludes[0].at, err, "exclude: takes every cell away: nothing is left");
	return 0;
}

/* A cell keeps its id as long as it measures the same: keys that came later have no part in it
 * while they say what used to go without saying. */
static void name_cell(struct cb_cell *cell)
{
	json_t *params = json_copy(cell->params);

	if (strcmp(cell->spec.sensor, "all") == 0)
		json_object_del(params, "sensor");
	snprintf(cell->id, sizeof(cell->id), "%016llx", (unsigned long long)hash_params(params));
	json_decref(params);
}

/* The member that taps the receiving driver or hands it frames from XDP; NULL: none. */
static const char *xdp_user(const struct cb_registry *registry, const struct cb_cell *cell)
{
	const struct {
		const char *axis, *member;
	} users[] = {
		{"mechanism", cell->spec.capture.mechanism},
		{"transmitter", cell->spec.generator.transmitter},
	};

	for (size_t i = 0; i < sizeof(users) / sizeof(*users); i++) {
		const struct cb_axis *axis = cb_registry_axis(registry, users[i].axis);

		if (cb_member_text_provides(axis, users[i].member) & CB_TRAIT_XDP)
			return users[i].member;
	}
	return NULL;
}

/*
 * Arms that are compared get the same receive regime: XDP turns a veth's NAPI on (sending: needs
 * it), which gives it a ring of 256 frames in place of a backlog of 1000, so if one cell uses XDP
 * all have NAPI.
 */
static int settle_regime(
	struct cb_scenario *s, const struct cb_expand_input *in, struct cb_error *err)
{
	bool any = false;

	for (size_t i = 0; i < s->n_cells; i++) {
		const struct cb_cell *cell = &s->cells[i];
		const char *user = xdp_user(in->registry, cell);

		any |= user != NULL;
		if (user && cell->spec.napi == CB_NAPI_OFF)
			return cb_node_error(in->trial, err,
				"trial.napi: off, but %s works in the driver, where NAPI is on: "
				"leave it auto",
				user);
	}
	for (size_t i = 0; i < s->n_cells; i++) {
		struct cb_cell *cell = &s->cells[i];

		if (cell->spec.napi == CB_NAPI_AUTO)
			cell->spec.napi = any ? CB_NAPI_ON : CB_NAPI_OFF;
		if (json_object_set_new(cell->params, "napi",
			    json_string(cell->spec.napi == CB_NAPI_ON ? "on" : "off")))
			return cb_error_memory(err, "parameters");
	}
	return 0;
}

static int settle_cells(
	struct cb_scenario *s, const struct cb_expand_input *in, struct cb_error *err)
{
	int rc = settle_regime(s, in, err);

	if (!rc)
		rc = cb_transmitter_settle(s, in->registry, err);
	if (!rc)
		rc = cb_capacities_assign(s, in->registry, err);
	for (size_t i = 0; !rc && i < s->n_cells; i++)
		name_cell(&s->cells[i]);
	return rc;
}

int cb_expand(struct cb_scenario *s, const struct cb_expand_input *in, struct cb_error *err)
{
	struct expansion *x = calloc(1, sizeof(*x));
	int rc;

	s->cells = calloc(in->sweep->n_cells, sizeof(*s->cells));
	if (!x || !s->cells) {
		free(x);
		return cb_error_memory(err, "cells");
	}
	x->in = in;
	x->s = s;
	x->err = err;
	rc = list_axes(s, in->sweep, err);
	for (size_t b = 0; b < in->sweep->n_blocks && !rc; b++)
		rc = expand_product(x, &in->sweep->blocks[b]);
	if (!rc)
		rc = settle_cells(s, in, err);
	if (!rc)
		rc = check_excludes(s, in, err);
	free(x);
	return rc;
}
