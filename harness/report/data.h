/*
 * A run directory in memory: what was asked, what was measured, on what. Everything in it may come
 * from another machine and another year: a file that is missing or partly damaged is told in
 * `notes` and the rest is used.
 */
#ifndef CB_HARNESS_REPORT_DATA_H
#define CB_HARNESS_REPORT_DATA_H

#include "harness/record/record.h"
#include "harness/scenario/scenario.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct cb_report_trial {
	struct cb_trial_record record;
	size_t line; /* of trials.jsonl */
	bool counts; /* the last attempt of its trial */
};

/* One line of calibration.jsonl: what the generator alone reaches in a layout. */
struct cb_calibration {
	json_t *params; /* of the layout; owned */
	size_t *cells;  /* it applies to these; owned */
	size_t n_cells;
	double ceiling_pps;
};

struct cb_report_data {
	char directory[4096];
	json_t *run;                    /* run.json; an empty object when missing */
	struct cb_scenario *scenario;   /* NULL: not readable */
	struct cb_report_trial *trials; /* by trial, then attempt */
	size_t n_trials, trials_capacity;
	struct cb_calibration *calibrations;
	size_t n_calibrations;
	json_t *hosts;       /* name -> facts before the first trial (facts.json), by name */
	json_t *hosts_after; /* name -> facts after the last (facts_after.json), where told */
	char *testbed;       /* testbed.yaml as it is; NULL: missing */
	json_t *notes;       /* array of sentences */
};

/*
 * Read `directory`. CB_ERR_USAGE when it is no run directory (neither run.json nor trials.jsonl is
 * in it). `registry` lends the members' options to the scenario reader.
 */
int cb_report_data_load(struct cb_report_data *d, const char *directory,
	const struct cb_registry *registry, struct cb_error *err);
/* Accepts a zeroed struct. */
void cb_report_data_finish(struct cb_report_data *d);

/* Append a sentence to the notes; after CB_REPORT_NOTES_MAX of them only that there were more. */
#define CB_REPORT_NOTES_MAX 50
void cb_report_data_note(struct cb_report_data *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A member of run.json as text, "" when it is missing or no string; borrowed. */
const char *cb_report_data_run_text(const struct cb_report_data *d, const char *key);
/* A count of run.json's "plan", CB_UNKNOWN when it is missing. */
int64_t cb_report_data_planned(const struct cb_report_data *d, const char *key);
/* "name", title, question of the scenario; from run.json when the scenario is not readable. */
const char *cb_report_data_name(const struct cb_report_data *d);
const char *cb_report_data_title(const struct cb_report_data *d);

/* Parts of the load, by file. Those that return nothing put what is wrong into the notes. */
void cb_report_load_trials(struct cb_report_data *d);
void cb_report_load_calibrations(struct cb_report_data *d);
void cb_report_load_hosts(struct cb_report_data *d);

/* Calls `line` with every line of directory/name that is a JSON object; others are noted. Returns
 * false when there is no such file. */
bool cb_report_load_lines(struct cb_report_data *d, const char *name,
	void (*line)(struct cb_report_data *d, const json_t *object, size_t number));

#endif
