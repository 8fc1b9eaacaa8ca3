#include "harness/run/validity.h"

#include "harness/run/by_number.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Readings are asked for over a network by a controller that does other things, too. */
#define CLOCK_SLACK_NS   INT64_C(500000000)
#define CLOCK_SLACK_PART 1000
/* NTP slews by 0.5 ms/s at most (adjtimex(2)), and steps when more than 128 ms are to be mended. */
#define CLOCK_SET_NS INT64_C(100000000)

static void blame(struct cb_trial_record *r, enum cb_trial_state state, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Add a reason; the worst state stays, and the reason for it comes first: it may be the only one
 * that is shown. */
static void blame(struct cb_trial_record *r, enum cb_trial_state state, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_insert_new(
		r->reasons, state > r->state ? 0 : json_array_size(r->reasons), json_string(text));
	if (state > r->state)
		r->state = state;
}

/* The link's own counters against the generator's: every offered frame was sent or refused, and
 * nobody else sent. */
static void check_senders(struct cb_trial_record *r, const struct cb_link_readings *l)
{
	const struct cb_generator_book *g = &r->generator.book;
	int64_t refused =
		cb_count_subtract(l->sender_after.tx_dropped, l->sender_before.tx_dropped);
	int64_t sent = cb_count_subtract(l->sender_after.tx_packets, l->sender_before.tx_packets);
	int64_t seen = cb_count_add(sent, refused);

	/* A NIC may send frames of others, or count late: then the path's terms are unknown. */
	if (l->remote && !l->veth_sender)
		return;
	if (seen != CB_UNKNOWN && seen != g->offered)
		blame(r, CB_TRIAL_INVALID,
			"the link counted %lld frames sent and %lld refused, the generator offered "
			"%lld",
			(long long)sent, (long long)refused, (long long)g->offered);
	if (g->refused != CB_UNKNOWN && refused != CB_UNKNOWN && g->refused != refused)
		blame(r, CB_TRIAL_INVALID,
			"the link refused %lld frames, the generator noticed %lld",
			(long long)refused, (long long)g->refused);
}

static void check_link(struct cb_trial_record *r, const struct cb_link_readings *l)
{
	check_senders(r, l);
	if (r->path.link_dropped != CB_UNKNOWN && r->path.link_dropped < 0)
		blame(r, CB_TRIAL_INVALID, "%lld frames arrived that nobody sent on this link",
			(long long)-r->path.link_dropped);
}

/* The first count that the balance of a view lacks; NULL: none. */
static const char *not_told(const struct cb_trial_record *r, const struct cb_view_book *v)
{
	const struct {
		const char *name;
		int64_t count;
	} terms[] = {{"offered", r->generator.book.offered}, {"link_dropped", r->path.link_dropped},
		{"nic_dropped", r->path.nic_dropped}, {"backlog_dropped", r->path.backlog_dropped},
		{"unique", v->unique}, {"damaged", v->damaged}, {"tap_dropped", v->tap_dropped},
		{"unread", v->unread}};

	for (size_t i = 0; i < sizeof(terms) / sizeof(*terms); i++) {
		if (terms[i].count == CB_UNKNOWN)
			return terms[i].name;
	}
	return NULL;
}

/* What the process was to do with the frames it did to a part of them only. */
static void check_load(struct cb_trial_record *r, size_t i)
{
	const struct cb_view_record *v = &r->views[i];
	const char *error = json_string_value(json_object_get(v->load_result, "error"));

	if (error)
		blame(r, CB_TRIAL_INVALID, "%s%sload %.120s failed: %s", v->host,
			*v->host ? ": " : "", v->load, error);
}

static void check_view(struct cb_trial_record *r, size_t i)
{
	const struct cb_view_book *v = &r->views[i].book;
	/* without stamps all frames are foreign, and none can be told from the generator's */
	int64_t slack = r->generator.book.unstamped > 0 ? 0 : cb_ledger_slack(v);

	if (v->unaccounted == CB_UNKNOWN && not_told(r, v))
		blame(r, CB_TRIAL_VALID,
			"whether frames of view %zu are unaccounted for is not known: nobody tells "
			"%s",
			i, not_told(r, v));
	if (v->unaccounted == CB_UNKNOWN || slack == CB_UNKNOWN)
		return;
	if (llabs(v->unaccounted) > slack)
		blame(r, CB_TRIAL_INVALID,
			"the books of view %zu don't balance: %lld frames unaccounted for", i,
			(long long)v->unaccounted);
}

static void check_evidence(struct cb_trial_record *r, const struct cb_link_readings *l)
{
	const struct cb_evidence_record *e = &r->evidence;

	if (!isnan(e->steal_share) && e->steal_share > CB_STEAL_LIMIT)
		blame(r, CB_TRIAL_INVALID,
			"%.1f %% of a CPU's time was stolen from this virtual machine",
			100 * e->steal_share);
	if (l->threaded && (e->napi_thread_ns == CB_UNKNOWN || e->napi_thread_ns <= 0))
		blame(r, CB_TRIAL_INVALID, "the NAPI thread did no work: frames took another way");
	if (l->receiver_before.n_cpus != l->receiver_after.n_cpus)
		blame(r, CB_TRIAL_INVALID, "CPUs went on or off line during the trial");
}

/* A host that stood still, or whose clock did, measured something else. */
void cb_trial_judge_clock(struct cb_trial_record *r, const char *host,
	const struct cb_counters *before, const struct cb_counters *after, int64_t here_ns)
{
	int64_t there_ns = after->time_ns - before->time_ns;
	int64_t real_ns = after->real_ns - before->real_ns;

	if (llabs(there_ns - here_ns) > CLOCK_SLACK_NS + here_ns / CLOCK_SLACK_PART)
		blame(r, CB_TRIAL_INVALID,
			"%s: %lld ms passed on its clock, and %lld ms on the controller's: one of "
			"them stood still",
			host, (long long)(there_ns / 1000000), (long long)(here_ns / 1000000));
	if (llabs(real_ns - there_ns) > CLOCK_SET_NS)
		blame(r, CB_TRIAL_INVALID, "%s: its clock was set, by %lld ms", host,
			(long long)((real_ns - there_ns) / 1000000));
}

void cb_trial_judge_begin(struct cb_trial_record *r)
{
	const struct cb_generator_record *g = &r->generator;

	r->state = CB_TRIAL_VALID;
	if (g->book.offered <= 0)
		blame(r, CB_TRIAL_INVALID, "no frame was offered");
	if (g->book.intended != CB_UNKNOWN && g->unoffered != CB_UNKNOWN && g->book.intended > 0 &&
		(double)g->unoffered > CB_UNOFFERED_LIMIT * (double)g->book.intended)
		blame(r, CB_TRIAL_GENERATOR_LIMITED,
			"the generator offered %.2f %% less than was asked for",
			100.0 * (double)g->unoffered / (double)g->book.intended);
}

/* Of what reached the view's tap, and of what is known to be lost before it. */
static void settle_by_itself(struct cb_view_book *v, const struct cb_path_book *path)
{
	int64_t all = cb_count_add(cb_count_add(v->received, v->tap_dropped), v->unread);

	all = cb_count_add(all, cb_count_add(path->nic_dropped, path->backlog_dropped));
	v->unaccounted = CB_UNKNOWN;
	v->captured_share =
		all == CB_UNKNOWN || all <= 0 ? (double)NAN : (double)v->received / (double)all;
}

void cb_trial_judge_sensor(struct cb_trial_record *r, const struct cb_link_readings *l,
	const struct cb_sensor_part *part)
{
	/* What it is judged by stands in the record meanwhile. */
	r->path = *part->path;
	r->evidence = *part->evidence;
	for (size_t i = part->first_view; i < part->first_view + part->n_views; i++) {
		cb_view_by_number(&r->views[i].book, r, l);
		cb_ledger_settle(&r->generator.book, &r->path, &r->views[i].book);
		if (l->alone)
			settle_by_itself(&r->views[i].book, &r->path);
	}
	check_link(r, l);
	for (size_t i = part->first_view; i < part->first_view + part->n_views; i++) {
		check_load(r, i);
		check_view(r, i);
	}
	check_evidence(r, l);
}

void cb_trial_judge(struct cb_trial_record *r, const struct cb_link_readings *l)
{
	const struct cb_path_book path = r->path;
	const struct cb_evidence_record evidence = r->evidence;

	cb_trial_judge_begin(r);
	cb_trial_judge_sensor(r, l, &(struct cb_sensor_part){&path, &evidence, 0, r->n_views});
}
