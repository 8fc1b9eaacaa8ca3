/* Sentences made of the data: what came out, and what to know before trusting it. */
#include "harness/base/error.h"
#include "harness/report/format.h"
#include "harness/report/pages.h"
#include "harness/report/param.h"
#include "harness/scenario/member_value.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* More figures than this speak for themselves, each where it stands. */
#define FIGURES_TOLD_MAX 6
#define CURE_GAIN_MIN    0.01 /* less than a point is no advice */

static void say(json_t *list, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(json_t *list, const char *fmt, ...)
{
	char text[2048];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json_array_append_new(list, json_string(text));
}

static const char *plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

static void say_books(json_t *list, const struct cb_report_totals *t)
{
	if (t->trials == 0)
		return;
	if (t->unaccounted_trials == 0 && t->unaccounted_unknown == 0)
		say(list, "Every offered frame is accounted for, in every trial.");
	else if (t->unaccounted_trials == 0 && t->unaccounted_unknown < t->trials)
		say(list,
			"Every offered frame is accounted for in the %" PRId64
			" trials whose books are complete.",
			t->trials - t->unaccounted_unknown);
}

/* "work:1us" for "work". */
static void print_load(const json_t *load, const struct cb_registry *registry, struct cb_text *out)
{
	const struct cb_axis *axis = registry ? cb_registry_axis(registry, "load") : NULL;
	const char *text = json_string_value(load);
	json_t *params = json_object();

	if (axis && text && params &&
		!cb_member_value_params(axis, "capture.load", text, params, NULL))
		cb_param_print_value_of("capture.load", params, registry, out);
	else
		cb_format_line(out, text ? text : "?");
	json_decref(params);
}

static void print_capacity(const json_t *c, const struct cb_registry *registry, struct cb_text *out)
{
	const char *placement = json_string_value(json_object_get(c, "placement"));
	char sustained[32];

	cb_text_addf(out, "%s with %lld-byte frames and load ",
		cb_unit_human(CB_UNIT_RATE, json_number_value(json_object_get(c, "sustained_pps")),
			sustained, sizeof(sustained)),
		(long long)json_integer_value(json_object_get(c, "frame_size")));
	print_load(json_object_get(c, "load"), registry, out);
	if (placement) {
		cb_text_add(out, ", ");
		cb_format_line(out, placement);
	}
}

/* What relative rates are shares of. */
static void say_capacities(json_t *list, const json_t *run, const struct cb_registry *registry)
{
	struct cb_text text = {0};
	json_t *c;
	size_t i;

	json_array_foreach(json_object_get(run, "capacities"), i, c)
	{
		cb_text_add(&text, i ? "; " : "");
		print_capacity(c, registry, &text);
	}
	if (text.length)
		say(list,
			"Rates are shares of what tpacket2 with poll sustains here (no more than "
			"1 %% lost): %s. Nobody was offered more than 95 %% of what the slowest of "
			"the generators that are compared can do.",
			cb_text_get(&text));
	cb_text_finish(&text);
}

/* " (c01, c05)" */
static void print_ids(const struct cb_report *r, enum cb_verdict_kind kind, struct cb_text *out)
{
	const char *before = " (";

	for (size_t i = 0; i < r->n_verdicts; i++) {
		if (r->verdicts[i].kind != kind)
			continue;
		cb_text_add(out, before);
		cb_format_line(out, r->verdicts[i].claim->id);
		before = ", ";
	}
	cb_text_add(out, *before == ',' ? ")" : "");
}

static void say_claims(json_t *list, const struct cb_report *r)
{
	static const char *const words[] = {[CB_VERDICT_REPRODUCED] = "reproduced",
		[CB_VERDICT_NOT_REPRODUCED] = "not reproduced",
		[CB_VERDICT_UNDECIDED] = "undecided",
		[CB_VERDICT_NEEDS] = "that this test-bed cannot decide"};
	struct cb_text text = {0};

	for (enum cb_verdict_kind k = CB_VERDICT_REPRODUCED; k <= CB_VERDICT_NEEDS; k++) {
		size_t n = 0;

		for (size_t i = 0; i < r->n_verdicts; i++)
			n += r->verdicts[i].kind == k;
		cb_text_addf(&text, "%s%zu %s", k ? ", " : "", n, words[k]);
		print_ids(r, k, &text);
	}
	if (r->n_verdicts)
		say(list, "%zu claim%s: %s.", r->n_verdicts, plural((int64_t)r->n_verdicts),
			cb_text_get(&text));
	cb_text_finish(&text);
}

/* What to do, where it was measured: the changes that gained, of the causes that most cells have.
 */
static void say_cures(json_t *list, const struct cb_report *r)
{
	const struct cb_loss_names names = {&r->cells, r->registry, r->graphs, r->n_graphs};
	json_t *causes = cb_loss_causes_json(r->losses, r->n_losses, &names), *cause;
	size_t i;

	json_array_foreach(causes, i, cause)
	{
		const json_t *gain = json_object_get(cause, "gain");
		long long cells = json_integer_value(json_object_get(cause, "cells"));

		if (!json_is_number(gain) || json_number_value(gain) < CURE_GAIN_MIN)
			continue;
		say(list,
			"%lld cell%s lost frames to this: %s. What helps: %s (%+.1f points of "
			"captured share, median of the %lld such cells that were measured with "
			"it).",
			cells, plural(cells), json_string_value(json_object_get(cause, "cause")),
			json_string_value(json_object_get(cause, "cure")),
			100 * json_number_value(gain),
			(long long)json_integer_value(json_object_get(cause, "measured")));
	}
	json_decref(causes);
}

json_t *cb_words_results(const struct cb_report *r)
{
	const struct cb_report_totals *t = &r->totals;
	json_t *list = json_array();

	if (!list)
		return NULL;
	if (t->trials == 0) {
		say(list, "There is no finished trial: this run answers nothing yet.");
		return list;
	}
	say_claims(list, r);
	for (size_t i = 0; i < r->n_graphs && r->n_graphs <= FIGURES_TOLD_MAX; i++) {
		struct cb_text text = {0};

		cb_words_figure(&r->graphs[i], &text);
		if (text.length)
			json_array_append_new(list, json_string(cb_text_get(&text)));
		cb_text_finish(&text);
	}
	say_cures(list, r);
	say_capacities(list, r->data.run, r->registry);
	say(list,
		"%" PRId64 " trial%s: %" PRId64 " valid, %" PRId64 " generator-limited, %" PRId64
		" invalid.",
		t->trials, plural(t->trials), t->valid, t->generator_limited, t->invalid);
	say_books(list, t);
	return list;
}

static void warn_status(json_t *list, const struct cb_report *r)
{
	const char *status = cb_report_data_run_text(&r->data, "status");
	const struct cb_report_totals *t = &r->totals;

	if (t->missing != CB_UNKNOWN && t->missing > 0)
		say(list,
			"%" PRId64 " of %" PRId64 " planned trials are missing; `capbench run "
			"--resume DIR` finishes the run.",
			t->missing, t->planned);
	else if (status[0] && strcmp(status, "complete") != 0)
		say(list, "The run is not marked as complete (its status is \"%.32s\").", status);
}

static void warn_books(json_t *list, const struct cb_report_totals *t)
{
	if (t->unaccounted_trials)
		say(list,
			"%" PRId64 " frame%s unaccounted for in %" PRId64
			" trial%s: the books don't balance there.",
			t->unaccounted, t->unaccounted == 1 ? " is" : "s are",
			t->unaccounted_trials, plural(t->unaccounted_trials));
	if (t->invalid)
		say(list,
			"%" PRId64
			" trial%s invalid and left out of every statistic and figure (the "
			"reasons are listed).",
			t->invalid, t->invalid == 1 ? " is" : "s are");
	if (t->unaccounted_unknown)
		say(list,
			"In %" PRId64
			" trial%s a count that the balance needs is not available: whether "
			"frames are unaccounted for is not known there.",
			t->unaccounted_unknown, plural(t->unaccounted_unknown));
	if (t->generator_limited)
		say(list,
			"%" PRId64
			" trial%s generator-limited: more than 0.5 %% of the frames asked for "
			"were never offered. They are in the figures, marked.",
			t->generator_limited, t->generator_limited == 1 ? " is" : "s are");
}

static void warn_cells(json_t *list, const struct cb_report_cells *c)
{
	size_t buffer = 0;

	for (size_t i = 0; i < c->n; i++)
		buffer += c->cells[i].buffer_passes;
	if (buffer)
		say(list,
			"In %zu of %zu cells the tap's buffer holds more than 1 %% of a trial's "
			"frames and "
			"the warm-up does not fill it: what the buffer takes in can pass for "
			"captured "
			"capacity. Longer trials, a longer warm-up or a smaller buffer cure it.",
			buffer, c->n);
}

/* The cells of run.json's list that this report has. */
static size_t count_cells(const struct cb_report_cells *c, const json_t *indexes)
{
	const json_t *index;
	size_t i, n = 0;

	json_array_foreach(indexes, i, index)
	{
		json_int_t at = json_is_integer(index) ? json_integer_value(index) : -1;

		n += at >= 0 && cb_report_cell_at(c, (size_t)at) != NULL;
	}
	return n;
}

static size_t count_noted(const struct cb_report *r, const json_t *layouts, const char *note)
{
	const json_t *layout;
	size_t i, n = 0;

	json_array_foreach(layouts, i, layout)
	{
		const char *other = json_string_value(json_object_get(layout, "note"));

		if (other && strcmp(other, note) == 0)
			n += count_cells(&r->cells, json_object_get(layout, "cells"));
	}
	return n;
}

static bool noted_before(const json_t *layouts, size_t before, const char *note)
{
	for (size_t i = 0; i < before; i++) {
		const char *other =
			json_string_value(json_object_get(json_array_get(layouts, i), "note"));

		if (other && strcmp(other, note) == 0)
			return true;
	}
	return false;
}

/* What such a host can't show, once for all layouts it is said of. */
static void warn_layouts(json_t *list, const struct cb_report *r)
{
	const json_t *layouts = json_object_get(r->data.run, "layouts"), *layout;
	size_t i, n;

	json_array_foreach(layouts, i, layout)
	{
		const char *note = json_string_value(json_object_get(layout, "note"));

		if (!note || !*note || noted_before(layouts, i, note))
			continue;
		n = count_noted(r, layouts, note);
		if (n)
			say(list, "In %zu of %zu cells %s.", n, r->cells.n, note);
	}
}

static void warn_left_out(json_t *list, const json_t *run)
{
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(run, "left_out"), i, entry)
	{
		const char *why = json_string_value(json_object_get(entry, "why"));
		size_t n = json_array_size(json_object_get(entry, "cells"));

		say(list, "%zu cell%s left out: %s.", n, n == 1 ? " was" : "s were",
			why ? why : "the reason is not known");
	}
}

json_t *cb_words_warnings(const struct cb_report *r)
{
	json_t *list = json_array();

	if (!list)
		return NULL;
	warn_status(list, r);
	warn_left_out(list, r->data.run);
	warn_books(list, &r->totals);
	warn_cells(list, &r->cells);
	warn_layouts(list, r);
	json_array_extend(list, r->data.notes);
	return list;
}

void cb_words_command(const struct cb_report *r, struct cb_text *out)
{
	const json_t *line = json_object_get(r->data.run, "command_line");

	if (json_is_string(line))
		cb_format_line(out, json_string_value(line));
	for (size_t i = 0; i < json_array_size(line); i++) {
		const char *word = json_string_value(json_array_get(line, i));

		cb_text_add(out, i ? " " : "");
		cb_format_line(out, word ? word : "?");
	}
}
