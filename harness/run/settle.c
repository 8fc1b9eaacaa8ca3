/* The phases after the last frame was sent. */
#include "harness/base/clock.h"
#include "harness/base/text.h"
#include "harness/book/joined.h"
#include "harness/run/attempt.h"
#include "harness/run/interrupted.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STOP_NS  (10 * CB_NS_PER_SEC)
#define QUIET_NS (2 * CB_NS_PER_SEC)

static json_t *quiet_args(const struct cb_attempt *a, size_t i)
{
	return json_pack("{s:s, s:I}", "interface", a->sensors[i].end->interface, "timeout_ns",
		(json_int_t)QUIET_NS);
}

static int wait_quiet(struct cb_attempt *a, struct cb_error *err)
{
	return cb_attempt_ask_sensors(a, "quiet", quiet_args, NULL, QUIET_NS + CB_NS_PER_SEC, err);
}

/* What all generators together saw of the link. */
static void add_senders(const struct cb_attempt *a, struct cb_link_readings *l)
{
	if (!a->n_generators)
		return;
	l->sender_before = a->generators[0].before;
	l->sender_after = a->generators[0].after;
	for (size_t i = 1; i < a->n_generators; i++) {
		cb_counters_add_link(&l->sender_before, &a->generators[i].before);
		cb_counters_add_link(&l->sender_after, &a->generators[i].after);
	}
}

static bool is_under_way(struct cb_attempt *a)
{
	bool some = false;

	for (size_t i = 0; i < a->n_sensors; i++) {
		add_senders(a, &a->sensors[i].readings);
		some = some || cb_path_is_under_way(&a->sensors[i].readings);
	}
	return some;
}

/* A sensor at which nothing moves may be one that gets no turn (a virtual machine). Where the link
 * counts, it is known what is still to come. */
int cb_attempt_drain(struct cb_attempt *a, struct cb_error *err)
{
	uint64_t deadline = cb_deadline_in(QUIET_NS);
	bool again = false;
	int r;

	/* others go on sending */
	if (!a->n_generators)
		return 0;
	do {
		r = wait_quiet(a, err);
		if (r || !a->sensors[0].readings.wired)
			return r;
		r = cb_attempt_read_counters(a, true, err);
		again = !r && is_under_way(a) && cb_now_ns() < deadline;
	} while (again);
	return r;
}

static json_t *stop_args(const struct cb_attempt *a, size_t i)
{
	return json_pack("{s:I}", "drain_ns", (json_int_t)a->spec->drain_ns);
}

/* Behind the views that are there. */
static int take_views(struct cb_attempt *a, size_t s, const json_t *views, struct cb_error *err)
{
	struct cb_trial_record *r = a->record;
	size_t first = r->n_views, n = 0, i;
	struct cb_view_record *list =
		realloc(r->views, (first + json_array_size(views) + 1) * sizeof(*list));
	json_t *view;

	if (!list)
		return cb_error_memory(err, "views");
	r->views = list;
	json_array_foreach(views, i, view)
	{
		cb_view_record_init(&list[first + i]);
		r->n_views = first + ++n;
		if (cb_view_record_read(&list[first + i], view, err))
			return cb_error_prepend(err, "%s: view %zu", a->sensors[s].end->name, i);
	}
	if (cb_views_join_groups(list + first, &n))
		return cb_error_memory(err, "views");
	r->n_views = first + n;
	a->sensors[s].first_view = first;
	a->sensors[s].n_views = n;
	for (i = 0; a->t->n_sensors > 1 && i < n; i++)
		cb_text_copy(list[first + i].host, sizeof(list[first + i].host),
			a->sensors[s].end->name);
	return 0;
}

int cb_attempt_stop(struct cb_attempt *a, struct cb_error *err)
{
	json_t *replies[CB_TESTBED_HOSTS_MAX] = {NULL}, *views;
	int r = cb_attempt_ask_sensors(
		a, "capture-stop", stop_args, replies, (uint64_t)a->spec->drain_ns + STOP_NS, err);
	int failed = r;

	for (size_t i = 0; !failed && i < a->n_sensors; i++) {
		if (!r)
			r = cb_json_array(replies[i], "views", &views, err);
		if (!r)
			r = take_views(a, i, views, err);
		json_decref(replies[i]);
	}
	return r;
}

/* Of several sensors each has a path of its own; what is the same on all stands for the trial. */
static void take_path(const struct cb_attempt *a)
{
	struct cb_path_book *all = &a->record->path;

	*all = a->sensors[0].path;
	for (size_t i = 1; i < a->n_sensors; i++) {
		const struct cb_path_book *own = &a->sensors[i].path;

		if (own->link_dropped != all->link_dropped)
			all->link_dropped = CB_UNKNOWN;
		if (own->nic_dropped != all->nic_dropped)
			all->nic_dropped = CB_UNKNOWN;
		if (own->backlog_dropped != all->backlog_dropped)
			all->backlog_dropped = CB_UNKNOWN;
	}
}

static int take_sensors(const struct cb_attempt *a, struct cb_error *err)
{
	struct cb_trial_record *r = a->record;

	if (a->n_sensors == 1) {
		r->evidence = a->sensors[0].evidence;
		return 0;
	}
	r->sensors = calloc(a->n_sensors, sizeof(*r->sensors));
	if (!r->sensors)
		return cb_error_memory(err, "the sensors' books");
	for (size_t i = 0; i < a->n_sensors; i++) {
		struct cb_sensor_record *s = &r->sensors[r->n_sensors++];

		cb_text_copy(s->host, sizeof(s->host), a->sensors[i].end->name);
		s->path = a->sensors[i].path;
		s->evidence = a->sensors[i].evidence;
	}
	return 0;
}

static void settle_sensor(
	const struct cb_attempt *a, struct cb_attempt_sensor *s, int64_t net_rx_ns)
{
	struct cb_link_readings *l = &s->readings;

	add_senders(a, l);
	cb_evidence_record_init(&s->evidence);
	cb_counters_evidence(&l->receiver_before, &l->receiver_after, &s->evidence);
	s->evidence.receive_softirq_ns = cb_count_subtract(net_rx_ns, s->net_rx_before);
	cb_path_settle(&s->path, l);
}

/* On one machine there is nothing to compare. */
static void judge_clocks(const struct cb_attempt *a)
{
	if (a->t->shape.shared)
		return;
	for (size_t i = 0; i < a->n_generators; i++) {
		const struct cb_attempt_generator *g = &a->generators[i];

		cb_trial_judge_clock(a->record, g->end->name, &g->before, &g->after,
			(int64_t)(g->asked_after_ns - g->asked_before_ns));
	}
	for (size_t i = 0; i < a->n_sensors; i++) {
		const struct cb_attempt_sensor *s = &a->sensors[i];

		cb_trial_judge_clock(a->record, s->end->name, &s->readings.receiver_before,
			&s->readings.receiver_after,
			(int64_t)(s->asked_after_ns - s->asked_before_ns));
	}
}

/* What others sent, by the sensor's own counters. */
static void take_traffic(struct cb_attempt *a)
{
	struct cb_generator_record *g = a->generator;
	const struct cb_link_readings *l = &a->sensors[0].readings;
	int64_t ns = l->receiver_after.time_ns - l->receiver_before.time_ns;

	if (a->n_generators)
		return;
	g->book.offered = g->book.unstamped = cb_path_came(l);
	g->offered_pps = g->book.offered == CB_UNKNOWN || ns <= 0
		? (double)NAN
		: (double)g->book.offered * (double)CB_NS_PER_SEC / (double)ns;
}

int cb_attempt_after(struct cb_attempt *a, struct cb_error *err)
{
	int64_t net_rx_ns[CB_TESTBED_HOSTS_MAX];
	int r = cb_attempt_read_counters(a, true, err);

	for (size_t i = 0; i < CB_TESTBED_HOSTS_MAX; i++)
		net_rx_ns[i] = CB_UNKNOWN;
	if (!r && a->measure)
		r = cb_attempt_read_softirq(a, net_rx_ns, err);
	if (r)
		return r;
	/* softirqs that interrupted the generator are the receive path's */
	a->generator->softirq_ns = a->measure ? a->sensors[0].generator_softirq_ns : CB_UNKNOWN;
	take_traffic(a);
	cb_trial_judge_begin(a->record);
	for (size_t i = 0; i < a->n_sensors; i++) {
		struct cb_attempt_sensor *s = &a->sensors[i];

		settle_sensor(a, s, net_rx_ns[i]);
		cb_trial_judge_sensor(a->record, &s->readings,
			&(struct cb_sensor_part){
				&s->path, &s->evidence, s->first_view, s->n_views});
	}
	judge_clocks(a);
	cb_trial_interrupted(a->record, a->layout, &a->t->shape);
	take_path(a);
	return take_sensors(a, err);
}
