#include "harness/run/progress.h"

#include "harness/base/clock.h"
#include "harness/base/log.h"
#include "harness/base/text.h"
#include "harness/base/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The live line, so that the log can take it away and put it back. */
static char line[512];
static bool line_shown;

static void hide_line(void)
{
	if (line_shown)
		fputs("\r\033[K", stderr);
	line_shown = false;
}

static void show_line(void)
{
	struct winsize size;
	int columns =
		ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;

	if (!line[0])
		return;
	fprintf(stderr, "\r\033[K%.*s", columns - 1, line);
	line_shown = true;
}

static void before_log(void)
{
	hide_line();
}

static void after_log(void)
{
	show_line();
}

void cb_progress_start(struct cb_progress *p, const struct cb_plan *plan, size_t done, bool quiet)
{
	*p = (struct cb_progress){
		.plan = plan,
		.done = done,
		.quiet = quiet,
		.live = !quiet && isatty(STDERR_FILENO),
		.start_ns = cb_now_ns(),
	};
	line[0] = '\0';
	if (p->live)
		cb_log_set_hook(before_log, after_log);
}

/* A parameter's value as people write it. */
static void value_text(const char *path, const json_t *value, char *out, size_t size)
{
	const struct cb_option *row = cb_option_find(cb_trial_options, path);
	static const enum cb_unit units[CB_OPT_TYPES] = {
		[CB_OPT_TIME] = CB_UNIT_TIME,
		[CB_OPT_RATE] = CB_UNIT_RATE,
		[CB_OPT_BYTES] = CB_UNIT_BYTES,
	};

	if (json_is_string(value))
		snprintf(out, size, "%s", json_string_value(value));
	else if (json_is_integer(value) && row && units[row->type])
		cb_unit_format(units[row->type], json_integer_value(value), out, size);
	else if (json_is_integer(value))
		snprintf(out, size, "%s=%lld", strrchr(path, '.') ? strrchr(path, '.') + 1 : path,
			(long long)json_integer_value(value));
	else
		snprintf(out, size, "%s", json_is_true(value) ? "true" : "false");
}

void cb_progress_cell_text(const struct cb_plan *plan, size_t cell, char *out, size_t size)
{
	const struct cb_scenario *s = plan->scenario;
	size_t used = 0;

	out[0] = '\0';
	for (size_t a = 0; a < s->n_axes && used < size; a++) {
		const json_t *value = json_object_get(s->cells[cell].params, s->axes[a]);
		char text[128];
		int n;

		if (!value)
			continue;
		value_text(s->axes[a], value, text, sizeof(text));
		n = snprintf(out + used, size - used, "%s%s", used ? " " : "", text);
		used += n > 0 ? (size_t)n : 0;
	}
}

/* From the pace so far, or the plan's estimate before there is one. */
static uint64_t left_ns(const struct cb_progress *p)
{
	size_t left = p->plan->n_trials - p->done;

	if (p->measured < 3)
		return (uint64_t)p->plan->estimated_ns / p->plan->n_trials * left;
	return (cb_now_ns() - p->start_ns) / p->measured * left;
}

void cb_progress_trial_start(struct cb_progress *p, const struct cb_planned_trial *t, int attempt)
{
	char cell[160], again[32] = "";
	uint64_t left;

	if (!p->live)
		return;
	cb_progress_cell_text(p->plan, t->cell, cell, sizeof(cell));
	left = left_ns(p) / CB_NS_PER_SEC;
	if (attempt > 1)
		snprintf(again, sizeof(again), ", attempt %d", attempt);
	snprintf(line, sizeof(line), "[%zu/%zu] %s%s, about %llu:%02llu left", p->done + 1,
		p->plan->n_trials, cell, again, (unsigned long long)(left / 60),
		(unsigned long long)(left % 60));
	show_line();
}

static void print_trial(const struct cb_progress *p, const struct cb_trial_record *r)
{
	char cell[160], offered[32], captured[32] = "captured ?";
	const char *reason = json_string_value(json_array_get(r->reasons, 0));

	cb_progress_cell_text(p->plan, (size_t)r->cell, cell, sizeof(cell));
	cb_unit_human(CB_UNIT_RATE, r->generator.offered_pps, offered, sizeof(offered));
	if (r->n_views && !isnan(r->views[0].book.captured_share))
		snprintf(captured, sizeof(captured), "captured %.2f %%",
			100 * r->views[0].book.captured_share);
	fprintf(stderr, "[%zu/%zu] %s: offered %s, %s%s%s%s%s\n", p->done, p->plan->n_trials, cell,
		offered, captured, r->state == CB_TRIAL_VALID ? "" : ", ",
		r->state == CB_TRIAL_VALID ? "" : cb_trial_state_names[r->state],
		reason ? ": " : "", reason ? reason : "");
}

void cb_progress_trial_end(struct cb_progress *p, const struct cb_trial_record *r, bool final)
{
	p->done += final;
	p->measured += final;
	if (p->quiet || (p->live && r->state == CB_TRIAL_VALID))
		return;
	hide_line();
	print_trial(p, r);
}

void cb_progress_finish(struct cb_progress *p)
{
	if (!p->live)
		return;
	hide_line();
	line[0] = '\0';
	cb_log_set_hook(NULL, NULL);
}
