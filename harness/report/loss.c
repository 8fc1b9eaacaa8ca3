#include "harness/report/loss.h"

#include "harness/base/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A core is as good as full from here: the rest are interrupts and the scheduler. */
#define FULL 0.93
/* A process that is not starved is let run for so much of the time, if it wants to. */
#define IDLE 0.85
/* So much stolen time loses frames before the trial is invalid (1 %). */
#define STEAL 0.002
/* Shares of repetitions that far apart come from decisions that differ, not from noise. */
#define SPREAD     0.1
#define FEW_FRAMES 2.0
#define SQUEEZED   100.0
/* An interrupt for every second frame: NAPI and moderation have nothing to gather. So many a second
 * are some percent of a core, at a microsecond or two each. */
#define INTERRUPTS_PER_FRAME  0.5
#define INTERRUPTS_PER_SECOND 20000.0

/* What would be another value of a parameter, and whether it is the change that a rule means. */
struct change {
	const char *path; /* NULL: nothing that a scenario sets */
	bool (*is)(const json_t *before, const json_t *after);
};

struct rule {
	const char *cause, *cure;
	bool (*applies)(const struct cb_loss_numbers *n);
	void (*print)(const struct cb_loss_numbers *n, char *out, size_t size);
	struct change change;
};

static bool shares_core(const struct cb_loss_numbers *n)
{
	return n->capture_core >= 0 && n->capture_core == n->receive_core;
}

/* Most of the loss is where `part` was dropped. */
static bool mostly(const struct cb_loss_numbers *n, double part)
{
	return part >= n->lost / 2;
}

static bool saturated(const struct cb_loss_numbers *n)
{
	return n->cpu_share >= FULL;
}

static void print_saturated(const struct cb_loss_numbers *n, char *out, size_t size)
{
	snprintf(out, size, "the capture process used %.0f %% of a core; the tap dropped %.1f %%",
		100 * n->cpu_share, 100 * n->tap);
}

static bool starved(const struct cb_loss_numbers *n)
{
	return shares_core(n) && !saturated(n) && n->receive_share + n->cpu_share >= FULL;
}

static void print_starved(const struct cb_loss_numbers *n, char *out, size_t size)
{
	snprintf(out, size,
		"on core %d the receive path used %.0f %% of the time, and left the capture "
		"process "
		"%.0f %%",
		n->receive_core, 100 * n->receive_share, 100 * n->cpu_share);
}

static bool woken_often(const struct cb_loss_numbers *n)
{
	return n->frames_per_wakeup < FEW_FRAMES;
}

static void print_woken(const struct cb_loss_numbers *n, char *out, size_t size)
{
	snprintf(out, size, "%.2f frames per wake-up", n->frames_per_wakeup);
}

/* Loss only inside the bursts: on the average there is time to spare. */
static bool small_buffer(const struct cb_loss_numbers *n)
{
	return n->bursts && mostly(n, n->tap) && n->cpu_share < IDLE && n->mean_pps < n->best_pps;
}

static void print_buffer(const struct cb_loss_numbers *n, char *out, size_t size)
{
	char mean[32], best[32];

	cb_unit_human(CB_UNIT_RATE, n->mean_pps, mean, sizeof(mean));
	cb_unit_human(CB_UNIT_RATE, n->best_pps, best, sizeof(best));
	snprintf(out, size,
		"bursts overran the buffer (the tap dropped %.1f %%), with %s on the average, and "
		"%s captured at best; the process used %.0f %% of its core",
		100 * n->tap, mean, best, 100 * n->cpu_share);
}

static bool path_saturated(const struct cb_loss_numbers *n)
{
	return mostly(n, n->path) &&
		(n->receive_share >= FULL || n->squeezed >= SQUEEZED || !shares_core(n));
}

static void print_path(const struct cb_loss_numbers *n, char *out, size_t size)
{
	snprintf(out, size,
		"%.1f %% were dropped before the tap; the receive path used %.0f %% of a core, its "
		"budget was used up %.0f times",
		100 * n->path, 100 * n->receive_share, isnan(n->squeezed) ? 0 : n->squeezed);
}

static bool interrupted_often(const struct cb_loss_numbers *n)
{
	return n->interrupts_per_frame >= INTERRUPTS_PER_FRAME &&
		n->interrupts_per_second >= INTERRUPTS_PER_SECOND;
}

static void print_interrupts(const struct cb_loss_numbers *n, char *out, size_t size)
{
	snprintf(out, size, "%.0f interrupts a second, %.2f for each frame",
		n->interrupts_per_second, n->interrupts_per_frame);
}

static bool generator_limited(const struct cb_loss_numbers *n)
{
	return n->generator_limited > 0 && 2 * n->generator_limited >= n->trials;
}

static void print_generator(const struct cb_loss_numbers *n, char *out, size_t size)
{
	snprintf(out, size,
		"in %zu of %zu trial%s the generator missed more than 0.5 %% of its slots: at the "
		"rate asked for the loss would be another",
		n->generator_limited, n->trials, n->trials == 1 ? "" : "s");
}

static bool stolen(const struct cb_loss_numbers *n)
{
	return n->steal >= STEAL;
}

static void print_stolen(const struct cb_loss_numbers *n, char *out, size_t size)
{
	snprintf(out, size, "%.2f %% of a CPU's time was stolen from this virtual machine",
		100 * n->steal);
}

static bool migrated(const struct cb_loss_numbers *n)
{
	return n->pinned && n->capture_core < 0 && n->spread >= SPREAD;
}

static void print_migrated(const struct cb_loss_numbers *n, char *out, size_t size)
{
	snprintf(out, size,
		"the process was pinned to no core, and its repetitions lie %.0f points apart",
		100 * n->spread);
}

static bool names(const json_t *value, const char *wanted)
{
	const char *text = json_string_value(value);

	return text && cb_text_starts_with(text, wanted);
}

static bool to_batch(const json_t *before, const json_t *after)
{
	return !names(before, "batch") && names(after, "batch");
}

static bool to_other_core(const json_t *before, const json_t *after)
{
	return !names(before, "A:B") && names(after, "A:B");
}

static bool to_larger(const json_t *before, const json_t *after)
{
	return json_number_value(after) > json_number_value(before);
}

static bool to_thread(const json_t *before, const json_t *after)
{
	return !names(before, "threaded") && names(after, "threaded");
}

/* In this order they are told. */
static const struct rule rules[] = {
	{"generator-limited", "a faster transmitter, or a core of its own for the generator",
		generator_limited, print_generator, {NULL, NULL}},
	{"VM steal", "a quiet host, or cores of its own for the virtual machine", stolen,
		print_stolen, {NULL, NULL}},
	{"scheduler migration", "pin the capture process: placement A:B", migrated, print_migrated,
		{"placement", to_other_core}},
	{"capture process saturated",
		"less work a frame, or several processes that share the frames", saturated,
		print_saturated, {NULL, NULL}},
	{"starved by the receive path on the same core",
		"another core for the capture process: placement A:B", starved, print_starved,
		{"placement", to_other_core}},
	{"a wake-up for every packet", "wake-ups by N packets or m microseconds: wait batch",
		woken_often, print_woken, {"capture.wait", to_batch}},
	{"buffer too small for the bursts", "a larger buffer", small_buffer, print_buffer,
		{"capture.buffer", to_larger}},
	{"interrupt storm",
		"let the card gather interrupts (ethtool -C), or a thread for the receive path: "
		"receive threaded",
		interrupted_often, print_interrupts, {"receive", to_thread}},
	{"receive path saturated",
		"more queues, or a thread for the receive path: receive threaded", path_saturated,
		print_path, {"receive", to_thread}},
};

/* Whether nothing but the change tells the cells apart. */
static bool differs_in(
	const struct change *c, const struct cb_report_cell *from, const struct cb_report_cell *to)
{
	size_t n = strlen(c->path);
	const char *key;
	json_t *value;

	if (!c->is(json_object_get(from->params, c->path), json_object_get(to->params, c->path)))
		return false;
	json_object_foreach((json_t *)from->params, key, value)
	{
		bool of_it = !strncmp(key, c->path, n) && (!key[n] || key[n] == '.');

		if (!of_it && !json_equal(value, json_object_get(to->params, key)))
			return false;
	}
	return true;
}

double cb_loss_share(const struct cb_report_cell *cell)
{
	struct cb_summary s = cb_report_cell_summary(cell, cb_metric_find("captured_share"));

	return s.n ? s.median : NAN;
}

/* The cell with the change that captured most. */
static void find_gain(
	struct cb_loss *loss, const struct change *c, const struct cb_report_cells *cells)
{
	for (size_t i = 0; c->path && i < cells->n; i++) {
		const struct cb_report_cell *other = &cells->cells[i];
		double gain;

		if (!differs_in(c, loss->cell, other))
			continue;
		gain = cb_loss_share(other) - cb_loss_share(loss->cell);
		if (!isnan(gain) && !(gain <= loss->gain)) {
			loss->gain = gain;
			loss->other = other;
		}
	}
}

struct weighed {
	struct cb_loss loss;
	double lost;
	size_t rule;
};

static int by_weight(const void *a, const void *b)
{
	const struct weighed *x = a, *y = b;

	if (x->lost != y->lost)
		return x->lost > y->lost ? -1 : 1;
	if (x->loss.cell != y->loss.cell)
		return x->loss.cell->index < y->loss.cell->index ? -1 : 1;
	return (x->rule > y->rule) - (x->rule < y->rule);
}

static size_t explain(struct weighed *out, const struct cb_report_cell *cell,
	const struct cb_report_cells *cells, const json_t *run)
{
	struct cb_loss_numbers numbers;
	size_t n = 0;

	cb_loss_numbers_make(&numbers, cell, cells, run);
	if (!(numbers.lost >= CB_LOSS_SHARE_MIN))
		return 0;
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct weighed *w = &out[n];

		if (!rules[i].applies(&numbers))
			continue;
		*w = (struct weighed){.loss = {.cell = cell,
					      .cause = rules[i].cause,
					      .cure = rules[i].cure,
					      .gain = NAN},
			.lost = numbers.lost,
			.rule = i};
		rules[i].print(&numbers, w->loss.numbers, sizeof(w->loss.numbers));
		find_gain(&w->loss, &rules[i].change, cells);
		n++;
	}
	return n;
}

int cb_losses_make(struct cb_loss **losses, size_t *n, const struct cb_report_cells *cells,
	const json_t *run, struct cb_error *err)
{
	size_t room = cells->n * (sizeof(rules) / sizeof(*rules)) + 1;
	struct weighed *all = calloc(room, sizeof(*all));
	struct cb_loss *list = calloc(room, sizeof(*list));

	*losses = NULL;
	*n = 0;
	if (!all || !list) {
		free(all);
		free(list);
		return cb_error_memory(err, "what was lost");
	}
	for (size_t i = 0; i < cells->n; i++)
		*n += explain(all + *n, &cells->cells[i], cells, run);
	qsort(all, *n, sizeof(*all), by_weight);
	for (size_t i = 0; i < *n; i++)
		list[i] = all[i].loss;
	free(all);
	*losses = list;
	return 0;
}
