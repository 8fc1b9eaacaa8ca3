#include "harness/book/joined.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PART(name) offsetof(struct cb_generator_record, name)

static const size_t generated[] = {PART(book.intended), PART(book.offered), PART(book.refused),
	PART(book.window_offered), PART(book.unstamped), PART(unoffered), PART(syscalls),
	PART(batches), PART(rebased), PART(cpu_ns), PART(softirq_ns), PART(context_switches),
	PART(connections), PART(connections_complete), PART(peer_received)};

/* Of these the worst tells for all. */
static const size_t worst[] = {PART(elapsed_ns), PART(window_elapsed_ns), PART(lateness_max_ns),
	PART(lateness_p99_ns), PART(gap_max_ns), PART(longest_train)};

static int join_streams(struct cb_generator_record *into, const struct cb_generator_record *part)
{
	struct cb_stream_record *streams =
		realloc(into->streams, (into->n_streams + part->n_streams + 1) * sizeof(*streams));

	if (!streams)
		return CB_ERR_INTERNAL;
	into->streams = streams;
	for (size_t i = 0; i < part->n_streams; i++)
		streams[into->n_streams++] = part->streams[i];
	return 0;
}

int cb_generator_record_join(
	struct cb_generator_record *into, const struct cb_generator_record *part)
{
	for (size_t i = 0; i < sizeof(generated) / sizeof(*generated); i++) {
		int64_t *to = (int64_t *)((char *)into + generated[i]);

		*to = cb_count_add(*to, *(const int64_t *)((const char *)part + generated[i]));
	}
	for (size_t i = 0; i < sizeof(worst) / sizeof(*worst); i++) {
		int64_t *to = (int64_t *)((char *)into + worst[i]);
		int64_t other = *(const int64_t *)((const char *)part + worst[i]);

		*to = other == CB_UNKNOWN || *to > other ? *to : other;
	}
	into->offered_pps += part->offered_pps;
	into->intended_pps += part->intended_pps;
	if (!(fabs(into->drift_ppm) >= fabs(part->drift_ppm)))
		into->drift_ppm = part->drift_ppm;
	for (int i = 0; i < CB_GAP_BOUNDS; i++)
		into->gap_within_share[i] = (double)NAN;
	into->back_to_back_share = into->sizes_chi_square = (double)NAN;
	into->gap_p50_ns = into->gap_p99_ns = CB_UNKNOWN;
	if (cb_series_join(&into->series, &part->series))
		return CB_ERR_INTERNAL;
	return join_streams(into, part);
}

#define FIELD(name) offsetof(struct cb_view_record, name)

/* What adds up over the members of a group. */
static const size_t summed[] = {
	FIELD(book.received),
	FIELD(book.unique),
	FIELD(book.reordered),
	FIELD(book.duplicate),
	FIELD(book.damaged),
	FIELD(book.foreign),
	FIELD(book.tap_dropped),
	FIELD(book.unread),
	FIELD(book.window_unique),
	FIELD(cpu_ns),
	FIELD(cpu_user_ns),
	FIELD(cpu_system_ns),
	FIELD(softirq_ns),
	FIELD(wakeups),
	FIELD(idle_wakeups),
	FIELD(syscalls),
	FIELD(wait_syscalls),
	FIELD(wait_polls),
	FIELD(wait_sleeps),
	FIELD(wait_yields),
	FIELD(blocked_ns),
	FIELD(batches),
	FIELD(context_switches_voluntary),
	FIELD(context_switches_involuntary),
	FIELD(buffer_frames),
	FIELD(bytes),
	FIELD(truncated),
};

int cb_view_record_join(struct cb_view_record *into, const struct cb_view_record *member)
{
	for (size_t i = 0; i < sizeof(summed) / sizeof(summed[0]); i++) {
		int64_t *to = (int64_t *)((char *)into + summed[i]);

		*to = cb_count_add(*to, *(const int64_t *)((const char *)member + summed[i]));
	}
	if (member->elapsed_ns > into->elapsed_ns)
		into->elapsed_ns = member->elapsed_ns;
	if (member->run_delay_ns > into->run_delay_ns)
		into->run_delay_ns = member->run_delay_ns;
	if (member->cpu != into->cpu)
		into->cpu = CB_UNKNOWN;
	into->sequence_gaps = CB_UNKNOWN;
	return cb_series_join(&into->series, &member->series);
}

int cb_views_join_groups(struct cb_view_record *views, size_t *n)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < *n; i++) {
		struct cb_view_record view = views[i];
		size_t k = 0;

		while (k < kept && (view.group == CB_UNKNOWN || views[k].group != view.group))
			k++;
		if (k == kept) {
			views[kept++] = view;
			continue;
		}
		if (cb_view_record_join(&views[k], &view))
			r = CB_ERR_INTERNAL;
		cb_view_record_finish(&view);
	}
	*n = kept;
	return r;
}
