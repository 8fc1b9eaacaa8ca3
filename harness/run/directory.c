#include "harness/run/directory.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/random.h"
#include "harness/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN_JSON_MAX (16u << 20)

void cb_run_directory_name(const char *scenario, char *out, size_t size)
{
	struct cb_random random = {cb_real_ns() ^ (uint64_t)getpid() << 40};
	char time[32], compact[32];
	size_t n = 0;

	cb_time_utc_text(cb_real_ns(), time);
	for (const char *p = time; *p; p++)
		if (*p != '-' && *p != ':')
			compact[n++] = *p;
	compact[n] = '\0';
	snprintf(out, size, "results/%s/%s-%04x", scenario, compact,
		(unsigned)(cb_random_next(&random) & 0xffff));
}

static void hash_bytes(uint64_t *h, const void *bytes, size_t n)
{
	for (const unsigned char *p = bytes; n--; p++)
		*h = (*h ^ *p) * UINT64_C(0x100000001b3); /* FNV-1a */
}

void cb_plan_hash(const struct cb_plan *plan, char out[17])
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < plan->scenario->n_cells; i++) {
		const struct cb_layout *l = &plan->layouts[i];

		hash_bytes(&h, plan->scenario->cells[i].id, 16);
		hash_bytes(&h, &l->receive_mode, sizeof(l->receive_mode));
		hash_bytes(&h, &l->generator, sizeof(l->generator));
		if (l->n_generators > 1)
			hash_bytes(&h, l->generators,
				sizeof(l->generators[0]) * (size_t)l->n_generators);
		hash_bytes(&h, &l->receive, sizeof(l->receive));
		hash_bytes(&h, l->capture, sizeof(l->capture[0]) * (size_t)l->n_capture);
	}
	for (size_t i = 0; i < plan->n_trials; i++) {
		hash_bytes(&h, &plan->trials[i].cell, sizeof(plan->trials[i].cell));
		hash_bytes(&h, &plan->trials[i].repetition, sizeof(plan->trials[i].repetition));
	}
	snprintf(out, 17, "%016llx", (unsigned long long)h);
}

static int path_of(const struct cb_run_directory *d, const char *name, char out[CB_RUN_PATH_MAX],
	struct cb_error *err)
{
	return cb_file_join(out, CB_RUN_PATH_MAX, d->path, name, err);
}

static int write_text(
	const struct cb_run_directory *d, const char *name, const char *text, struct cb_error *err)
{
	char path[CB_RUN_PATH_MAX];

	if (path_of(d, name, path, err))
		return CB_ERR_INTERNAL;
	return cb_file_replace(path, text, strlen(text), err);
}

int cb_run_directory_write(struct cb_run_directory *d, struct cb_error *err)
{
	char *text = json_dumps(d->run, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	int r = text ? write_text(d, "run.json", text, err) : cb_error_memory(err, "run.json");

	free(text);
	return r;
}

int cb_run_directory_set_status(
	struct cb_run_directory *d, const char *status, struct cb_error *err)
{
	char now[32];

	cb_time_utc_text(cb_real_ns(), now);
	json_object_set_new(d->run, "status", json_string(status));
	json_object_set_new(d->run, "finished", json_string(now));
	return cb_run_directory_write(d, err);
}

/* Open a data file for appending; what lies behind `keep` bytes is cut off. */
static int open_lines(const struct cb_run_directory *d, const char *name, int64_t keep, int *fd,
	struct cb_error *err)
{
	char path[CB_RUN_PATH_MAX];
	struct stat st;

	if (path_of(d, name, path, err))
		return CB_ERR_INTERNAL;
	*fd = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);
	if (*fd < 0 || fstat(*fd, &st))
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "%s can't be opened", path);
	if (st.st_size < keep)
		return cb_error_set(err, CB_ERR_USAGE,
			"%s is shorter than the journal says: this run can't be resumed", path);
	if (st.st_size > keep && ftruncate(*fd, (off_t)keep))
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "%s can't be cut", path);
	return 0;
}

static void init(struct cb_run_directory *d)
{
	*d = (struct cb_run_directory){.trials_fd = -1, .calibration_fd = -1};
	d->journal.fd = -1;
}

static int make_new(const char *path, struct cb_error *err)
{
	int r = cb_file_make_dirs(path, err);

	if (r)
		return r;
	if (rmdir(path) == 0 && mkdir(path, 0755) == 0)
		return 0; /* it was empty, and is ours now */
	if (errno == ENOTEMPTY || errno == EEXIST)
		return cb_error_set(err, CB_ERR_USAGE,
			"%s is not empty: choose another --out, or --resume it", path);
	return cb_error_errno(err, CB_ERR_INTERNAL, errno, "%s can't be made", path);
}

int cb_run_directory_create(struct cb_run_directory *d, const char *path,
	const struct cb_plan *plan, const char *testbed, json_t *run, struct cb_error *err)
{
	const struct cb_scenario *s = plan->scenario;
	char journal[CB_RUN_PATH_MAX], hash[17];
	int r;

	init(d);
	d->run = run;
	if (!run)
		return cb_error_memory(err, "run.json");
	cb_plan_hash(plan, hash);
	json_object_set_new(run, "plan_hash", json_string(hash));
	if (!cb_text_copy(d->path, sizeof(d->path), path))
		r = cb_error_set(err, CB_ERR_USAGE, "%s is too long for a directory", path);
	else
		r = make_new(path, err);
	if (!r)
		r = write_text(d, "scenario.yaml", s->source, err);
	if (!r)
		r = write_text(d, "scenario.resolved.yaml", s->resolved, err);
	if (!r && testbed)
		r = write_text(d, "testbed.yaml", testbed, err);
	if (!r)
		r = cb_run_directory_write(d, err);
	if (!r)
		r = open_lines(d, "trials.jsonl", 0, &d->trials_fd, err);
	if (!r)
		r = open_lines(d, "calibration.jsonl", 0, &d->calibration_fd, err);
	if (!r)
		r = path_of(d, "journal.jsonl", journal, err);
	if (!r)
		r = cb_journal_create(&d->journal, journal, plan->n_trials, err);
	if (!r)
		r = cb_journal_append(&d->journal,
			json_pack("{s:s, s:s, s:I}", "event", "run-start", "plan", hash, "trials",
				(json_int_t)plan->n_trials),
			err);
	if (r)
		cb_run_directory_close(d);
	return r;
}

static int read_run(struct cb_run_directory *d, const char *path, struct cb_error *err)
{
	char file[CB_RUN_PATH_MAX], *text = NULL;
	size_t size;

	if (!cb_text_copy(d->path, sizeof(d->path), path) || path_of(d, "run.json", file, err))
		return cb_error_set(err, CB_ERR_USAGE, "%s is too long for a directory", path);
	if (cb_file_read(file, RUN_JSON_MAX, &text, &size, err))
		return cb_error_set(err, CB_ERR_USAGE,
			"%s is not a run directory: it has no readable run.json", path);
	d->run = cb_json_parse(text, size, err);
	free(text);
	if (!d->run) {
		cb_error_prepend(err, "%s", file);
		if (err)
			err->code = CB_ERR_USAGE;
		return CB_ERR_USAGE;
	}
	return 0;
}

int cb_run_directory_seed(const char *path, uint64_t *seed, struct cb_error *err)
{
	struct cb_run_directory d;
	char text[32];
	int r;

	init(&d);
	r = read_run(&d, path, err);
	if (!r)
		r = cb_json_text(d.run, "seed", text, sizeof(text), err);
	if (!r)
		*seed = strtoull(text, NULL, 10);
	cb_run_directory_close(&d);
	return r;
}

/* The plan must be the one the run was started with, by the journal's word. */
static int check_plan(
	const struct cb_run_directory *d, const struct cb_plan *plan, struct cb_error *err)
{
	char hash[17];

	cb_plan_hash(plan, hash);
	if (!d->journal.plan[0] || strcmp(hash, d->journal.plan) == 0)
		return 0;
	return cb_error_set(err, CB_ERR_USAGE,
		"%s was started with another plan: the scenario, its overlays or this machine's "
		"cores have "
		"changed; start a new run, or give the scenario as it was",
		d->path);
}

int cb_run_directory_open(struct cb_run_directory *d, const char *path, const struct cb_plan *plan,
	struct cb_error *err)
{
	char journal[CB_RUN_PATH_MAX];
	int r;

	init(d);
	r = read_run(d, path, err);
	if (!r)
		r = path_of(d, "journal.jsonl", journal, err);
	if (!r)
		r = cb_journal_open(&d->journal, journal, plan->n_trials, err);
	if (!r)
		r = check_plan(d, plan, err);
	if (!r)
		r = open_lines(d, "trials.jsonl", d->journal.trials_bytes, &d->trials_fd, err);
	if (!r)
		r = open_lines(d, "calibration.jsonl", d->journal.calibration_bytes,
			&d->calibration_fd, err);
	if (!r)
		r = cb_journal_append(&d->journal, json_pack("{s:s}", "event", "resume"), err);
	if (r)
		cb_run_directory_close(d);
	return r;
}

void cb_run_directory_close(struct cb_run_directory *d)
{
	cb_journal_close(&d->journal);
	if (d->trials_fd >= 0)
		close(d->trials_fd);
	if (d->calibration_fd >= 0)
		close(d->calibration_fd);
	json_decref(d->run);
	init(d);
}
