/*
 * The journal of a run: one JSON object a line, appended and fsync'ed; the only truth for resume.
 *
 *   {"event": "run-start", "plan": HASH, "trials": N}
 *   {"event": "calibrated", "bytes": B}
 *   {"event": "capacity", "id": I, "sustained_pps": S, "limit_pps": L, ...}
 *   {"event": "trial-start", "trial": T, "attempt": A}
 *   {"event": "trial-end", "trial": T, "attempt": A, "state": S, "bytes": B}
 *   {"event": "trial-failed", "trial": T, "attempt": A, "host": TEXT, "bytes": B}
 *   {"event": "resume"}   {"event": "interrupted", "signal": S}   {"event": "run-end"}
 *
 * "bytes" is the length of trials.jsonl (calibration.jsonl) that counts: what a crash left behind
 * it is cut off. A last line that a crash cut short is cut off too.
 */
#ifndef CB_HARNESS_RUN_JOURNAL_H
#define CB_HARNESS_RUN_JOURNAL_H

#include "harness/base/error.h"
#include "harness/record/record.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the journal says about one trial. */
struct cb_journal_trial {
	int64_t attempts;          /* that ended, failed ones included */
	int64_t failures;          /* of these, those that a host's failure ended */
	bool ended;                /* at least one did */
	enum cb_trial_state state; /* of the last that ended */
};

struct cb_journal {
	int fd;
	int64_t appended; /* lines appended by this process */
	/* Read back by cb_journal_open on resume; all zero for a new one. */
	char plan[17];
	int64_t trials_bytes, calibration_bytes;
	bool calibrated, ended;
	json_t *capacities;              /* those events, as they are; owned */
	struct cb_journal_trial *trials; /* n_trials */
	size_t n_trials;
};

/* Make a new journal (the file must not exist), locked against a second process. */
int cb_journal_create(
	struct cb_journal *j, const char *path, size_t n_trials, struct cb_error *err);
/* Open and read an existing one. CB_ERR_USAGE: not a journal, or in use by another process. */
int cb_journal_open(struct cb_journal *j, const char *path, size_t n_trials, struct cb_error *err);
void cb_journal_close(struct cb_journal *j);

/*
 * Append an event (stolen) and fsync. For the tests of resume: when the environment variable
 * CAPBENCH_KILL_AT_STEP is N, the N-th append of this process is its last deed (SIGKILL).
 */
int cb_journal_append(struct cb_journal *j, json_t *event, struct cb_error *err);

/*
 * A data file of lines beside the journal (trials.jsonl): append a line and fsync; `*bytes` is its
 * length then.
 */
int cb_lines_append(
	int fd, const char *name, const json_t *line, int64_t *bytes, struct cb_error *err);

#endif
