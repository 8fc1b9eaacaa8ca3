/* Why frames were lost, as JSON and in words: cell by cell, and cause by cause. */
#include "harness/report/loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CAUSES_MAX 32

static void print_cell(
	const struct cb_loss_names *names, const struct cb_report_cell *cell, struct cb_text *out)
{
	if (!cb_graphs_cell_print(names->graphs, names->n_graphs, cell, out))
		cb_report_cell_print_rare(names->cells, cell, names->registry, out);
}

static void print_gain(
	const struct cb_loss_names *names, const struct cb_loss *loss, struct cb_text *out)
{
	if (!loss->other)
		return;
	cb_text_addf(out, "%+.1f points in ", 100 * loss->gain);
	print_cell(names, loss->other, out);
}

static json_t *loss_json(const struct cb_loss_names *names, const struct cb_loss *l)
{
	struct cb_text label = {0}, gain = {0};
	json_t *object = json_object();

	print_cell(names, l->cell, &label);
	print_gain(names, l, &gain);
	cb_json_set_count(object, "cell", (int64_t)l->cell->index);
	cb_json_set_text(object, "label", cb_text_get(&label));
	cb_json_set_real(object, "lost", 1 - cb_loss_share(l->cell));
	cb_json_set_text(object, "cause", l->cause);
	cb_json_set_text(object, "numbers", l->numbers);
	cb_json_set_text(object, "cure", l->cure);
	cb_json_set_real(object, "gain", l->gain);
	cb_json_set_text(object, "measured", cb_text_get(&gain));
	cb_text_finish(&label);
	cb_text_finish(&gain);
	return object;
}

json_t *cb_losses_json(const struct cb_loss *losses, size_t n, const struct cb_loss_names *names)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < n; i++) {
		if (json_array_append_new(list, loss_json(names, &losses[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* One cause over all cells that have it. Texts are borrowed from the rules. */
struct cause {
	const char *name, *cure;
	size_t cells, measured;
	double *lost, *gains; /* of the cells; of those where the change was measured */
	const struct cb_loss *worst, *best;
};

static struct cause *find_cause(struct cause *causes, size_t *n, const struct cb_loss *l)
{
	for (size_t i = 0; i < *n; i++) {
		if (causes[i].name == l->cause)
			return &causes[i];
	}
	if (*n == CAUSES_MAX)
		return NULL;
	causes[*n] = (struct cause){.name = l->cause, .cure = l->cure};
	return &causes[(*n)++];
}

static int add_loss(struct cause *c, const struct cb_loss *l, size_t room)
{
	if (!c->lost)
		c->lost = calloc(room, sizeof(*c->lost));
	if (!c->gains)
		c->gains = calloc(room, sizeof(*c->gains));
	if (!c->lost || !c->gains)
		return -1;
	c->lost[c->cells++] = 1 - cb_loss_share(l->cell);
	if (!c->worst || cb_loss_share(l->cell) < cb_loss_share(c->worst->cell))
		c->worst = l;
	if (!l->other)
		return 0;
	c->gains[c->measured++] = l->gain;
	if (!c->best || l->gain > c->best->gain)
		c->best = l;
	return 0;
}

static int by_cells(const void *a, const void *b)
{
	const struct cause *x = a, *y = b;

	if (x->cells != y->cells)
		return x->cells > y->cells ? -1 : 1;
	return strcmp(x->name, y->name);
}

static json_t *cause_json(const struct cb_loss_names *names, const struct cause *c)
{
	struct cb_text worst = {0}, best = {0};
	json_t *object = json_object();

	print_cell(names, c->worst->cell, &worst);
	if (c->best)
		print_gain(names, c->best, &best);
	cb_json_set_text(object, "cause", c->name);
	cb_json_set_count(object, "cells", (int64_t)c->cells);
	cb_json_set_real(object, "lost", cb_summarise(c->lost, c->cells).median);
	cb_json_set_real(object, "lost_most", 1 - cb_loss_share(c->worst->cell));
	cb_json_set_text(object, "worst", cb_text_get(&worst));
	cb_json_set_text(object, "numbers", c->worst->numbers);
	cb_json_set_text(object, "cure", c->cure);
	cb_json_set_count(object, "measured", (int64_t)c->measured);
	cb_json_set_real(object, "gain",
		c->measured ? cb_summarise(c->gains, c->measured).median : (double)NAN);
	cb_json_set_text(object, "best", cb_text_get(&best));
	cb_text_finish(&worst);
	cb_text_finish(&best);
	return object;
}

json_t *cb_loss_causes_json(
	const struct cb_loss *losses, size_t n, const struct cb_loss_names *names)
{
	struct cause causes[CAUSES_MAX] = {0};
	json_t *list = json_array();
	size_t found = 0;
	bool failed = !list;

	for (size_t i = 0; i < n && !failed; i++) {
		struct cause *c = find_cause(causes, &found, &losses[i]);

		failed = !c || add_loss(c, &losses[i], n);
	}
	qsort(causes, found, sizeof(*causes), by_cells);
	for (size_t i = 0; i < found; i++) {
		failed = failed || json_array_append_new(list, cause_json(names, &causes[i]));
		free(causes[i].lost);
		free(causes[i].gains);
	}
	if (failed) {
		json_decref(list);
		list = NULL;
	}
	return list;
}

static bool is_explained(const struct cb_loss *losses, size_t n, const struct cb_report_cell *cell)
{
	for (size_t i = 0; i < n; i++) {
		if (losses[i].cell == cell)
			return true;
	}
	return false;
}

/* In front of the first that lost less. */
static int insert_cell(
	json_t *list, const struct cb_loss_names *names, const struct cb_report_cell *cell)
{
	double lost = 1 - cb_loss_share(cell);
	struct cb_text label = {0};
	json_t *object = json_object();
	size_t at = 0;

	while (at < json_array_size(list) &&
		json_number_value(json_object_get(json_array_get(list, at), "lost")) >= lost)
		at++;
	print_cell(names, cell, &label);
	cb_json_set_count(object, "cell", (int64_t)cell->index);
	cb_json_set_text(object, "label", cb_text_get(&label));
	cb_json_set_real(object, "lost", lost);
	cb_text_finish(&label);
	return json_array_insert_new(list, at, object);
}

json_t *cb_losses_unexplained_json(
	const struct cb_loss *losses, size_t n, const struct cb_loss_names *names)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < names->cells->n; i++) {
		const struct cb_report_cell *cell = &names->cells->cells[i];

		if (!(1 - cb_loss_share(cell) >= CB_LOSS_SHARE_MIN) ||
			is_explained(losses, n, cell))
			continue;
		if (insert_cell(list, names, cell)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

void cb_losses_unexplained_print(const json_t *summary, struct cb_text *out)
{
	const json_t *list = json_object_get(summary, "losses_unexplained");
	const json_t *worst = json_array_get(list, 0);
	size_t n = json_array_size(list);

	if (!n)
		return;
	cb_text_addf(out,
		"%zu cell%s lost 0.1 %% and more, and no rule tells why; most in %s: %.1f %%. "
		"Another process on a core "
		"of the measurement is a common reason that the evidence does not show.",
		n, n == 1 ? "" : "s", json_string_value(json_object_get(worst, "label")),
		100 * json_number_value(json_object_get(worst, "lost")));
}
