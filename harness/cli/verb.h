/*
 * Verbs: one file and one row each. A verb is a struct to fill, the option tables that fill it, and
 * a function. Parsing, --help and the man page are made from the rows.
 */
#ifndef CB_HARNESS_CLI_VERB_H
#define CB_HARNESS_CLI_VERB_H

#include "harness/base/error.h"
#include "harness/base/member.h"
#include "harness/base/option.h"

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#define CB_REPEATS_MAX     64
#define CB_POSITIONALS_MAX 5

/* Values of an option that may be given several times, in order; borrowed from argv. */
struct cb_repeat {
	const char *items[CB_REPEATS_MAX];
	size_t n;
};

/* A row for a repeatable option: where its struct cb_repeat stands. */
struct cb_repeat_row {
	const char *name, *metavar, *help;
	size_t offset;
};

struct cb_positional_row {
	const char *metavar, *help;
	bool optional;
	bool repeats; /* the last of them: there may be more, in `rest` */
};

/* What every verb knows. */
struct cb_common {
	bool json, verbose;
};

struct cb_invocation {
	const struct cb_verb *verb;
	struct cb_common common;
	const char *positional[CB_POSITIONALS_MAX]; /* NULL past the last */
	const char **rest; /* those beyond, of a row that repeats; owned by main, borrowed items */
	size_t n_rest;
	void *args;               /* verb->args_size bytes, defaults and options filled in */
	const char *command_line; /* as typed, quoted for a shell */
};

struct cb_verb {
	const char *name, *help;
	const char *description; /* a paragraph for --help and the man page */
	bool internal;           /* not listed */
	struct cb_positional_row positional[CB_POSITIONALS_MAX + 1]; /* ends with a NULL metavar */
	const struct cb_option *options;                             /* over `args`; NULL: none */
	const struct cb_option
		*unlisted; /* over `args`: between our own processes, not in --help; NULL: none */
	const struct cb_repeat_row *repeats; /* NULL: none */
	size_t args_size;
	const char *const *examples; /* NULL-terminated lines; NULL: none */
	int (*run)(const struct cb_invocation *call, struct cb_error *err);
};

extern const struct cb_verb cb_verb_run, cb_verb_plan, cb_verb_report, cb_verb_compare,
	cb_verb_trend, cb_verb_search, cb_verb_tune, cb_verb_doctor, cb_verb_list, cb_verb_generate,
	cb_verb_capture, cb_verb_replay, cb_verb_clean, cb_verb_agent, cb_verb_man;
extern const struct cb_verb *const cb_verbs[]; /* NULL-terminated */

/* Options that every verb takes, over struct cb_common. */
extern const struct cb_option cb_common_options[];

/* Exit statuses as a table for --help: "0  ok" ... */
struct cb_exit_row {
	int status;
	const char *means;
};
extern const struct cb_exit_row cb_exit_rows[];

/* All axes of this program. */
extern const struct cb_registry cb_cli_registry;

/*
 * Parse argv[2..] for `call->verb` into `call` (args allocated by the caller). 0, CB_ERR_USAGE, or
 * 1: help was asked for.
 */
int cb_args_parse(struct cb_invocation *call, int argc, char **argv, struct cb_error *err);

/* --help of a verb, and of the program (verb NULL), to stdout. */
void cb_help_print(const struct cb_verb *verb);

/* One JSON document on stdout, with a newline. The reference is stolen. */
int cb_cli_print_json(json_t *json, struct cb_error *err);

/* Set by SIGINT, SIGTERM and SIGHUP to the signal's number. */
extern volatile sig_atomic_t cb_cli_signal;

#endif
