#include "harness/run/journal.h"

#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOURNAL_MAX (256u << 20)

static int lock(struct cb_journal *j, const char *path, struct cb_error *err)
{
	if (flock(j->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return cb_error_set(err, CB_ERR_USAGE,
			"%s is in use: another capbench works on this run", path);
	return cb_error_errno(err, CB_ERR_INTERNAL, errno, "%s can't be locked", path);
}

static int start(
	struct cb_journal *j, const char *path, int flags, size_t n_trials, struct cb_error *err)
{
	*j = (struct cb_journal){.fd = -1, .n_trials = n_trials};
	j->trials = calloc(n_trials ? n_trials : 1, sizeof(*j->trials));
	j->capacities = json_array();
	if (!j->trials || !j->capacities)
		return cb_error_memory(err, "the journal");
	j->fd = open(path, flags | O_RDWR | O_APPEND | O_CLOEXEC, 0644);
	if (j->fd < 0)
		return cb_error_errno(err, errno == ENOENT ? CB_ERR_USAGE : CB_ERR_INTERNAL, errno,
			"%s can't be opened", path);
	return lock(j, path, err);
}

int cb_journal_create(struct cb_journal *j, const char *path, size_t n_trials, struct cb_error *err)
{
	int r = start(j, path, O_CREAT | O_EXCL, n_trials, err);

	if (r)
		cb_journal_close(j);
	return r;
}

static int state_of(const char *name)
{
	for (int i = 0; cb_trial_state_names[i]; i++)
		if (strcmp(cb_trial_state_names[i], name) == 0)
			return i;
	return CB_TRIAL_INVALID;
}

static int take_trial_end(struct cb_journal *j, const json_t *event, struct cb_error *err)
{
	char state[32];
	int64_t trial;

	if (cb_json_count(event, "trial", &trial, err) ||
		cb_json_text(event, "state", state, sizeof(state), err) ||
		cb_json_count(event, "bytes", &j->trials_bytes, err))
		return err->code;
	if (trial < 0 || (uint64_t)trial >= j->n_trials)
		return cb_error_set(
			err, CB_ERR_USAGE, "trial %lld is not in the plan", (long long)trial);
	j->trials[trial].ended = true;
	j->trials[trial].attempts++;
	j->trials[trial].state = (enum cb_trial_state)state_of(state);
	return 0;
}

static int take_trial_failed(struct cb_journal *j, const json_t *event, struct cb_error *err)
{
	int64_t trial;

	if (cb_json_count(event, "trial", &trial, err) ||
		cb_json_count(event, "bytes", &j->trials_bytes, err))
		return err->code;
	if (trial < 0 || (uint64_t)trial >= j->n_trials)
		return cb_error_set(
			err, CB_ERR_USAGE, "trial %lld is not in the plan", (long long)trial);
	j->trials[trial].attempts++;
	j->trials[trial].failures++;
	return 0;
}

static int take_event(struct cb_journal *j, const json_t *event, struct cb_error *err)
{
	char name[32];

	if (!event)
		return cb_error_prepend(err, "not JSON");
	if (cb_json_text(event, "event", name, sizeof(name), err))
		return err->code;
	if (strcmp(name, "run-start") == 0)
		return cb_json_text(event, "plan", j->plan, sizeof(j->plan), err);
	if (strcmp(name, "calibrated") == 0) {
		j->calibrated = true;
		return cb_json_count(event, "bytes", &j->calibration_bytes, err);
	}
	if (strcmp(name, "capacity") == 0)
		return json_array_append(j->capacities, (json_t *)event)
			? cb_error_memory(err, "the journal")
			: 0;
	if (strcmp(name, "trial-end") == 0)
		return take_trial_end(j, event, err);
	if (strcmp(name, "trial-failed") == 0)
		return take_trial_failed(j, event, err);
	j->ended = strcmp(name, "run-end") == 0;
	return 0;
}

/* Every whole line of `data`; *whole is the length of those. */
static int take_lines(
	struct cb_journal *j, const char *data, size_t size, size_t *whole, struct cb_error *err)
{
	const char *end, *p = data;
	int r = 0, number = 0;

	while (!r && (end = memchr(p, '\n', size - (size_t)(p - data)))) {
		json_t *event = cb_json_parse(p, (size_t)(end - p), err);

		number++;
		r = take_event(j, event, err);
		json_decref(event);
		p = end + 1;
	}
	*whole = (size_t)(p - data);
	if (r) {
		cb_error_prepend(err, "journal.jsonl:%d", number);
		err->code = CB_ERR_USAGE;
		return CB_ERR_USAGE;
	}
	return 0;
}

int cb_journal_open(struct cb_journal *j, const char *path, size_t n_trials, struct cb_error *err)
{
	struct cb_error local = {0};
	char *data = NULL;
	size_t size, whole = 0;
	int r;

	r = start(j, path, 0, n_trials, err);
	if (!r)
		r = cb_file_read(path, JOURNAL_MAX, &data, &size, err);
	if (!r) {
		r = take_lines(j, data, size, &whole, &local);
		if (r && err)
			*err = local;
	}
	if (!r && whole < size) {
		cb_debug("%s: %zu bytes of a line cut short are dropped", path, size - whole);
		if (ftruncate(j->fd, (off_t)whole))
			r = cb_error_errno(err, CB_ERR_INTERNAL, errno, "%s can't be cut", path);
	}
	free(data);
	if (r)
		cb_journal_close(j);
	return r;
}

void cb_journal_close(struct cb_journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	free(j->trials);
	json_decref(j->capacities);
	*j = (struct cb_journal){.fd = -1};
}

int cb_lines_append(
	int fd, const char *name, const json_t *line, int64_t *bytes, struct cb_error *err)
{
	struct cb_text text = {0};
	struct stat st;
	char *dump = line ? json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	int r;

	if (!dump)
		return cb_error_memory(err, name);
	cb_text_add(&text, dump);
	cb_text_add(&text, "\n");
	free(dump);
	r = text.failed ? cb_error_memory(err, name)
			: cb_file_write_all(fd, text.data, text.length, name, err);
	if (!r && (fdatasync(fd) || fstat(fd, &st)))
		r = cb_error_errno(err, CB_ERR_INTERNAL, errno, "%s can't be written", name);
	if (!r && bytes)
		*bytes = st.st_size;
	cb_text_finish(&text);
	return r;
}

int cb_journal_append(struct cb_journal *j, json_t *event, struct cb_error *err)
{
	const char *kill_at = getenv("CAPBENCH_KILL_AT_STEP");
	int r = cb_lines_append(j->fd, "journal.jsonl", event, NULL, err);

	json_decref(event);
	j->appended++;
	if (!r && kill_at && j->appended == strtoll(kill_at, NULL, 10))
		raise(SIGKILL);
	return r;
}
