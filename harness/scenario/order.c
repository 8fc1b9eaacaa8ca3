#include "harness/scenario/order.h"

#include "harness/base/random.h"
#include "harness/scenario/variant.h"

#include <stdlib.h>

/* Every repetition of a cell, then the next cell. */
static void order_as_written(struct cb_plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->scenario->n_cells; i++) {
		for (int64_t r = 0; !p->left_out[i][0] && r < p->scenario->repetitions; r++)
			p->trials[n++] = (struct cb_planned_trial){.cell = i, .repetition = r};
	}
}

/* All cells once, then all again: a slow drift of the host meets all of them alike. */
static void order_interleaved(struct cb_plan *p)
{
	size_t n = 0;

	for (int64_t r = 0; r < p->scenario->repetitions; r++) {
		for (size_t i = 0; i < p->scenario->n_cells; i++) {
			if (!p->left_out[i][0])
				p->trials[n++] =
					(struct cb_planned_trial){.cell = i, .repetition = r};
		}
	}
}

/* Fisher and Yates. */
static void shuffle(struct cb_planned_trial *list, size_t n, uint64_t seed)
{
	struct cb_random random = {.state = seed};

	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)cb_random_below(&random, i);
		struct cb_planned_trial t = list[i - 1];

		list[i - 1] = list[j];
		list[j] = t;
	}
}

static void order_shuffled(struct cb_plan *p)
{
	order_interleaved(p);
	shuffle(p->trials, p->n_trials, p->seed);
}

static void (*const orders[])(struct cb_plan *p) = {
	[CB_ORDER_SHUFFLE] = order_shuffled,
	[CB_ORDER_INTERLEAVE] = order_interleaved,
	[CB_ORDER_AS_WRITTEN] = order_as_written,
};

/* Two repetitions of a cell and of its partner: A B B A. What has no partner goes alone. */
static size_t add_block(struct cb_planned_trial *out, const struct cb_plan *p,
	const struct cb_planned_trial *block, size_t partner)
{
	bool alone = partner == SIZE_MAX || p->left_out[partner][0];
	size_t n = 0;

	for (int64_t r = block->repetition;
		r < block->repetition + 2 && r < p->scenario->repetitions; r++) {
		bool turned = r > block->repetition;
		size_t first = turned && !alone ? partner : block->cell;
		size_t second = turned ? block->cell : partner;

		out[n++] = (struct cb_planned_trial){.cell = first, .repetition = r};
		if (!alone)
			out[n++] = (struct cb_planned_trial){.cell = second, .repetition = r};
	}
	return n;
}

/* The first trial of each block. Every second cell begins with its second variant, so that an odd
 * repetition at the end favours none. */
static size_t list_blocks(
	const struct cb_plan *p, const size_t *partners, struct cb_planned_trial *blocks)
{
	size_t n = 0, nth = 0;

	for (size_t i = 0; i < p->scenario->n_cells; i++) {
		size_t partner = partners[i];
		bool paired = partner != SIZE_MAX && !p->left_out[partner][0];
		size_t first = paired && nth % 2 ? partner : i;

		if (p->left_out[i][0] || (paired && partner < i))
			continue;
		nth++;
		for (int64_t r = 0; r < p->scenario->repetitions; r += 2)
			blocks[n++] = (struct cb_planned_trial){.cell = first, .repetition = r};
	}
	return n;
}

static int by_repetition(const void *a, const void *b)
{
	const struct cb_planned_trial *x = a, *y = b;

	if (x->repetition != y->repetition)
		return x->repetition < y->repetition ? -1 : 1;
	return (x->cell > y->cell) - (x->cell < y->cell);
}

static int order_pairs(struct cb_plan *p, struct cb_error *err)
{
	struct cb_planned_trial *blocks;
	size_t *partners, n, used = 0;
	int rc = cb_variants_pair(p->scenario, &partners, err);

	if (rc)
		return rc;
	blocks = calloc(p->n_trials + 1, sizeof(*blocks));
	if (blocks) {
		n = list_blocks(p, partners, blocks);
		if (p->scenario->order == CB_ORDER_INTERLEAVE)
			qsort(blocks, n, sizeof(*blocks), by_repetition);
		else if (p->scenario->order == CB_ORDER_SHUFFLE)
			shuffle(blocks, n, p->seed);
		for (size_t i = 0; i < n; i++)
			used += add_block(
				&p->trials[used], p, &blocks[i], partners[blocks[i].cell]);
	}
	free(partners);
	free(blocks);
	return blocks ? 0 : cb_error_memory(err, "a plan");
}

int cb_plan_order(struct cb_plan *p, struct cb_error *err)
{
	if (p->scenario->n_variants)
		return order_pairs(p, err);
	orders[p->scenario->order](p);
	return 0;
}
