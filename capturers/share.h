/*
 * Taps that several capture processes on one interface share, because an interface has only one of
 * what they are made of (an XDP program, say). Who starts the processes opens the tap, and each
 * process inherits its part as file descriptors: the program, its link and its maps die with the
 * owner. Only mechanisms with a share() have such taps.
 */
#ifndef CB_CAPTURERS_SHARE_H
#define CB_CAPTURERS_SHARE_H

#include "capturers/capture.h"

#define CB_SHARED_PROCESSES_MAX 64

/* Made by a mechanism's share(), as the first part of a struct of its own. */
struct cb_shared_tap {
	unsigned processes, n_fds;
	/* By process; the owner's, close-on-exec. */
	int fds[CB_SHARED_PROCESSES_MAX][CB_SHARED_FDS_MAX];
	void (*close)(struct cb_shared_tap *shared); /* takes the tap down, frees */
};

/*
 * The tap for `processes` processes that do the job (its interface is set). *shared is NULL when
 * they need share nothing (or can't run anyhow: they say why). CB_ERR_IMPOSSIBLE, CB_ERR_USAGE as
 * from the mechanism. Blocks for some ms.
 */
int cb_share_open(const struct cb_capture_job *job, unsigned processes,
	struct cb_shared_tap **shared, struct cb_error *err);
void cb_share_close(struct cb_shared_tap *shared); /* NULL is fine */

/* Process `index`'s part, as the job's option "shared-tap" wants it: "0/3:5,6,7". False: too long.
 */
bool cb_share_print(const struct cb_shared_tap *shared, unsigned index, char *out, size_t size);

/* Read that text, in the process. CB_ERR_USAGE unless each number is that of an open file. */
int cb_share_read(struct cb_tap_share *share, const char *text, struct cb_error *err);

/* For struct cb_process_spec's before_exec, with a struct cb_share_heir: lets the process keep its
 * part. */
struct cb_share_heir {
	const struct cb_shared_tap *shared;
	unsigned index;
};
int cb_share_inherit(void *heir);

#endif
