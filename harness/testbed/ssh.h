/*
 * The user's own OpenSSH client, as a child process: one master connection per host, which commands
 * share. It never asks anything (BatchMode), and takes no host key that is not known.
 */
#ifndef CB_HARNESS_TESTBED_SSH_H
#define CB_HARNESS_TESTBED_SSH_H

#include "harness/base/process.h"
#include "harness/base/text.h"
#include "harness/testbed/file.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#define CB_SSH_WORDS_MAX 48

struct cb_ssh {
	const struct cb_bed_host *host; /* borrowed */
	char socket[104];               /* sun_path has room for 108 */
	char log_path[PATH_MAX];        /* what ssh prints on stderr */
	struct cb_process master;
	/* The command under way. */
	struct cb_process command;
	int log_fd;      /* -1: none */
	off_t log_start; /* where its words in the log begin */
	struct cb_text output;
	int status; /* as wait(2) gives it */
};

/* A directory of this process for sockets; removed by cb_ssh_directory_remove (also that of
 * processes that are gone, by cb_state_clean). */
int cb_ssh_directory(char dir[PATH_MAX], unsigned serial, struct cb_error *err);

/* Prepare: opens the log. `log_dir` as in cb_testbed_options; NULL: below `dir`. */
int cb_ssh_init(struct cb_ssh *s, const struct cb_bed_host *host, const char *dir, unsigned number,
	const char *log_dir, struct cb_error *err);
void cb_ssh_finish(struct cb_ssh *s);

/* Begin to connect, from nothing; cb_ssh_connect waits for it. */
int cb_ssh_begin(struct cb_ssh *s, struct cb_error *err);
/*
 * Connect all at once (those that have begun go on). CB_ERR_HOST for the first that can't be:
 * which, why, and the line to type.
 */
int cb_ssh_connect(
	struct cb_ssh *const *list, size_t n, uint64_t deadline_ns, struct cb_error *err);
/* Whether the connection is still there. */
bool cb_ssh_is_connected(const struct cb_ssh *s);

/* The words that run `command` on the host, which its login shell reads: nothing that is not
 * checked may be in it. */
void cb_ssh_words(const struct cb_ssh *s, const char *command, const char *words[CB_SSH_WORDS_MAX]);

/*
 * Run command[i] on list[i], all at once, to their ends; stdin is the file `in_fd` (-1: empty),
 * what they print is in `output`, how they ended in `status`. CB_ERR_HOST when they don't in time.
 */
int cb_ssh_run(struct cb_ssh *const *list, const char *const *commands, size_t n, int in_fd,
	uint64_t deadline_ns, struct cb_error *err);

/* The last lines that ssh and the command have printed on stderr, joined to one. */
void cb_ssh_last_words(const struct cb_ssh *s, char *out, size_t size);
/* CB_ERR_HOST for a connection that failed, from the words that ssh left. */
int cb_ssh_failed(const struct cb_ssh *s, struct cb_error *err);

#endif
