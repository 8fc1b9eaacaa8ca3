/*
 * One capture process: its job (an option table shared by the `capture` verb
 * and by the agent that starts it), and the loop that carries it out.
 */
#ifndef CB_CAPTURERS_CAPTURE_H
#define CB_CAPTURERS_CAPTURE_H

#include "capturers/capturer.h"
#include "harness/book/measured.h"

#include <signal.h>

#define CB_MEMBER_TEXT   256
#define CB_EXTERNAL_TEXT 2048
#define CB_FILTER_TEXT   1024
#define CB_SHARED_TEXT   96

struct cb_capture_job {
	char interface[16];
	char filter[CB_FILTER_TEXT]; /* pcap expression, "": everything */
	char mechanism[CB_MEMBER_TEXT], wait[CB_MEMBER_TEXT], load[CB_MEMBER_TEXT];
	char external[CB_EXTERNAL_TEXT]; /* a program in their place (external.h), "none": none */
	int64_t duration_ns;             /* 0: until a signal */
	int64_t cpu;                     /* -1: not pinned */
	int64_t snaplen, buffer, frame_size; /* frame_size: expected, with FCS, 0: not known */
	int64_t key;                         /* the run's stamp key, 32 bits */
	int64_t stamp_offset; /* bytes from the start of the frame; 42 for Ethernet/IPv4/UDP */
	int stamps;           /* enum cb_stamps */
	int64_t window_from;  /* of pktgen's stamps: the window's first sequence number */
	int64_t drain_ns;     /* how long the buffers may be emptied after the stop */
	bool promiscuous;
	char shared_tap[CB_SHARED_TEXT]; /* the process's part of a shared tap (share.h), "": none;
					    not an option of the user's */
};

extern const struct cb_option cb_capture_options[]; /* over struct cb_capture_job */

/* Where the job taps (not its share). CB_ERR_USAGE when there is no such interface. */
int cb_capture_tap(struct cb_tap *tap, const struct cb_capture_job *job, struct cb_error *err);

/*
 * Run until `*stop` becomes nonzero or the duration has passed, then drain, detach, settle and fill
 * `record` (initialised by the caller). `ready` (may be NULL) is called once when the tap is up;
 * nonzero ends the job. `*stop` is set by a signal handler of the caller's: every wait ends on a
 * signal or within 50 ms. CB_ERR_IMPOSSIBLE: the mechanism can't run here, or the interface is
 * down; CB_ERR_USAGE: the job can't be done as it is written; CB_ERR_INTERRUPTED: `ready` said no.
 * With job->cpu the calling thread stays pinned. Blocks.
 */
int cb_capture_run(const struct cb_capture_job *job, volatile sig_atomic_t *stop,
	int (*ready)(void *arg), void *ready_arg, struct cb_view_record *record,
	struct cb_error *err);

#endif
