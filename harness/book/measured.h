/*
 * What one generator, one capture process and one host measured, as plain
 * values. harness/record turns them into JSON and back.
 */
#ifndef CB_HARNESS_BOOK_MEASURED_H
#define CB_HARNESS_BOOK_MEASURED_H

#include "harness/base/error.h"
#include "harness/base/json.h"
#include "harness/book/ledger.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define CB_RECORD_TEXT 256

/* One-second series: frames in [t, t + 1 s), t in ns since the generator's or capturer's start. */
struct cb_series {
	size_t n, capacity;
	int64_t *frames; /* owned */
};
int cb_series_add(struct cb_series *s, int64_t frames); /* 0 or CB_ERR_INTERNAL */
/* Second by second, of series with one start. 0 or CB_ERR_INTERNAL. */
int cb_series_join(struct cb_series *into, const struct cb_series *from);
void cb_series_finish(struct cb_series *s);

/* Gaps between frames are counted within 64, 128, 256, 512 ns and 1 us of what was asked for. */
#define CB_GAP_BOUNDS 5

#define CB_STREAMS_MAX 256 /* as the stamp can tell apart */

/* One of the generators that add up to what a record tells: a sequence space of its own. */
struct cb_stream_record {
	struct cb_generator_book book;
	int64_t unoffered;
	int64_t stream;          /* in the stamps of its frames */
	char host[64];           /* of the test-bed; "": there is one */
	int64_t cpu;             /* core it was pinned to, -1: none */
	double offered_pps;      /* over the window */
	int64_t lateness_max_ns; /* unknown at max */
	int64_t syscalls, cpu_ns;
};

struct cb_generator_record {
	struct cb_generator_book book; /* of all streams together */
	int64_t unoffered;
	int64_t elapsed_ns;        /* first slot to last frame handed over, warm-up included */
	int64_t window_elapsed_ns; /* the same for the measurement window */
	double offered_pps;        /* over the window */
	double intended_pps;       /* NaN at rate max */
	int64_t frame_size; /* RFC 2544: with FCS; of a mix of sizes the mean; unknown: a replayed
			       file */
	double sizes_chi_square; /* of sizes sent against sizes asked for; NaN: one size */
	int64_t flows;           /* that the frames are spread over */
	/* Packets of a replayed file that were cut when captured, or are left out as too long for
	 * the link or shorter than a header; unknown: there is no file. */
	int64_t file_truncated, file_oversized, file_runts;
	/* Of replayed TCP connections: how many ended, and in how many of them everything happened
	 * that was captured; segments that came of the live peer's. Unknown: none are replayed, or
	 * there is no peer. */
	int64_t connections, connections_complete, peer_received;
	int64_t syscalls, batches;
	int64_t rebased; /* stalls after which the schedule was re-based */
	int64_t lateness_max_ns,
		lateness_p99_ns; /* against the ideal schedule, per batch head; unknown at max */
	/* Gaps from frame to frame as they were handed over; a batch's frames count as spread
	 * evenly over the call. Of several streams each has its own gaps, and they are counted
	 * together. Unknown at max. */
	double gap_within_share[CB_GAP_BOUNDS]; /* this close to the schedule's gap */
	int64_t gap_p50_ns, gap_p99_ns, gap_max_ns;
	double back_to_back_share; /* of gaps: shorter than half of the schedule's */
	int64_t longest_train;     /* frames one after the other, back to back */
	double drift_ppm; /* the whole run took this much longer than scheduled; of several streams
			     the one that is farthest off */
	int64_t cpu_ns;   /* CPU time of all threads, as the scheduler charges it */
	int64_t softirq_ns; /* of that, softirq time that only interrupted it; unknown: not measured
			     */
	int64_t context_switches;
	int64_t started_ns; /* when it began to send, by CLOCK_MONOTONIC of its host */
	/* Between the first and the last of several hosts to begin, by the controller's clock; and
	 * how far that may be off. Unknown: there is one. */
	int64_t start_skew_ns, start_skew_error_ns;
	char transmitter[CB_RECORD_TEXT];
	char transmitter_why[CB_RECORD_TEXT];  /* "auto" chose it, because; "": it was named */
	char transmitter_note[CB_RECORD_TEXT]; /* how it keeps the rate, in its own terms; "":
						  nothing to say */
	char arrival[CB_RECORD_TEXT], sizes[CB_RECORD_TEXT],
		payload[CB_RECORD_TEXT]; /* canonical short forms */
	char frame[CB_RECORD_TEXT];      /* the same: its headers */
	struct cb_series series;
	struct cb_stream_record *streams; /* owned; none in records of older versions */
	size_t n_streams;
};

struct cb_view_record {
	struct cb_view_book book;
	int64_t sequence_gaps; /* missing sequence numbers between the first and the last seen */
	int64_t elapsed_ns;    /* ready to tap down */
	int64_t cpu_ns; /* of the process, set-up left out; interrupting softirqs taken off when
			   softirq_ns is known */
	int64_t cpu_user_ns, cpu_system_ns; /* as getrusage splits it; softirqs included */
	int64_t softirq_ns; /* softirq time that interrupted the process, already taken off cpu_ns;
			       unknown: not measured, cpu_ns is then unknown too unless the kernel
			       accounts interrupts apart */
	int64_t wakeups;    /* returns from blocking with frames ready */
	int64_t idle_wakeups;  /* returns from blocking with nothing ready (time-outs) */
	int64_t syscalls;      /* made on the frame path: by the wait and by the mechanism */
	int64_t wait_syscalls; /* of these, by the wait */
	/* of these, by kind: poll(2) and its like, clock_nanosleep(2), sched_yield(2); what is left
	 * receives too, or asks for an error */
	int64_t wait_polls, wait_sleeps, wait_yields;
	int64_t blocked_ns; /* spent inside the wait */
	int64_t batches;    /* non-empty receive calls of the mechanism */
	int64_t context_switches_voluntary, context_switches_involuntary;
	int64_t run_delay_ns;   /* the capture thread was ready to run, and others had its core (the
				   scheduler's word); of joined ones the longest */
	int64_t interrupted_ns; /* it did not have its core though nobody else of the trial shares
				   that one; unknown: by the layout somebody does */
	int64_t buffer_frames;  /* what the tap's buffer holds of this traffic's frames */
	int64_t bytes;          /* captured bytes handed to the load */
	int64_t truncated;      /* frames cut at snaplen */
	int64_t cpu;            /* core it was pinned to, -1: none */
	int64_t group; /* views with one number share the frames: together they are one view of
			  the ledger; unknown: a view of its own */
	char mechanism[CB_RECORD_TEXT], wait[CB_RECORD_TEXT], load[CB_RECORD_TEXT];
	char host[64];                /* of the test-bed; "": there is one sensor */
	char version[CB_RECORD_TEXT]; /* what really ran behind the mechanism, e.g. "linux 6.18.44"
				       */
	json_t *load_result;          /* what the load has to tell (object), NULL: nothing; owned */
	struct cb_series series;
};

/* What explains the books: from the hosts' counters, before and after. */
struct cb_evidence_record {
	int64_t receive_softirq_ns; /* NET_RX softirq time on the sensor host, all CPUs; unknown:
				       not measured */
	int64_t napi_thread_ns;     /* CPU time of the threaded NAPI's kernel threads; unknown: not
				       threaded */
	int64_t softnet_processed, softnet_dropped, softnet_squeezed, softnet_rps;
	int64_t interrupts; /* of devices, on all CPUs of the sensor host */
	int64_t steal_ns;   /* stolen from all CPUs of the sensor host during the attempt */
	double steal_share; /* of the attempt's time on one CPU's worth, worst CPU; NaN: not known
			     */
	int64_t elapsed_ns; /* between the two readings */
};

/* Every count unknown, texts empty. */
void cb_generator_record_init(struct cb_generator_record *r);
void cb_stream_record_init(struct cb_stream_record *r);
void cb_view_record_init(struct cb_view_record *r);
void cb_evidence_record_init(struct cb_evidence_record *r);
void cb_generator_record_finish(struct cb_generator_record *r);
void cb_view_record_finish(struct cb_view_record *r);

#endif
