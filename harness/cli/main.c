/* Verbs, signals, and the only exit. */
#include "harness/base/log.h"
#include "harness/base/text.h"
#include "harness/base/version.h"
#include "harness/cli/verb.h"
#include "harness/testbed/testbed.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

volatile sig_atomic_t cb_cli_signal;

const struct cb_verb *const cb_verbs[] = {
	&cb_verb_run,
	&cb_verb_plan,
	&cb_verb_report,
	&cb_verb_compare,
	&cb_verb_trend,
	&cb_verb_search,
	&cb_verb_tune,
	&cb_verb_doctor,
	&cb_verb_list,
	&cb_verb_generate,
	&cb_verb_capture,
	&cb_verb_replay,
	&cb_verb_clean,
	&cb_verb_agent,
	&cb_verb_man,
	NULL,
};

static void on_signal(int number)
{
	cb_cli_signal = number;
	cb_testbed_stop = number;
}

/* Without SA_RESTART: blocking calls end, and whoever made them looks at the flag. */
static void catch_signals(void)
{
	struct sigaction act = {.sa_handler = on_signal};

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static const struct cb_verb *find_verb(const char *name, struct cb_error *err)
{
	const char *names[16];
	size_t n = 0;

	for (const struct cb_verb *const *v = cb_verbs; *v; v++) {
		if (strcmp((*v)->name, name) == 0)
			return *v;
		if (!(*v)->internal && n < sizeof(names) / sizeof(*names))
			names[n++] = (*v)->name;
	}
	const char *near = cb_text_nearest(name, names, n);
	if (near)
		cb_error_set(err, CB_ERR_USAGE, "verb \"%s\" is not known; did you mean \"%s\"?",
			name, near);
	else
		cb_error_set(err, CB_ERR_USAGE, "verb \"%s\" is not known (capbench --help)", name);
	return NULL;
}

/* Who reads no further, as head(1) does, has what they wanted. (POLLERR of a pipe: it has no reader
 * any more.) */
static int write_out(struct cb_error *err)
{
	struct pollfd reader = {.fd = STDOUT_FILENO, .events = POLLOUT};
	static bool told;

	errno = 0;
	if (told || (!fflush(stdout) && !ferror(stdout)))
		return 0;
	if (errno == EPIPE || (poll(&reader, 1, 0) > 0 && reader.revents & POLLERR))
		return 0;
	told = true;
	return cb_error_errno(err, CB_ERR_INTERNAL, errno ? errno : EIO, "stdout can't be written");
}

static bool printed_json; /* the one document of a verb is out */

int cb_cli_print_json(json_t *json, struct cb_error *err)
{
	int r = 0;

	if (!json)
		return cb_error_memory(err, "the JSON document");
	if (json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) && !ferror(stdout))
		r = cb_error_set(err, CB_ERR_INTERNAL, "the JSON document can't be made");
	putchar('\n');
	if (!r)
		r = write_out(err);
	json_decref(json);
	printed_json = true;
	return r;
}

static int fail(const struct cb_verb *verb, bool json, const struct cb_error *err)
{
	if (json && !printed_json)
		cb_cli_print_json(json_pack("{s:s, s:i}", "error", err->text, "exit_status",
					  cb_error_exit_status(err)),
			NULL);
	if (err->code == CB_ERR_INTERRUPTED)
		cb_log(CB_LOG_WARN, "%s", err->text[0] ? err->text : "interrupted");
	else if (verb)
		cb_log(CB_LOG_ERROR, "%s: %s", verb->name, err->text);
	else
		cb_log(CB_LOG_ERROR, "%s", err->text);
	return cb_error_exit_status(err);
}

/* What was typed, for the record: words with anything but plain characters are quoted. */
static void quote_command_line(struct cb_text *out, int argc, char **argv)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-+=./:,@%";

	for (int i = 0; i < argc; i++) {
		if (i)
			cb_text_add(out, " ");
		if (argv[i][0] && strspn(argv[i], plain) == strlen(argv[i])) {
			cb_text_add(out, argv[i]);
			continue;
		}
		cb_text_add(out, "'");
		for (const char *p = argv[i]; *p; p++)
			cb_text_add_n(out, *p == '\'' ? "'\\''" : p, *p == '\'' ? 4 : 1);
		cb_text_add(out, "'");
	}
}

static int run_verb(const struct cb_verb *verb, int argc, char **argv)
{
	struct cb_invocation call = {.verb = verb};
	struct cb_error err = {0};
	struct cb_text typed = {0};
	int status, r;

	call.args = calloc(1, verb->args_size ? verb->args_size : 1);
	call.rest = calloc((size_t)argc, sizeof(*call.rest));
	if (!call.args || !call.rest) {
		free(call.args);
		free(call.rest);
		return 1;
	}
	r = cb_args_parse(&call, argc, argv, &err);
	if (r == 1) {
		cb_help_print(verb);
		status = 0;
		goto out;
	}
	quote_command_line(&typed, argc, argv);
	call.command_line = cb_text_get(&typed);
	if (call.common.verbose)
		cb_log_set_level(CB_LOG_DEBUG);
	if (!r)
		r = verb->run(&call, &err);
	status = r ? fail(verb, call.common.json && !verb->internal, &err) : 0;
out:
	cb_text_finish(&typed);
	free(call.args);
	free(call.rest);
	return status;
}

/* What was printed must have arrived: a full disk is no success. */
static int end_output(int status)
{
	struct cb_error err = {0};

	if (!write_out(&err))
		return status;
	cb_log(CB_LOG_ERROR, "%s", err.text);
	return status ? status : cb_error_exit_status(&err);
}

static int dispatch(int argc, char **argv)
{
	struct cb_error err = {0};
	const struct cb_verb *verb;

	if (argc < 2) {
		cb_help_print(NULL);
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		cb_help_print(NULL);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("capbench " CB_VERSION);
		return 0;
	}
	verb = find_verb(argv[1], &err);
	return verb ? run_verb(verb, argc, argv) : fail(NULL, false, &err);
}

int main(int argc, char **argv)
{
	catch_signals();
	/* Agents and their processes are executed through /proc/self/exe, which would name them
	 * "exe". */
	prctl(PR_SET_NAME, "capbench");
	return end_output(dispatch(argc, argv));
}
