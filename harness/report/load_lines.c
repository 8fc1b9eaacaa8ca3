/* The files that grow by lines: trials.jsonl and calibration.jsonl. */
#include "harness/base/file.h"
#include "harness/report/data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A trial's line is some kilobytes; what is far longer is not one. */
#define LINE_BYTES_MAX (16u << 20)

static void parse_line(struct cb_report_data *d, const char *name, size_t number, const char *text,
	size_t size, void (*line)(struct cb_report_data *, const json_t *, size_t))
{
	struct cb_error err = {0};
	json_t *object;

	if (size > LINE_BYTES_MAX) {
		cb_report_data_note(d, "%s:%zu is left out: too long", name, number);
		return;
	}
	object = cb_json_parse(text, size, &err);
	if (json_is_object(object))
		line(d, object, number);
	else
		cb_report_data_note(d, "%s:%zu is left out: %s", name, number,
			err.text[0] ? err.text : "not an object");
	json_decref(object);
}

bool cb_report_load_lines(struct cb_report_data *d, const char *name,
	void (*line)(struct cb_report_data *d, const json_t *object, size_t number))
{
	char path[4096];
	char *text = NULL;
	size_t capacity = 0, number = 0;
	ssize_t n;
	FILE *f;

	if (cb_file_join(path, sizeof(path), d->directory, name, NULL))
		return false;
	f = fopen(path, "re");
	if (!f)
		return false;
	while ((n = getline(&text, &capacity, f)) > 0) {
		number++;
		/* A run that was killed may end in half a line; the journal knows that trial as not
		 * done. */
		if (text[n - 1] != '\n')
			cb_report_data_note(
				d, "%s:%zu is left out: the line was never finished", name, number);
		else if (n > 1)
			parse_line(d, name, number, text, (size_t)n, line);
	}
	free(text);
	fclose(f);
	return true;
}

static struct cb_report_trial *new_trial(struct cb_report_data *d)
{
	if (d->n_trials == d->trials_capacity) {
		size_t capacity = d->trials_capacity ? d->trials_capacity * 2 : 64;
		struct cb_report_trial *more =
			reallocarray(d->trials, capacity, sizeof(*d->trials));

		if (!more)
			return NULL;
		d->trials = more;
		d->trials_capacity = capacity;
	}
	memset(&d->trials[d->n_trials], 0, sizeof(*d->trials));
	return &d->trials[d->n_trials++];
}

/* Indices are used to make tables: what no plan can hold is refused. */
static bool plausible(const struct cb_trial_record *r)
{
	return r->trial >= 0 && r->trial < CB_TRIALS_MAX && r->cell >= 0 &&
		r->cell < CB_CELLS_MAX && json_is_object(r->params);
}

static void add_trial(struct cb_report_data *d, const json_t *object, size_t number)
{
	struct cb_report_trial *t = new_trial(d);
	struct cb_error err = {0};

	if (!t) {
		cb_report_data_note(d, "trials.jsonl:%zu is left out: no memory", number);
		return;
	}
	cb_trial_record_init(&t->record);
	t->line = number;
	if (cb_trial_record_read(&t->record, object, &err) == 0 && plausible(&t->record))
		return;
	cb_report_data_note(d, "trials.jsonl:%zu is left out: %s", number,
		err.text[0] ? err.text : "its indices or parameters are out of bounds");
	cb_trial_record_finish(&t->record);
	d->n_trials--;
}

static int by_trial_and_attempt(const void *a, const void *b)
{
	const struct cb_report_trial *x = a, *y = b;

	if (x->record.trial != y->record.trial)
		return x->record.trial < y->record.trial ? -1 : 1;
	if (x->record.attempt != y->record.attempt)
		return x->record.attempt < y->record.attempt ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

static bool same_attempt(const struct cb_report_trial *x, const struct cb_report_trial *y)
{
	return x->record.trial == y->record.trial && x->record.attempt == y->record.attempt;
}

/* No trial may count twice: of an attempt written twice the later line stays. */
static void drop_repeated(struct cb_report_data *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_trials; i++) {
		if (i + 1 < d->n_trials && same_attempt(&d->trials[i], &d->trials[i + 1])) {
			cb_report_data_note(d,
				"trials.jsonl:%zu is left out: attempt %lld of trial %lld stands "
				"there again further on",
				d->trials[i].line, (long long)d->trials[i].record.attempt,
				(long long)d->trials[i].record.trial);
			cb_trial_record_finish(&d->trials[i].record);
			continue;
		}
		d->trials[n++] = d->trials[i];
	}
	d->n_trials = n;
}

void cb_report_load_trials(struct cb_report_data *d)
{
	if (!cb_report_load_lines(d, "trials.jsonl", add_trial))
		cb_report_data_note(d, "trials.jsonl is missing: no trial was finished");
	if (d->n_trials)
		qsort(d->trials, d->n_trials, sizeof(*d->trials), by_trial_and_attempt);
	drop_repeated(d);
	for (size_t i = 0; i < d->n_trials; i++)
		d->trials[i].counts = i + 1 == d->n_trials ||
			d->trials[i].record.trial != d->trials[i + 1].record.trial;
}
