#include "harness/testbed/deploy.h"

#include "harness/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/*
 * What is sent is one line that every login shell (sh, csh, fish) takes for the same: sh with a
 * script in single quotes, which has neither these nor an exclamation mark nor two backslashes, and
 * words that were checked (a directory of plain characters, a hash, a name). $1: the directory or
 * nothing, $2: the hash, $3: the name.
 */
#define COMMAND  "exec sh -c '%s' capbench '%s' '%s' '%s'"
#define BASE     "umask 022; d=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/capbench}; "
#define IS_WHOLE "sha256sum -c SHA256SUMS >/dev/null 2>&1"
#define KEEP     "4" /* builds, the newest */

static const char probe_script[] =
	BASE "echo \"machine $(uname -m)\"; cd \"$d/$2\" 2>/dev/null || exit 0; " IS_WHOLE
	     " || exit 0; touch . 2>/dev/null; echo ready";

/* Exit statuses of the copying. */
enum { NO_PLACE = 31, NOT_WHOLE = 32, NOT_RUNNING = 33, NO_RENAME = 34 };

static const char copy_script[] =
	BASE "t=\"$d/.$2.$$\"; mkdir -p \"$d\" && mkdir \"$t\" || exit 31; "
	     "trap \"cd /; rm -rf \\\"\\$t\\\"\" EXIT; trap \"exit 35\" HUP INT TERM; "
	     "cd \"$t\" && tar -xf - && " IS_WHOLE " || exit 32; "
	     "./capbench --version >/dev/null || exit 33; cd \"$d\" || exit 31; "
	     "if test -d \"$2\" && (cd \"$2\" && " IS_WHOLE "); then exit 0; fi; "
	     "rm -rf \"$2\"; mv \"$t\" \"$2\" || exit 34; rm -rf \"$2/.$2.\"*; touch \"$2\"; "
	     "i=0; ls -1t | while read -r o; do i=$((i+1)); test $i -le " KEEP
	     " || rm -rf \"$d/$o\"; done; "
	     "find . -maxdepth 1 -name \".*.*\" -mmin +60 -exec rm -rf {} + 2>/dev/null; exit 0";

static const char agent_script[] =
	BASE "a=\"$d/$2/capbench\"; n=$3; set -- $SSH_CONNECTION; "
	     "exec %s\"$a\" agent --host=\"$n\" --remote --control-address=\"$3\"";

static char *command_of(
	const char *script, const struct cb_bed_host *host, const struct cb_bundle *bundle)
{
	char *command;

	if (asprintf(&command, COMMAND, script, host->directory, bundle->hash, host->name) < 0)
		return NULL;
	return command;
}

/* The same script for all. */
static int run_script(struct cb_ssh *const *list, size_t n, const char *script,
	const struct cb_bundle *bundle, int in_fd, uint64_t deadline_ns, struct cb_error *err)
{
	char *commands[CB_BED_HOSTS_MAX] = {NULL};
	int r = 0;

	for (size_t i = 0; !r && i < n; i++) {
		commands[i] = command_of(script, list[i]->host, bundle);
		if (!commands[i])
			r = cb_error_memory(err, "a command");
	}
	if (!r)
		r = cb_ssh_run(list, (const char *const *)commands, n, in_fd, deadline_ns, err);
	for (size_t i = 0; i < n; i++)
		free(commands[i]);
	return r;
}

static int take_probe(
	struct cb_ssh *s, const struct cb_bundle *bundle, bool *ready, struct cb_error *err)
{
	const char *at = strstr(cb_text_get(&s->output), "machine ");
	char machine[65] = "", words[300];

	cb_ssh_last_words(s, words, sizeof(words));
	if (!at || sscanf(at, "machine %64[A-Za-z0-9_.-]", machine) != 1)
		return cb_error_set(err, CB_ERR_HOST,
			"%s: its login shell runs no commands%s%s; try: ssh %s uname -m",
			s->host->name, *words ? ": " : "", words, s->host->ssh);
	if (strcmp(machine, bundle->machine) != 0)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s is %s, and this capbench is built for %s: start the run from a machine "
			"of its kind",
			s->host->name, machine, bundle->machine);
	*ready = strstr(at, "\nready\n") != NULL;
	return 0;
}

static int copy_failed(const struct cb_ssh *s, const struct cb_bundle *bundle, struct cb_error *err)
{
	int code = WIFEXITED(s->status) ? WEXITSTATUS(s->status) : -1;
	const char *place = *s->host->directory ? s->host->directory : "~/.cache/capbench";
	char words[300];

	cb_ssh_last_words(s, words, sizeof(words));
	if (code == NO_PLACE || code == NO_RENAME)
		return cb_error_set(err, CB_ERR_HOST,
			"%s: %s can't be written: %s: set `directory` of this host to a place that "
			"can",
			s->host->name, place, words);
	if (code == NOT_WHOLE)
		return cb_error_set(err, CB_ERR_HOST,
			"%s: the copy in %s is not whole: %s: it needs %lld MB there, or set "
			"`directory` of this host to another place",
			s->host->name, place, words, (long long)bundle->bytes / 1000000 + 1);
	if (code == NOT_RUNNING && strstr(words, "GLIBC_"))
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s: its C library is older than the one that this capbench was built with "
			"(%s): build on the host with the oldest, and start the run with that",
			s->host->name, words);
	if (code == NOT_RUNNING)
		return cb_error_set(err, CB_ERR_HOST,
			"%s: capbench does not start in %s: %s: it needs glibc, and a `directory` "
			"from which programs may be executed",
			s->host->name, place, words);
	return cb_error_set(err, CB_ERR_HOST, "%s: the copying failed (status %d): %s",
		s->host->name, code, words);
}

int cb_deploy(struct cb_ssh *const *list, size_t n, const struct cb_bundle *bundle,
	uint64_t deadline_ns, struct cb_error *err)
{
	struct cb_ssh *lacking[CB_BED_HOSTS_MAX];
	size_t n_lacking = 0;
	int r = run_script(list, n, probe_script, bundle, -1, deadline_ns, err);

	for (size_t i = 0; !r && i < n; i++) {
		bool ready = false;

		r = take_probe(list[i], bundle, &ready, err);
		if (!ready)
			lacking[n_lacking++] = list[i];
	}
	if (r || !n_lacking)
		return r;
	cb_debug("copying %lld bytes to %zu hosts", (long long)bundle->bytes, n_lacking);
	r = run_script(lacking, n_lacking, copy_script, bundle, bundle->fd, deadline_ns, err);
	for (size_t i = 0; !r && i < n_lacking; i++)
		if (lacking[i]->status)
			r = copy_failed(lacking[i], bundle, err);
	return r;
}

void cb_deploy_agent_command(const struct cb_bed_host *host, const struct cb_bundle *bundle,
	char command[CB_DEPLOY_COMMAND_MAX])
{
	char script[sizeof(agent_script) + 32];

	snprintf(script, sizeof(script), agent_script,
		host->become == CB_BED_BECOME_SUDO ? "sudo -n -- " : "");
	snprintf(command, CB_DEPLOY_COMMAND_MAX, COMMAND, script, host->directory, bundle->hash,
		host->name);
}
