#include "harness/book/measured.h"

#include <math.h>
#include <stdlib.h>

#define SERIES_FIRST 64

int cb_series_add(struct cb_series *s, int64_t frames)
{
	size_t capacity = s->capacity ? 2 * s->capacity : SERIES_FIRST;
	int64_t *grown;

	if (s->n == s->capacity) {
		grown = reallocarray(s->frames, capacity, sizeof(*grown));
		if (!grown)
			return CB_ERR_INTERNAL;
		s->frames = grown;
		s->capacity = capacity;
	}
	s->frames[s->n++] = frames;
	return 0;
}

int cb_series_join(struct cb_series *into, const struct cb_series *from)
{
	for (size_t i = 0; i < from->n; i++) {
		if (i < into->n)
			into->frames[i] += from->frames[i];
		else if (cb_series_add(into, from->frames[i]))
			return CB_ERR_INTERNAL;
	}
	return 0;
}

void cb_series_finish(struct cb_series *s)
{
	free(s->frames);
	*s = (struct cb_series){0};
}

static const struct cb_generator_book no_book = {.intended = CB_UNKNOWN,
	.offered = CB_UNKNOWN,
	.refused = CB_UNKNOWN,
	.window_offered = CB_UNKNOWN,
	.unstamped = CB_UNKNOWN};

void cb_stream_record_init(struct cb_stream_record *r)
{
	*r = (struct cb_stream_record){
		.book = no_book,
		.unoffered = CB_UNKNOWN,
		.stream = CB_UNKNOWN,
		.cpu = CB_UNKNOWN,
		.offered_pps = (double)NAN,
		.lateness_max_ns = CB_UNKNOWN,
		.syscalls = CB_UNKNOWN,
		.cpu_ns = CB_UNKNOWN,
	};
}

void cb_generator_record_init(struct cb_generator_record *r)
{
	*r = (struct cb_generator_record){
		.book = no_book,
		.unoffered = CB_UNKNOWN,
		.started_ns = CB_UNKNOWN,
		.start_skew_ns = CB_UNKNOWN,
		.start_skew_error_ns = CB_UNKNOWN,
		.elapsed_ns = CB_UNKNOWN,
		.window_elapsed_ns = CB_UNKNOWN,
		.offered_pps = (double)NAN,
		.intended_pps = (double)NAN,
		.frame_size = CB_UNKNOWN,
		.sizes_chi_square = (double)NAN,
		.flows = CB_UNKNOWN,
		.file_truncated = CB_UNKNOWN,
		.file_oversized = CB_UNKNOWN,
		.connections = CB_UNKNOWN,
		.connections_complete = CB_UNKNOWN,
		.peer_received = CB_UNKNOWN,
		.file_runts = CB_UNKNOWN,
		.syscalls = CB_UNKNOWN,
		.batches = CB_UNKNOWN,
		.rebased = CB_UNKNOWN,
		.lateness_max_ns = CB_UNKNOWN,
		.lateness_p99_ns = CB_UNKNOWN,
		.gap_within_share = {(double)NAN, (double)NAN, (double)NAN, (double)NAN,
			(double)NAN},
		.gap_p50_ns = CB_UNKNOWN,
		.gap_p99_ns = CB_UNKNOWN,
		.gap_max_ns = CB_UNKNOWN,
		.back_to_back_share = (double)NAN,
		.longest_train = CB_UNKNOWN,
		.drift_ppm = (double)NAN,
		.cpu_ns = CB_UNKNOWN,
		.softirq_ns = CB_UNKNOWN,
		.context_switches = CB_UNKNOWN,
	};
}

void cb_view_record_init(struct cb_view_record *r)
{
	*r = (struct cb_view_record){
		.book = {.received = CB_UNKNOWN,
			.unique = CB_UNKNOWN,
			.reordered = CB_UNKNOWN,
			.duplicate = CB_UNKNOWN,
			.damaged = CB_UNKNOWN,
			.foreign = CB_UNKNOWN,
			.tap_dropped = CB_UNKNOWN,
			.unread = CB_UNKNOWN,
			.window_unique = CB_UNKNOWN,
			.unaccounted = CB_UNKNOWN,
			.captured_share = (double)NAN},
		.sequence_gaps = CB_UNKNOWN,
		.elapsed_ns = CB_UNKNOWN,
		.cpu_ns = CB_UNKNOWN,
		.cpu_user_ns = CB_UNKNOWN,
		.cpu_system_ns = CB_UNKNOWN,
		.softirq_ns = CB_UNKNOWN,
		.wakeups = CB_UNKNOWN,
		.idle_wakeups = CB_UNKNOWN,
		.syscalls = CB_UNKNOWN,
		.wait_syscalls = CB_UNKNOWN,
		.wait_polls = CB_UNKNOWN,
		.wait_sleeps = CB_UNKNOWN,
		.wait_yields = CB_UNKNOWN,
		.blocked_ns = CB_UNKNOWN,
		.batches = CB_UNKNOWN,
		.context_switches_voluntary = CB_UNKNOWN,
		.context_switches_involuntary = CB_UNKNOWN,
		.run_delay_ns = CB_UNKNOWN,
		.interrupted_ns = CB_UNKNOWN,
		.buffer_frames = CB_UNKNOWN,
		.bytes = CB_UNKNOWN,
		.truncated = CB_UNKNOWN,
		.cpu = CB_UNKNOWN,
		.group = CB_UNKNOWN,
	};
}

void cb_evidence_record_init(struct cb_evidence_record *r)
{
	*r = (struct cb_evidence_record){
		.receive_softirq_ns = CB_UNKNOWN,
		.napi_thread_ns = CB_UNKNOWN,
		.softnet_processed = CB_UNKNOWN,
		.softnet_dropped = CB_UNKNOWN,
		.softnet_squeezed = CB_UNKNOWN,
		.softnet_rps = CB_UNKNOWN,
		.interrupts = CB_UNKNOWN,
		.steal_ns = CB_UNKNOWN,
		.steal_share = (double)NAN,
		.elapsed_ns = CB_UNKNOWN,
	};
}

void cb_generator_record_finish(struct cb_generator_record *r)
{
	cb_series_finish(&r->series);
	free(r->streams);
	r->streams = NULL;
	r->n_streams = 0;
}

void cb_view_record_finish(struct cb_view_record *r)
{
	cb_series_finish(&r->series);
	json_decref(r->load_result);
	r->load_result = NULL;
}
