/*
 * A run directory (DESIGN 7): made, or opened again for resume.
 */
#ifndef CB_HARNESS_RUN_DIRECTORY_H
#define CB_HARNESS_RUN_DIRECTORY_H

#include "harness/base/error.h"
#include "harness/run/journal.h"
#include "harness/scenario/plan.h"

#include <jansson.h>
#include <stdint.h>

#define CB_RUN_PATH_MAX 4096

struct cb_run_directory {
	char path[CB_RUN_PATH_MAX];
	json_t *run; /* run.json as an object */
	struct cb_journal journal;
	int trials_fd, calibration_fd;
};

/* A name for a run directory below results/: "<scenario>/<UTC time>-<id>". */
void cb_run_directory_name(const char *scenario, char *out, size_t size);

/*
 * Make `path` (which must not exist, or be empty) with scenario.yaml, scenario.resolved.yaml,
 * run.json, testbed.yaml (its text is `testbed`; NULL: none), journal, and empty data files. `run`
 * (stolen) is what run.json says.
 */
int cb_run_directory_create(struct cb_run_directory *d, const char *path,
	const struct cb_plan *plan, const char *testbed, json_t *run, struct cb_error *err);

/* The seed that an existing run was started with. CB_ERR_USAGE when `path` is no run directory. */
int cb_run_directory_seed(const char *path, uint64_t *seed, struct cb_error *err);

/*
 * Open for resume: the journal is read, what a crash left behind the last journalled line is cut
 * off. CB_ERR_USAGE when the plan is not the one that the run was started with.
 */
int cb_run_directory_open(struct cb_run_directory *d, const char *path, const struct cb_plan *plan,
	struct cb_error *err);

/* Set run.json's "status" and "finished", and write it. */
int cb_run_directory_set_status(
	struct cb_run_directory *d, const char *status, struct cb_error *err);
int cb_run_directory_write(struct cb_run_directory *d, struct cb_error *err);
void cb_run_directory_close(struct cb_run_directory *d);

/* A hash of what a plan measures and in which order: cells, layouts, trials. 16 hex digits. */
void cb_plan_hash(const struct cb_plan *plan, char out[17]);

#endif
