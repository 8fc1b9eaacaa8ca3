#include "harness/run/validity.h"

#include "harness/run/by_number.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void blame(struct cb_trial_record *r, enum cb_trial_state state, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Add a reason; the worst state stays. */
static void blame(struct cb_trial_record *r, enum cb_trial_state state, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(r->reasons, json_string(text));
	if (state > r->state)
		r->state = state;
}

/* What a counter that not every driver has has gained. */
static int64_t gained(int64_t before, int64_t after)
{
	return after == CB_UNKNOWN ? 0 : cb_count_subtract(after, before);
}

static int64_t behind_the_ring(const struct cb_link_readings *l)
{
	const struct cb_counters *a = &l->receiver_before, *b = &l->receiver_after;
	int64_t dropped = cb_count_subtract(b->rx_dropped, a->rx_dropped);

	dropped = cb_count_subtract(dropped, gained(a->nic_ring_dropped, b->nic_ring_dropped));
	return cb_count_subtract(
		dropped, gained(l->sender_before.xdp_refused, l->sender_after.xdp_refused));
}

void cb_path_settle(struct cb_path_book *path, const struct cb_link_readings *l)
{
	int64_t refused =
		cb_count_subtract(l->sender_after.tx_dropped, l->sender_before.tx_dropped);
	int64_t sent = cb_count_subtract(l->sender_after.tx_packets, l->sender_before.tx_packets);
	int64_t arrived =
		cb_count_subtract(l->receiver_after.rx_packets, l->receiver_before.rx_packets);

	path->link_dropped = cb_count_subtract(sent, arrived);
	path->nic_dropped = 0;
	path->backlog_dropped = refused;
	if (l->threaded || l->napi) {
		path->nic_dropped = refused;
		path->backlog_dropped = behind_the_ring(l);
	}
}

/* The link's own counters against the generator's: every offered frame was sent or refused, and
 * nobody else sent. */
static void check_link(struct cb_trial_record *r, const struct cb_link_readings *l)
{
	const struct cb_generator_book *g = &r->generator.book;
	int64_t refused =
		cb_count_subtract(l->sender_after.tx_dropped, l->sender_before.tx_dropped);
	int64_t sent = cb_count_subtract(l->sender_after.tx_packets, l->sender_before.tx_packets);
	int64_t seen = cb_count_add(sent, refused);

	if (seen != CB_UNKNOWN && seen != g->offered)
		blame(r, CB_TRIAL_INVALID,
			"the link counted %lld frames sent and %lld refused, the generator offered "
			"%lld",
			(long long)sent, (long long)refused, (long long)g->offered);
	if (g->refused != CB_UNKNOWN && refused != CB_UNKNOWN && g->refused != refused)
		blame(r, CB_TRIAL_INVALID,
			"the link refused %lld frames, the generator noticed %lld",
			(long long)refused, (long long)g->refused);
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

void cb_trial_judge(struct cb_trial_record *r, const struct cb_link_readings *l)
{
	const struct cb_generator_record *g = &r->generator;

	r->state = CB_TRIAL_VALID;
	for (size_t i = 0; i < r->n_views; i++) {
		cb_view_by_number(&r->views[i].book, r, l);
		cb_ledger_settle(&g->book, &r->path, &r->views[i].book);
	}
	if (g->book.offered <= 0)
		blame(r, CB_TRIAL_INVALID, "no frame was offered");
	if (g->book.intended != CB_UNKNOWN && g->unoffered != CB_UNKNOWN && g->book.intended > 0 &&
		(double)g->unoffered > CB_UNOFFERED_LIMIT * (double)g->book.intended)
		blame(r, CB_TRIAL_GENERATOR_LIMITED,
			"the generator offered %.2f %% less than was asked for",
			100.0 * (double)g->unoffered / (double)g->book.intended);
	check_link(r, l);
	for (size_t i = 0; i < r->n_views; i++)
		check_view(r, i);
	check_evidence(r, l);
}
