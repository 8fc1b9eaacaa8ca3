#include "harness/book/joined.h"

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
