/*
 * One generator process: its job (an option table shared by the `generate`
 * verb and by the agent that starts it), and the loop that carries it out.
 */
#ifndef CB_GENERATORS_GENERATE_H
#define CB_GENERATORS_GENERATE_H

#include "generators/generator.h"
#include "harness/book/measured.h"

#include <signal.h>

struct cb_generate_job {
	char interface[16];
	char transmitter[256]; /* a member of cb_transmitter_axis, or "auto" */
	int64_t frame_size;    /* RFC 2544: with FCS */
	char arrival[256];     /* a member of cb_arrival_axis */
	char sizes[256];       /* a member of cb_sizes_axis; fixed: frame_size */
	char payload[256];     /* a member of cb_payload_axis */
	char frame[256];       /* a member of cb_headers_axis */
	int64_t flows;
	int flow_order, flow_field; /* enum cb_flow_order, enum cb_flow_field */
	char rate[48];              /* harness/base/rate.h */
	int64_t count;              /* stop after so many frames of the window; 0: no limit */
	int64_t duration_ns;        /* of the measurement window; 0: until count or a signal */
	int64_t warmup_ns;          /* before the window, at the same rate */
	int64_t catch_up_ns;        /* a stall longer than this re-bases the schedule: its slots are
				       unoffered */
	int64_t threads;            /* generators that add up to one, each a stream of its own */
	char cpus[256];             /* cores of the threads, in turn: "0,1"; "-1": not pinned */
	int64_t key, stream; /* stream: of the first thread; the others have those after it */
	int64_t part, parts; /* of `parts` such jobs that send together, on other hosts, this is
				number `part`: it has every parts-th slot. parts 1: it is alone */
	uint64_t start_ns;   /* CLOCK_MONOTONIC of slot 0; 0: at once. May be set by `ready` */
	char destination_mac[18],
		source_mac[18]; /* "": broadcast-free default / the interface's own */
	char destination_ip[16], source_ip[16];
	int64_t destination_port, source_port;
};

extern const struct cb_option cb_generate_options[]; /* over struct cb_generate_job */

/*
 * Open the transmitter, call `ready` (may be NULL; nonzero ends the job; this is where a process
 * under an agent waits for "go"), then send warm-up and window on one absolute schedule, and fill
 * `record` (initialised by the caller; send.h says what its figures mean). A nonzero `*stop` ends
 * it early, cleanly. With job->cpus the calling thread stays pinned. Blocks. CB_ERR_USAGE: the
 * job is wrong; CB_ERR_IMPOSSIBLE: the transmitter can't run here; CB_ERR_HOST: the interface is
 * down or failed, or `ready` called the start off; CB_ERR_INTERRUPTED: `*stop` was set while
 * `ready` waited.
 */
int cb_generate_run(const struct cb_generate_job *job, volatile sig_atomic_t *stop,
	int (*ready)(void *arg), void *ready_arg, struct cb_generator_record *record,
	struct cb_error *err);

#endif
